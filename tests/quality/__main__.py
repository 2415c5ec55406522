"""Prints how often each rule is right.

    make quality                                          # every area
    make quality QUALITY_ARGS="leakage checks --failures" # some, with every case that came out wrong

Precision: of what a rule found, how much it should have. Recall: of what it should find, how much it did. In brackets
the 95% interval after Wilson. "tune" is the part of a set that rules may be tuned on, "held out" the part that they are only
measured on. "shut" is a third of what others have judged: it is counted, and never listed.
"""

import argparse
import logging
import warnings
from collections.abc import Callable, Iterator

from tests.quality.cases import HELD_OUT, Area, figure

MAX_SHOWN = 110  # characters of what a failure was about


def areas() -> dict[str, tuple[Callable[[], Area], ...]]:
    """What can be measured, by the name to ask for it."""
    from tests.quality import (
        domains,
        edits,
        judged,
        languages,
        overlap,
        pairs,
        planted_keys,
        questions,
        rephrased,
        rewards,
        screening,
        semantic,
    )

    return {
        "screening": (screening.real_documents, screening.odd_documents),
        "domains": (domains.domains,),
        "leakage": (pairs.leakage, pairs.leakage_near, pairs.leakage_apart),
        "checks": (pairs.checks,),
        "grounding": (pairs.grounding,),
        "answers": (pairs.equal_answers,),
        "reward": (rewards.rewards, rewards.hack_patterns, rewards.languages, *judged.measures()),
        "decontamination": (overlap.contamination, edits.edited_questions, rephrased.rephrased_questions),
        "paraphrases": (semantic.paraphrases, semantic.paraphrases_with_answers, semantic.far_paraphrases),
        "questions": (overlap.repeated_questions,),
        "standing_alone": (questions.time, questions.place, questions.in_context, questions.without_pronoun),
        "doubt": planted_keys.measures(),
        "languages": (languages.grounding, languages.leakage, languages.checks),
    }


HEADER = f"{'':28}{'part':10}{'cases':>6}{'positive':>18}{'precision':>21}{'recall':>21}{'accuracy':>21}"


def table_lines(area: Area) -> Iterator[str]:
    """A line for each part of an area, then its notes."""
    name = area.name
    for part, shown in area.parts.items():
        scores = area.scores(part)
        if not scores.cases:
            continue
        positive = f"{scores.positives} {area.positive}"
        figures = "".join(f"{figure(*counts):>21}" for counts in scores.counts.values())
        yield f"{name:28}{shown:10}{scores.cases:>6}{positive:>18}{figures}"
        name = ""
    if not area.cases:
        yield f"{name:28}not measured"
    yield from (f"    {note}" for note in area.notes)


def failure_lines(area: Area) -> Iterator[str]:
    """A line for each case that came out wrong."""
    for case in area.cases:
        if not case.right and not (area.silent and case.part == HELD_OUT):
            wanted = "" if case.expected else "not "
            shown = " ".join(case.shown.split())[:MAX_SHOWN]
            label = f"{case.id} ({case.kind}, {area.parts[case.part]})"
            yield f"    {label}: should be {wanted}{area.positive}; said: {case.said}\n        {shown}"


def main() -> None:
    known = areas()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("areas", nargs="*", help=f"some of {', '.join(known)}; without any, all of them")
    parser.add_argument("--failures", action="store_true", help="list every case that came out wrong")
    options = parser.parse_args()
    if unknown := set(options.areas) - set(known):
        parser.error(f"no area {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    logging.disable(logging.WARNING)  # what the runner has to say about itself
    warnings.simplefilter("ignore")
    print(HEADER)
    for name in options.areas or known:
        for measure in known[name]:
            area = measure()
            print(*table_lines(area), sep="\n")
            if options.failures:
                print(*failure_lines(area), sep="\n")


if __name__ == "__main__":
    main()
