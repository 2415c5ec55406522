"""What came of the rollouts, counted: changes by verdict and reason, with a few examples, as a table and as JSON."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from beam_pipeline.reverify.judging import disagrees
from beam_pipeline.reverify.messages import MAX_WIDTH
from beam_pipeline.reverify.regrade import AGREE, CHANGES, NOT_COMPARED, UNSURE, Regraded
from transforms.said import said

EXAMPLES = 5
_RESPONSE_END = 60
_WIDTH = 60


class Tally:
    """Counts rollouts, and keeps the first examples of every change and reason."""

    def __init__(self) -> None:
        self.rollouts = 0
        self.changed = 0
        self.asked = 0
        self.unsure_paid = 0  # that neither rules nor judge can tell, and that the old reward paid
        self.changes = Counter(dict.fromkeys(CHANGES, 0))
        self.reasons: Counter[tuple[str, str, str]] = Counter()  # change, verdict, reason
        self._examples: dict[tuple[str, str, str], list[Regraded]] = {}
        self._questions: set[int] = set()

    @property
    def questions(self) -> int:
        """How many different questions there are."""
        return len(self._questions)

    def add(self, item: Regraded) -> None:
        """Count one more."""
        key = (item.change, item.grade.verdict, item.reason)
        self.rollouts += 1
        self.changed += item.is_changed
        self.asked += item.asked
        self.unsure_paid += item.is_unsure and bool(item.was_paid)
        self.changes[item.change] += 1
        self.reasons[key] += 1
        self._questions.add(hash(item.rollout.question_id))
        examples = self._examples.setdefault(key, [])
        if len(examples) < EXAMPLES and item.change not in (AGREE, NOT_COMPARED):
            examples.append(item)

    def table(self) -> Iterator[str]:
        """The counts for a person, with examples of all but what agrees."""
        yield f"{'':40}{'rollouts':>10}{'share':>9}"
        for change in CHANGES:
            if self.changes[change] or change != NOT_COMPARED:
                yield _line(change, self.changes[change], self.rollouts)
            if change == UNSURE and self.unsure_paid:
                yield _line("  of these were 1", self.unsure_paid, self.rollouts)
        yield ""
        yield f"{'verdict and reason':40}{'rollouts':>10}{'share':>9}"
        by_reason = Counter[tuple[str, str]]()
        for (_, verdict, reason), number in self.reasons.items():
            by_reason[verdict, reason] += number
        for (verdict, reason), number in sorted(by_reason.items(), key=lambda entry: (entry[0][0], -entry[1])):
            yield _line(f"{verdict}: {reason}", number, self.rollouts)
        for change in CHANGES:
            found = sorted((entry for entry in self._examples.items() if entry[0][0] == change), key=lambda entry: entry[0])
            for key, examples in found:
                if examples:
                    yield ""
                    yield f"{change}: {key[2]} ({self.reasons[key]:,})"
                    yield from map(example, examples)

    def to_json(self) -> dict[str, Any]:
        """The counts for a program."""
        reasons = [
            {"change": change, "verdict": verdict, "reason": reason, "rollouts": number}
            for (change, verdict, reason), number in sorted(self.reasons.items())
        ]
        return {
            "rollouts": self.rollouts,
            "questions": self.questions,
            "changed": self.changed,
            "changes": dict(self.changes),
            "unsure_that_were_1": self.unsure_paid,
            "asked_of_the_judge": self.asked,
            "reasons": reasons,
        }


class JudgeTally:
    """Counts what a judge says beside what the rules say, and keeps examples of where they differ."""

    def __init__(self) -> None:
        self.verdicts: Counter[tuple[str, str]] = Counter()  # of the rules, of the judge
        self._examples: dict[tuple[str, str], list[Regraded]] = {}

    def add(self, item: Regraded) -> None:
        """Count one that the judge was asked about."""
        key = (item.grade.verdict, _said(item))
        self.verdicts[key] += 1
        examples = self._examples.setdefault(key, [])
        if len(examples) < EXAMPLES and disagrees(item):
            examples.append(item)

    def table(self) -> Iterator[str]:
        """The counts for a person, with examples of what differs."""
        yield f"{'rules -> judge':40}{'rollouts':>10}"
        for (rules, judge), number in sorted(self.verdicts.items()):
            yield f"{f'{rules} -> {judge}':40}{number:>10,}"
            yield from map(example, self._examples[rules, judge])

    def to_json(self) -> list[dict[str, Any]]:
        """The counts for a program."""
        return [{"rules": rules, "judge": judge, "rollouts": number} for (rules, judge), number in sorted(self.verdicts.items())]


def _said(item: Regraded) -> str:
    return "no verdict" if item.judged is None else "right" if item.judged else "wrong"


def example(item: Regraded) -> str:
    """A rollout on one line: where it is, the stored answer, and the answer that was read, or how the response ends."""
    read = item.grade.answer or item.rollout.response[-_RESPONSE_END:]
    where = said(item.rollout.where, MAX_WIDTH)  # the line stands at its end
    return f"  {where}: {said(item.rollout.answer, _WIDTH)} | {said(read, _WIDTH)}"


def _line(label: str, number: int, whole: int) -> str:
    return f"{label:40}{number:>10,}{number / whole:>9.1%}" if whole else f"{label:40}{number:>10,}{'':>9}"
