"""The texts behind sampled rows: looked up in the run's input, with the place of the quote and of the answer in each.

A row of `qa/` names its document and does not repeat it, so the input is read once more, if it is files that are still
there. Only what is shown is held: short documents whole, of long ones the part around the quote.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from beam_pipeline.options.command_line import validate
from beam_pipeline.options.gone import without_gone
from beam_pipeline.reading.input_list import file_inputs, read_inputs
from beam_pipeline.report.figures import Lengths
from beam_pipeline.storage.matching import match_files
from transforms.errors import FatalError, one_line
from transforms.grounding.quotes import find_quote
from transforms.records import Document

# Reading ends when all texts were found and this many documents were measured, or at the latest after so many.
MEASURED_DOCUMENTS, MOST_DOCUMENTS = 20_000, 200_000
# A page of the web counts as so many: to find the text in its HTML takes ten milliseconds, half an hour for the most.
PAGE = 20
# Characters of all texts together, and of one.
ALL_CHARACTERS, LEAST_CHARACTERS, MOST_CHARACTERS = 700_000, 600, 20_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row wants of its document. `place` is where the row says the answer to be, in the document or its chunk."""

    document_id: str
    quote: str = ""
    answer: str = ""
    place: Span | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A text to show, whole or a part; spans are in its characters, None where there is nothing to mark."""

    text: str
    quote: Span | None = None
    answer: Span | None = None
    cut_before: bool = False
    cut_after: bool = False


@dataclass(slots=True)
class Looked:
    """What reading the input gave: texts by what wanted them, lengths in words, and how much was read."""

    shown: dict[Wanted, Shown] = field(default_factory=dict)
    lengths: Lengths = field(default_factory=Lengths)
    whole: bool = False
    problem: str = ""


def look_up(options: Mapping[str, Any], wanted: Iterable[Wanted], size: int = MOST_CHARACTERS) -> Looked:
    """Find the texts that rows want in the input that the options name, `size` characters of each at most."""
    looked, spent, wants = Looked(), 0, set(wanted)
    waiting: dict[str, list[Wanted]] = defaultdict(list)  # by document, for a chunk both by itself and by what it is of
    for want in wants:
        for name in {want.document_id, want.document_id.rpartition("#")[0]}:
            waiting[name].append(want)
    try:
        for document, cost in input_documents(options):
            spent += cost
            looked.lengths.add(len(document.text.split()))
            for want in waiting.pop(document.id, ()):
                if want not in looked.shown:
                    looked.shown[want] = show(document.text, want, size, want.document_id != document.id)
            if spent >= MOST_DOCUMENTS or (len(looked.shown) == len(wants) and spent >= MEASURED_DOCUMENTS):
                break
        else:
            looked.whole = True
    except (ValueError, OSError, FatalError) as error:  # the input has gone, or was never files
        looked.problem = one_line(error)
    return looked


def characters_each(texts: int) -> int:
    """How many characters of each of some texts there is room for."""
    return max(LEAST_CHARACTERS, min(MOST_CHARACTERS, ALL_CHARACTERS // max(1, texts)))


def input_documents(options: Mapping[str, Any]) -> Iterator[tuple[Document, int]]:
    """The documents of a run's input files, in order, each with what it counts as; bad rows are left out.

    Raises:
        ValueError, FatalError: there are no such files, or the options are not those of a run.
    """
    if not (options.get("input") or options.get("inputs")):
        raise ValueError("the input was no files")
    config = validate(without_gone(options))
    for patterns, reader, _ in file_inputs(config, read_inputs(config)):
        for path in match_files(patterns):
            cost = PAGE if reader.format_of(path) == "warc" else 1
            yield from ((found, cost) for found in reader.read(path) if isinstance(found, Document))


def show(document: str, wanted: Wanted, size: int, is_chunk: bool = False) -> Shown:
    """A document, or as much of it around the quote as `size` characters hold, with quote and answer marked."""
    place = wanted.place if not is_chunk else None
    quote = _find(document, wanted.quote, place)
    answer = _find_answer(document, wanted.answer, place, quote)
    first, last = quote or answer or (0, 0)
    if len(document) <= size:
        return Shown(document, quote, answer)
    start = max(0, min(first - max(0, size - (last - first)) // 2, len(document) - size))
    if start:  # the nearest begin of a word, so that no text begins in the middle of one
        start = document.find(" ", start, min(start + 40, first)) + 1 or start
    end = min(len(document), max(start + size, min(last, start + 2 * size)))
    quote, answer = (
        (span[0] - start, span[1] - start) if span and start <= span[0] and span[1] <= end else None for span in (quote, answer)
    )
    return Shown(document[start:end], quote, answer, start > 0, end < len(document))


def _find(document: str, quote: str, near: Span | None) -> Span | None:
    """Where a quote stands; where it does so several times, around the answer."""
    spelled = quote if quote and quote in document else find_quote(quote, document) if quote else None
    if not spelled:
        return None
    first = document.find(spelled)
    if near is not None:
        around = document.rfind(spelled, 0, near[0] + len(spelled))
        if 0 <= around <= near[0] and near[1] <= around + len(spelled):
            first = around
    return first, first + len(spelled)


def _find_answer(document: str, answer: str, place: Span | None, quote: Span | None) -> Span | None:
    """Where the answer stands: in the quote if it does, else where the row says."""
    if place is not None and not 0 <= place[0] < place[1] <= len(document):
        place = None
    if quote is None or (place is not None and quote[0] <= place[0] and place[1] <= quote[1]):
        return place
    at = document.find(answer, *quote) if answer else -1
    return (at, at + len(answer)) if at >= 0 else None
