"""Benchmarks: the evaluation sets that the output must not repeat, from files of the user.

Input:    globs of JSONL (also one JSON array), Parquet or packs (`packs.py`), of any file system that Beam knows
Output:   PCollection[BenchmarkItem]

Most benchmarks need no word about their fields: the usual names are tried. A bad row is skipped with a
warning that names it. A file of which nothing can be used stops the run, for the data would be taken for
clean; `check_benchmarks` says so before the run.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.reading.packs import is_pack, read_facts, read_pack
from beam_pipeline.reading.read_files import spread_files
from beam_pipeline.reading.whole_rows import read_rows
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.storage.values import BadRow, encodable, look_up
from transforms.benchmarks.index import BenchmarkItem
from transforms.errors import FatalError

_WARNINGS = 5  # bad rows of a file that are named; the rest are counted

# The first of these that a row has, and that holds text, is its question. Names are compared in lower
# case with "_" for spaces and dashes. What may stand beside a question (a passage) comes after it.
QUESTION_FIELDS = tuple(
    "question problem prompt query instruction question_text problem_statement question_content input ctx goal sentence messages "
    "conversation conversations text passage context story content statement".split()
)
_ADDED = {"instruction": "input"}  # fields that are two halves of one question
# Answers and options. "a" to "j" are options too, where a row has "a", "b" and a question.
_ANSWER = re.compile(r"(?:correct_|best_|gold_|reference_|final_|expected_)?(?:answers?|targets?|answer_text)")
_OPTION = re.compile(
    r"(?:options?|choices?|endings?|distractors?|sol|op|opt|mc1_targets|mc2_targets|(?:in)?correct_answers?|answer)"
    r"(?:_?(?:[a-j]|\d{1,2}))?|[a-j]"
)
_ID_FIELDS = tuple("id task_id question_id unique_id uid qid problem_id item_id example_id key idx index".split())
_LABELS = frozenset("label labels key role answer_start type name".split())  # of nested values, no text of the item
_NESTED_TEXT = ("stem", "question", "text", "content", "value")

_LOGGER = logging.getLogger(__name__)


@dataclass
class ReadBenchmarks(beam.PTransform):
    """Reads benchmark items from files: pipeline -> PCollection[BenchmarkItem]. A file that several patterns match is read once.

    `fields` are that of the question, then those to compare besides (answer, options); names, or paths into nested
    objects. Without any the usual names are tried.
    """

    patterns: tuple[str, ...]
    fields: tuple[str, ...] = ()

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        read = beam.FlatMap(_read_file, self.fields).with_output_types(BenchmarkItem)
        return spread_files(pipeline, self.patterns) | "ReadFiles" >> read


def _read_file(path: str, fields: tuple[str, ...]) -> Iterator[BenchmarkItem]:
    try:
        yield from read_items(path, fields)
    except ValueError as error:
        raise FatalError(str(error)) from error


def check_benchmarks(patterns: Iterable[str], fields: Sequence[str] = ()) -> None:
    """Raise ValueError, one line that names the place, unless every file has an item; reads each up to its first."""
    for path in _matched(patterns):
        next(read_items(path, fields, quiet=True))


def packs_among(patterns: Iterable[str]) -> tuple[str, ...]:
    """Name, version, size and digest of each pack that some patterns match; ValueError if one cannot be read."""
    return tuple(str(read_facts(path)) for path in _matched(patterns) if is_pack(path))


def _matched(patterns: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(path for pattern in patterns for path in match_pattern(pattern)))


def read_items(path: str, fields: Sequence[str] = (), quiet: bool = False) -> Iterator[BenchmarkItem]:
    """The items of one file. Bad rows are skipped, with a warning unless `quiet`.

    ValueError if there is not one: a line that names the file, the first bad row and what is wrong.
    """
    if is_pack(path):
        yield from _read_pack(path)
        return
    found, skipped, first = 0, 0, f"{path}: the file holds no rows"
    for where, row in read_rows(path):
        made = row if isinstance(row, BadRow) else make_item(row, where, fields)
        if isinstance(made, BenchmarkItem):
            found += 1
            yield made
            continue
        skipped += 1
        if skipped == 1:
            first = f"{where}: {made.message}"
        if skipped <= _WARNINGS and not quiet:
            _LOGGER.warning("%s: %s. The row is skipped.", where, made.message)
    if not found:
        raise ValueError(f"{first}; no item of this benchmark can be used")
    if skipped > _WARNINGS and not quiet:
        _LOGGER.warning("%s: %d of %d rows were skipped.", path, skipped, found + skipped)


def _read_pack(path: str) -> Iterator[BenchmarkItem]:
    items = read_pack(path)
    first = next(items, None)
    if first is None:
        raise ValueError(f"{path}: the pack holds no items")
    yield first
    yield from items


def make_item(row: Mapping[str, Any], where: str, fields: Sequence[str] = ()) -> BenchmarkItem | BadRow:
    """Make an item of a row, or say why there is none."""
    names = {_plain_name(name): name for name in reversed(list(row))}
    if fields:
        chosen = fields[0]
        question = _text_of(look_up(row, chosen))
        extra = [text for field in fields[1:] for text in _texts(look_up(row, field))]
        if not question:
            return BadRow("MissingText", _no_question(row, f"no text in field {chosen!r}"))
    else:
        chosen = next((name for name in QUESTION_FIELDS if name in names and _text_of(row[names[name]])), "")
        if not chosen:
            return BadRow("MissingText", _no_question(row, "no field that is known to hold a question"))
        question = _text_of(row[names[chosen]])
        added = _ADDED.get(chosen, "")
        if added in names:
            question = f"{question}\n{_text_of(row[names[added]])}".strip()
        extra = [text for name in _extra_fields(names, chosen) for text in _texts(row[name])]
        nested = row[names[chosen]]
        if isinstance(nested, Mapping):  # {"stem": ..., "choices": [...]}
            extra += [text for text in _texts(nested) if text != question]
    return BenchmarkItem(encodable(where), _id_of(row, names), encodable(question), encodable("\n".join(dict.fromkeys(extra))))


def _extra_fields(names: Mapping[str, str], chosen: str) -> list[str]:
    """The fields of a row that hold its answers, then those that hold its options."""
    lettered = "a" in names and "b" in names
    others = names.keys() - {chosen}
    answers = {name for name in others if _ANSWER.fullmatch(name)}
    options = {name for name in others - answers if _OPTION.fullmatch(name) and (len(name) > 1 or lettered)}
    return [names[name] for name in (*sorted(answers), *sorted(options))]


def _no_question(row: Mapping[str, Any], problem: str) -> str:
    shown = ", ".join(str(name)[:40] for name in list(row)[:12]) or "nothing"
    return encodable(f"{problem}; there is {shown}; name it: --decontamination 'fields=QUESTION ANSWER', or --fields of pack")


def _plain_name(name: Any) -> str:
    return re.sub(r"[\s-]+", "_", str(name).strip()).lower()


def _id_of(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    for name in _ID_FIELDS:
        value = row.get(names.get(name, ""))
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return encodable(" ".join(str(value).split())[:200])
    return ""


def _text_of(value: Any) -> str:
    """The text of a question: a string, one in an object ({"stem": ...}), or what the user says in messages."""
    match value:
        case str():
            return value.strip()
        case Mapping():
            return next((text for name in _NESTED_TEXT if (text := _text_of(value.get(name)))), "")
        case list():
            turns = [turn for turn in value if not isinstance(turn, Mapping) or _is_asked(turn)]
            return "\n".join(text for turn in turns if (text := _text_of(turn)))
        case _:
            return ""


def _is_asked(turn: Mapping[str, Any]) -> bool:
    return str(turn.get("role", turn.get("from", "user"))).lower() in ("user", "human")


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, but no labels: of `{"label": ["A"], "text": ["yes"]}` only "yes"."""
    match value:
        case str():
            if len(value.strip()) > 1:
                yield value.strip()
        case Mapping():
            for name, part in value.items():
                if str(name).lower() not in _LABELS:
                    yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)
