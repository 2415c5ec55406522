"""What is counted of all rows of an output, one after another, in memory that does not grow with them."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from beam_pipeline.summary.diversity import question_word

ACCEPTED, REJECTED, DEAD = "accepted", "rejected", "dead"
# Names that a run has some dozens of. A file that is not what it should be must not fill the memory with them.
MOST_NAMES = 500
OTHERS = "(others)"
# A length beyond this is counted as this; no chart shows more.
LONGEST = 1_000_000


def count(counts: Counter[Any], name: Any) -> None:
    """Count a name, as `OTHERS` once there are too many."""
    counts[name if name in counts or len(counts) < MOST_NAMES else OTHERS] += 1


class Lengths:
    """How often each length occurs; exact below 1,000, to a thousandth above, so that memory is bounded."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.number = self.total = self.most = 0

    def add(self, length: int) -> None:
        """Count a length."""
        self.number += 1
        self.total += length
        self.most = max(self.most, length)
        if length > 1000:
            length = int(float(f"{min(length, LONGEST):.3g}"))
        self.counts[length] += 1

    def quantile(self, share: float) -> int:
        """The least length that at least this share of all are no longer than; 0 without any."""
        wanted, seen = math.ceil(share * self.number), 0
        for length in sorted(self.counts):
            seen += self.counts[length]
            if seen >= wanted:
                return length
        return 0


class Figures:
    """Counts of accepted, rejected and dead rows."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()  # by kind
        self.question_words, self.answer_words = Lengths(), Lengths()
        self.asks: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.checks: Counter[tuple[str, bool]] = Counter()
        self.prompts: Counter[tuple[str, str, int, str]] = Counter()  # (stage, model, version, start of its SHA-256)
        self.pass_rates: Counter[int] = Counter()  # in tenths

    def add(self, kind: str, row: Mapping[str, Any]) -> None:
        """Count a row of a kind."""
        self.rows[kind] += 1
        item = row if kind == ACCEPTED else row.get("item") if kind == REJECTED else None
        for verdict in listed(item.get("verdicts") if isinstance(item, dict) else None):
            count(self.checks, (text(verdict.get("check")), bool(verdict.get("passed"))))
        if kind == ACCEPTED:
            question = text(row.get("question"))
            self.question_words.add(len(question.split()))
            self.answer_words.add(len(text(row.get("answer")).split()))
            count(self.asks, question_word(question))
            count(self.sources, text(row.get("source")))
            rate = row.get("pass_rate")
            if isinstance(rate, (int, float)) and 0 <= rate <= 1:
                self.pass_rates[min(9, int(rate * 10))] += 1
            for call in calls(row):
                count(self.prompts, call)

    def stage_prompts(self) -> dict[str, str]:
        """By which model and prompt version each stage asked, as the accepted rows say; several where there were several."""
        named: dict[str, list[str]] = {}
        for stage, model, version, _ in sorted(self.prompts):
            named.setdefault(stage, []).append(f"{model}, prompt version {version}")
        return {stage: "; ".join(names) for stage, names in named.items()}


def calls(row: Mapping[str, Any]) -> Iterable[tuple[str, str, int, str]]:
    """The model calls behind a row: stage, model, prompt version, start of the prompt's SHA-256."""
    provenance = row.get("provenance")
    for call in listed(provenance.get("calls") if isinstance(provenance, dict) else None):
        stage, model, digest = (text(call.get(name)) for name in ("stage", "model", "prompt_sha256"))
        yield stage, model, whole(call.get("prompt_version")), digest[:12]


def listed(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def whole(value: Any) -> int:
    """A whole number; 0 for anything else."""
    return value if isinstance(value, int) else 0


def text(value: Any) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""
