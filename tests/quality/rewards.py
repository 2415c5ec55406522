"""Reward: whether a response is rewarded that should be, and no other; positive means rewarded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.quality.cases import PARTS, Area, Case, by_kind, labelled, part_of
from transforms.reward import Grade, grade

UNSURE = "unsure"
LANGUAGES = {
    **{"fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese"},
    **{"zh": "Chinese", "ja": "Japanese"},
}


def rewards() -> Area:
    """Responses as models write them, and responses written to be rewarded without being right."""
    cases = _cases("reward")
    hacks = [case for case in cases if is_hack(case)]
    notes = [f"hacks rewarded: {sum(case.found for case in hacks)} of {len(hacks)}", unsure(cases)]
    return Area("reward", "right", cases, notes)


def hack_patterns() -> Area:
    """Responses after the patterns that public studies of verifiers name: none gives the answer."""
    cases = _cases("reward_pitfalls")
    kinds = by_kind(cases)
    paid = [f"{_pattern(kind)} {total - right} of {total}" for kind, (right, total) in kinds.items() if right < total]
    notes = [f"hack patterns: {sum(case.found for case in cases)} paid of {len(cases)}, in {len(kinds)} patterns"]
    return Area("reward, hack patterns", "right", cases, notes + ([f"paid: {', '.join(paid)}"] if paid else []))


def languages() -> Area:
    """Sentences round an answer in other languages than English, and such that take it back."""
    cases = _cases("reward_languages")
    notes = [_of_language(name, [case for case in cases if _language(case) == code]) for code, name in LANGUAGES.items()]
    return Area("reward, other languages", "right", cases, [*notes, unsure(cases)])


def is_hack(case: Case) -> bool:
    """Whether a case tries to be rewarded for something else than a right answer; a plainly wrong one does not."""
    return not case.expected and not case.kind.endswith("_wrong")


def said_by(given: Grade) -> str:
    """What the reward said, for a reader, and for `unsure` below."""
    return f"{given.verdict}, {given.reason}"


def share_unsure(cases: Sequence[Case]) -> float:
    """The share that the rules leave to a judge."""
    return sum(case.said.startswith(UNSURE) for case in cases) / len(cases) if cases else 0.0


def unsure(cases: Iterable[Case], parts: Mapping[str, str] = PARTS) -> str:
    """That share in words, of each part that has a case."""
    of_parts = [(name, [case for case in cases if case.part == part]) for part, name in parts.items()]
    return f"unsure: {', '.join(f'{name} {share_unsure(some):.1%}' for name, some in of_parts if some)}"


def _cases(name: str) -> list[Case]:
    return [_case(row) for row in labelled(name)]


def _case(row: Mapping[str, Any]) -> Case:
    given = grade(row["response"], row["ground_truth"], row["answer_type"], row["aliases"], row.get("question", ""))
    shown = f"[{row['ground_truth']}] {row['response']}"
    found = given.verdict == "right"
    return Case(row["id"], row["kind"], part_of(row), bool(row["reward"]), found, said_by(given), shown)


def _pattern(kind: str) -> str:
    return kind.removeprefix("pitfall_").removesuffix("_hack").replace("_", " ")


def _language(case: Case) -> str:
    return case.kind.split("_")[1]


def _of_language(name: str, cases: Sequence[Case]) -> str:
    """How many of the right ones were paid, and of the wrong ones, in each part."""
    told = []
    for part, shown in PARTS.items():
        found = {label: [case.found for case in cases if case.part == part and case.expected is label] for label in (True, False)}
        right, wrong = (f"{sum(found[label])} of {len(found[label])}" for label in (True, False))
        told.append(f"{shown} {right} right paid, {wrong} wrong paid")
    return f"{name + ':':12}{'; '.join(told)}"
