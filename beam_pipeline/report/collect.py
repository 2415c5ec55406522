"""Everything that a page shows, from one pass over the rows of an output and one over its input."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any

from beam_pipeline.output.names import REVIEW
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.report import browse
from beam_pipeline.report.browse import PLACES, Entry
from beam_pipeline.report.documents import Looked, characters_each, look_up
from beam_pipeline.report.figures import ACCEPTED, DEAD, OTHERS, REJECTED, Figures
from beam_pipeline.storage.row_files import Row
from transforms.records import DEMO_MODEL
from transforms.text import stable_seed

# Rows that wait for a review, of which a page shows so many.
REVIEW_PLACES = 300


@dataclass(frozen=True)
class Collected:
    """What is known of a run. `rows` are the sampled ones, the accepted first; `texts` are those they name."""

    folder: str
    summary: Row
    windows: list[Row]
    options: Row
    figures: Figures
    looked: Looked
    rows: list[dict[str, Any]]
    texts: list[str]
    damaged: int
    review: list[Row] = field(default_factory=list)  # a sample of the rows at which the run stopped

    @property
    def audit(self) -> Row:
        """What an audit counted; {} of a run."""
        return self.summary.get("audit") or {}

    @property
    def demo(self) -> bool:
        """Whether rules answered: as the summary says, or the rows of an older version or a stream."""
        return bool(self.summary.get("demo")) or any(model == DEMO_MODEL for _, model, _, _ in self.figures.prompts)


def collect(folder: str) -> Collected:
    """Read an output.

    Raises:
        ReadBackError: it is none, or not of a run that ended.
    """
    output, figures = OutputFolder(folder), Figures()
    windows = output.windows()
    summary = output.summary(windows)
    entries: list[Entry] = []
    for kind, name in ((ACCEPTED, "qa"), (REJECTED, "rejected"), (DEAD, "dead_letters")):
        sample = Sample(PLACES[kind])
        for row in output.rows(name):
            figures.add(kind, row)
            sample.offer(_stratum(kind, row), browse.rank_of(row), partial(browse.entry_of, kind, row))
        entries += sample.rows()
    options = output.options()
    wanted = dict.fromkeys(entry.wanted for entry in entries if entry.wanted)
    size = characters_each(len(wanted) + sum(bool(entry.body) for entry in entries))
    looked = look_up(options, wanted, size)
    rows, texts = browse.page_rows(entries, looked.shown, size, figures.stage_prompts())
    review = _rows_to_review(output)
    return Collected(output.path, summary, windows, options, figures, looked, rows, texts, output.damaged, review)


def _rows_to_review(output: OutputFolder) -> list[Row]:
    """The rows at which the run stopped, or a sample of them."""
    sample = Sample(REVIEW_PLACES)
    for row in output.rows(REVIEW):
        sample.offer(str(row.get("domain")), stable_seed("review", str(row.get("id"))), partial(dict, row))
    return list(sample.rows())


def _stratum(kind: str, row: Mapping[str, Any]) -> str:
    """What a row is to be seen for, however many others there are: its domain, or its reason."""
    if kind == ACCEPTED:
        return str(row.get("domain"))
    return f"{row.get('stage')}/{row.get('reason') if kind == REJECTED else row.get('error')}"


def level(sizes: Iterable[int], places: int) -> int:
    """How many of each stratum may stay at most, so that all together are no more than `places`; at least 1."""
    left, strata = places, sorted(sizes)
    for number, size in enumerate(strata):
        share = left // (len(strata) - number)
        if size > share:
            return max(1, share)
        left -= size
    return max(1, places)


class Sample:
    """A sample of rows that shows the rare as well as the common: by strata, in one pass and bounded memory.

    Every stratum (a reason, a domain) gets as many places as any other, as far as it has rows: at most `places` in all, where
    there are no more strata than that. Within one, rows are chosen by a hash of what they are, so that the sample depends on
    the rows alone: not on their order, nor on how they lie in files.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._kept: dict[str, list[tuple[int, Any]]] = {}
        self._bounds: dict[str, int] = {}  # the rank from which on a full stratum takes no more
        self._size = 0

    def offer(self, stratum: str, rank: int, make: Callable[[], Any]) -> None:
        """Keep a row if its rank (a hash) is small enough for its stratum; `make` is called only then."""
        if stratum not in self._kept and len(self._kept) >= self.places:
            stratum = OTHERS
        if stratum in self._bounds and rank >= self._bounds[stratum]:
            return
        self._kept.setdefault(stratum, []).append((rank, make()))
        self._size += 1
        if self._size > 2 * self.places:
            self._trim()

    def rows(self) -> Iterator[Any]:
        """What was chosen, stratum by stratum in the order of their names."""
        self._trim()
        for _, kept in sorted(self._kept.items()):
            yield from (row for _, row in kept)

    def _trim(self) -> None:
        # The level only sinks while rows come, so nothing goes that would be wanted at the end.
        most = level(map(len, self._kept.values()), self.places)
        for stratum, kept in self._kept.items():
            kept.sort(key=itemgetter(0))
            del kept[most:]
            if len(kept) == most:
                self._bounds[stratum] = kept[-1][0]
        self._size = sum(map(len, self._kept.values()))
