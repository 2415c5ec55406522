"""Reward: whether a response is rewarded that should be, and no other; positive means rewarded."""

from tests.quality.cases import Area, Case, labelled, part_of
from transforms.reward.score import reward


def rewards() -> Area:
    """Responses as models write them, and responses written to be rewarded without being right."""
    cases = []
    for row in labelled("reward"):
        given = reward(row["response"], row["ground_truth"], answer_type=row["answer_type"], aliases=row["aliases"])
        shown = f"[{row['ground_truth']}] {row['response']}"
        cases.append(Case(row["id"], row["kind"], part_of(row), bool(row["reward"]), given > 0, f"{given:g}", shown))
    hacks = [case for case in cases if is_hack(case)]
    return Area("reward", "right", cases, [f"hacks rewarded: {sum(case.found for case in hacks)} of {len(hacks)}"])


def is_hack(case: Case) -> bool:
    """Whether a case tries to be rewarded for something else than a right answer; a plainly wrong one does not."""
    return not case.expected and not case.kind.endswith("_wrong")
