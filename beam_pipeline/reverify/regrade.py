"""A rollout with its new grade: what the rules say, what a judge says of what they cannot tell, and what that changes."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from beam_pipeline.reverify.grading import Case, grade_all
from beam_pipeline.reverify.rollouts import Rollout
from transforms.reward import Grade

# An old reward above this was pay: shaped ones give little for a form, or take something off.
PAID_ABOVE = 0.5
AGREE, NOW_RIGHT, NOW_WRONG = "agree", "were 0, now right", "were 1, now wrong"
UNSURE, NOT_COMPARED = "unsure", "no old reward"
CHANGES = (AGREE, NOW_RIGHT, NOW_WRONG, UNSURE, NOT_COMPARED)


@dataclass(frozen=True, slots=True)
class Regraded:
    """A rollout and its new grade; `judged` is what a judge says of it, None where it was not asked or has no verdict."""

    rollout: Rollout
    grade: Grade
    asked: bool = False
    judged: bool | None = None

    @property
    def new_reward(self) -> float | None:
        """1.0 if it is right by the rules, or by a judge where they are unsure; None if a judge was asked and has no verdict."""
        if self.grade.verdict != "unsure" or not self.asked:
            return float(self.grade.verdict == "right")
        return None if self.judged is None else float(self.judged)

    @property
    def was_paid(self) -> bool | None:
        """Whether the old reward was pay; None where there is none."""
        return None if self.rollout.old_reward is None else self.rollout.old_reward > PAID_ABOVE

    @property
    def is_unsure(self) -> bool:
        """Whether neither rules nor judge can tell."""
        return self.grade.verdict == "unsure" and self.judged is None

    @property
    def change(self) -> str:
        """One of `CHANGES`."""
        if self.is_unsure:
            return UNSURE
        if self.was_paid is None:
            return NOT_COMPARED
        if self.was_paid == bool(self.new_reward):
            return AGREE
        return NOW_WRONG if self.was_paid else NOW_RIGHT

    @property
    def is_changed(self) -> bool:
        """Whether the reward differs from the old one."""
        return self.was_paid is not None and (self.new_reward is None or self.was_paid != bool(self.new_reward))

    @property
    def reason(self) -> str:
        """Why, by the rules, and what a judge made of it."""
        if self.judged is None or self.grade.verdict != "unsure":
            return self.grade.reason
        return f"{self.grade.reason}, judged {'right' if self.judged else 'wrong'}"

    def row(self) -> dict[str, Any]:
        """The row of `rollouts.jsonl`."""
        judged = {"judge": None if self.judged is None else "right" if self.judged else "wrong"} if self.asked else {}
        return {
            "id": self.rollout.where,
            "question_id": self.rollout.question_id,
            "old_reward": self.rollout.old_reward,
            "verdict": self.grade.verdict,
            "reason": self.grade.reason,
            "answer_read": self.grade.answer,
            "new_reward": self.new_reward,
            **judged,
        }

    def whole_row(self) -> dict[str, Any]:
        """The row with what a reader needs to judge it: question, stored answer and response."""
        rollout = self.rollout
        told = {"question": rollout.question, "answer": rollout.answer, "answer_type": rollout.answer_type}
        return {**self.row(), **told, "aliases": list(rollout.aliases), "response": rollout.response}


def regrade(rollouts: Iterable[Rollout], processes: int = 1) -> Iterator[Regraded]:
    """Grade rollouts by the rules, in their order."""
    waiting: deque[Rollout] = deque()

    def cases() -> Iterator[Case]:
        for rollout in rollouts:
            waiting.append(rollout)
            yield Case(rollout.response, rollout.answer, rollout.answer_type, rollout.aliases, rollout.question)

    for grade in grade_all(cases(), processes):
        yield Regraded(waiting.popleft(), grade)
