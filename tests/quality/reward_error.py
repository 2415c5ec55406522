"""What the cards of exports say of the reward's error, measured on the data in this repository.

    python -m tests.quality.reward_error            # print it
    python -m tests.quality.reward_error --write    # and keep it where the cards take it from

A test measures again and compares, so a change of the reward that moves a figure has to be written here.
"""

import argparse
from collections.abc import Iterator

from tests.places import ROOT
from tests.quality import judged, rewards
from tests.quality.cases import HELD_OUT, TUNE, Area, figure, score

PAGE = ROOT / "beam_pipeline" / "export" / "reward_error.md"
ABOUT = """\
How often the reward by rules, without a judge, agrees with the label of a response. In brackets are how many responses there
were, and the 95% intervals. "Unsure" is what the rules cannot tell: it is not paid, and a judge may be asked about it. Rules
were written with the first four rows of the table in sight, so they may do worse on other responses."""
HEADER = "| responses | of the right, paid | of the paid, right | agreement | unsure |"
ROWS = (
    "short answers to Natural Questions, judged by people",
    "answers of chat models to Natural Questions, judged by people",
    "hard mathematics in a box, typed as expressions",
    "the same without a type",
)


def text() -> str:
    """The statement, the table, and how many hacks are paid, as Markdown."""
    hacks = rewards.hack_patterns().cases
    paid = sum(case.found for case in hacks)
    closing = f"Responses that try to be paid without the answer: {paid} of {len(hacks)} are paid."
    return "\n".join([ABOUT, "", HEADER, "|---|---|---|---|---|", *_rows(), "", closing, ""])


def _rows() -> Iterator[str]:
    for name, measure in zip(ROWS, judged.samples(), strict=True):
        yield _row(name, measure(), TUNE)
    yield _row("responses written for this project, held out", rewards.rewards(), HELD_OUT)
    yield _row("answers in seven other languages, held out", rewards.languages(), HELD_OUT)


def _row(name: str, area: Area, part: str) -> str:
    cases = [case for case in area.cases if case.part == part]
    counts = score(cases).counts
    shares = [figure(*counts[share]) for share in ("recall", "precision", "accuracy")]
    return f"| {' | '.join([f'{name} ({len(cases)})', *shares, f'{rewards.share_unsure(cases):.1%}'])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"keep it in {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    found = text()
    print(found)
    if options.write:
        PAGE.write_text(found, "utf-8")


if __name__ == "__main__":
    main()
