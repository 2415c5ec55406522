"""What was said of every key of an output folder, and what is learnt from it; the rows are read twice and never held."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from beam_pipeline.doubt.checked import Checked
from beam_pipeline.output.read_back import OutputFolder, ReadBackError
from beam_pipeline.storage.row_files import Row
from transforms.doubt.estimate import Estimate, estimate
from transforms.doubt.explanations import CHECKED, RIGHT, WRONG, Pattern
from transforms.doubt.said import ROUND_TRIP, SOLVER, Said, said_of

# Less likely right than not.
DOUBTFUL = 0.5
_READ = "round_trip"


class Doubted(NamedTuple):
    """A row with the probability that its key is right, and who said what. `place` is the folder that it is in."""

    confidence: float
    said: Said
    row: Row
    place: str


@dataclass
class Radar:
    """The keys of an output folder.

    Attributes:
        folder, is_audit: where they are; of an audit all rows are of interest, of a run those in qa/.
        checked: rows whose keys a person has looked at.
        counts: what was said, by pattern, of all rows, and `kept` of those of interest.
        unanswered: rows of interest of which nobody said anything.
        unknown: ids of checked rows that the folder does not have.
        one_model: the model that wrote a row and answered it again in the round trip; "" where these were two.
    """

    folder: OutputFolder
    is_audit: bool = False
    checked: Checked = field(default_factory=dict)
    counts: Counter[Pattern] = field(default_factory=Counter)
    kept: Counter[Pattern] = field(default_factory=Counter)
    unanswered: int = 0
    unknown: set[str] = field(default_factory=set)
    one_model: str = ""
    learnt: Estimate = field(default_factory=Estimate)

    def read(self) -> "Radar":
        """Count what was said, and learn from it. ReadBackError where a file cannot be read."""
        self.unknown = {*self.checked}
        for _, said, row, is_kept in self._rows():
            self.unknown.discard(str(row.get("id")))
            self.one_model = self.one_model or _wrote_and_read(row)
            if said.pattern:
                self.counts[said.pattern] += 1
                self.kept[said.pattern] += is_kept
            else:
                self.unanswered += is_kept
        self.learnt = estimate(self.counts, self.kept)
        return self

    def worst(self, most: int) -> list[Doubted]:
        """The rows of interest whose keys are the least likely, the most doubtful first; checked ones are left out."""
        right = self.learnt.right
        found = (
            Doubted(right[said.pattern], said, row, place)
            for place, said, row, is_kept in self._rows()
            if is_kept and said.pattern in right and str(row.get("id")) not in self.checked
        )
        return heapq.nsmallest(most, found, key=lambda row: (row.confidence, -row.said.weight, str(row.row.get("id"))))

    def section(self) -> dict[str, Any]:
        """What the summary says of it; {} where nobody answered who had not seen the key."""
        learnt = self.learnt
        answered = {name for pattern in self.counts for name, _ in pattern} & {SOLVER, ROUND_TRIP}
        if not answered or learnt.error_rate is None or learnt.low is None or learnt.high is None:
            return {}
        doubtful = sum(number for pattern, number in self.kept.items() if learnt.right[pattern] < DOUBTFUL)
        return {
            "rows": learnt.rows,
            "unanswered": self.unanswered,
            "error_rate": round(learnt.error_rate, 4),
            "interval": [round(learnt.low, 4), round(learnt.high, 4)],
            "tells": learnt.tells,
            "doubtful": doubtful,
            "one_model": self.one_model,
            "checked": len(self.checked) - len(self.unknown),
            "answerers": {name: list(values) for name, values in learnt.reliabilities.items()},
        }

    def _rows(self) -> Iterator[tuple[str, Said, Row, bool]]:
        for row in self.folder.rows("qa"):
            yield "qa", self._said(row), row, True
        for rejection in self.folder.rows("rejected"):
            item = rejection.get("item")
            if isinstance(item, Mapping) and item.get("verdicts"):
                row = {**item, **{name: rejection.get(name) for name in ("document_id", "where", "domain", "reason")}}
                yield "rejected", self._said(row), row, self.is_audit

    def _said(self, row: Row) -> Said:
        said = said_of(row)
        is_right = self.checked.get(str(row.get("id")))
        if is_right is None:
            return said
        known = (CHECKED, RIGHT if is_right else WRONG)
        return said._replace(pattern=tuple(sorted((*said.pattern, known))))


def _wrote_and_read(row: Mapping[str, Any]) -> str:
    """The model that both wrote a pair and answered it again, "" where there is none. Rejected pairs do not say."""
    calls = {(call.get("stage"), call.get("model")) for call in (row.get("provenance") or {}).get("calls") or ()}
    return next((model for stage, model in sorted(calls, key=str) if stage == "synthesize" and (_READ, model) in calls), "")


def open_radar(path: str, checked: Checked | None = None) -> Radar:
    """Look at the keys of a folder. ReadBackError where it holds no run or audit that ended."""
    folder = OutputFolder(path)
    summary = folder.summary(folder.windows())
    return Radar(folder, bool(summary.get("audit")), checked or {}).read()


def doubt_row(output: str, is_audit: bool = False) -> dict[str, Any]:
    """The part of a summary that says how many keys are wrong; {} where that is not to be known, or the rows cannot be read."""
    try:
        section = Radar(OutputFolder(output), is_audit).read().section()
    except ReadBackError:
        return {}
    return {"key_doubt": section} if section else {}
