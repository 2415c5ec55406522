"""Everything that a page shows, from one pass over the rows of an output and one over its input."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from beam_pipeline.output.kinds import Row
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.report import browse
from beam_pipeline.report.browse import PLACES, Entry
from beam_pipeline.report.documents import Looked, characters_each, look_up
from beam_pipeline.report.figures import ACCEPTED, DEAD, REJECTED, Figures
from beam_pipeline.report.sample import Sample


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
        sample = Sample[Entry](PLACES[kind])
        for row in output.rows(name):
            figures.add(kind, row)
            sample.offer(_stratum(kind, row), browse.rank_of(row), partial(browse.entry_of, kind, row))
        entries += sample.rows()
    options = output.options()
    wanted = dict.fromkeys(entry.wanted for entry in entries if entry.wanted)
    size = characters_each(len(wanted) + sum(bool(entry.body) for entry in entries))
    looked = look_up(options, wanted, size)
    rows, texts = browse.page_rows(entries, looked.shown, size, figures.stage_prompts())
    return Collected(output.path, summary, windows, options, figures, looked, rows, texts, output.damaged)


def _stratum(kind: str, row: Mapping[str, Any]) -> str:
    """What a row is to be seen for, however many others there are: its domain, or its reason."""
    if kind == ACCEPTED:
        return str(row.get("domain"))
    return f"{row.get('stage')}/{row.get('reason') if kind == REJECTED else row.get('error')}"
