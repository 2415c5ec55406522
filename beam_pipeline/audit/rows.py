"""Rows of a data set as pairs: the question without its instructions, the key at the end of a solution, the options offered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from beam_pipeline.audit.checkable import type_of
from beam_pipeline.audit.columns import Columns
from beam_pipeline.audit.wording import Wording
from beam_pipeline.reverify.conversations import asked
from beam_pipeline.reverify.forms import value_of
from beam_pipeline.reverify.rollouts import NoRollout, Stored, stored_of
from beam_pipeline.storage.values import BadRow, encodable
from transforms.records import Document, Persona, PersonaTask, QAPair, VerifiedQA
from transforms.reward.final_answer import marked

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Longer answers are solutions, of which the key is what stands behind the mark.
_MOST_KEY_CHARACTERS = 40
_HASHES = re.compile(r"####[ \t]*(?P<key>[^\n]+)\s*\Z")
_NOTHING = Wording()


@dataclass(frozen=True)
class File:
    """How a file is read: where its rows keep what, and the words around its questions."""

    columns: Columns
    wording: Wording = _NOTHING


def pair_of(where: str, row: Mapping[str, Any], file: File) -> VerifiedQA | BadRow:
    """The pair of a row, or why there is none. A row without an answer gives a pair whose answer is ""."""
    columns = file.columns
    question = file.wording.question_in(prompt_of(row, columns))
    if not question:
        return BadRow("MissingText", "the row has no question")
    try:
        stored = _stored(row, columns)
    except NoRollout as problem:
        return BadRow("WrongType", str(problem))
    options = options_of(value_of(row, columns.options))
    answer, kind = key_of(stored.answer), stored.answer_type or ""
    if options:
        chosen = letter_of(value_of(row, columns.answer), options)
        answer, kind = (chosen, "option") if chosen else (answer, kind or ("" if answer else "option"))
        if not all(option in question for option in options):
            question = "\n".join((question, *(f"{letter}) {option}" for letter, option in zip(_LETTERS, options, strict=False))))
    question, answer, aliases = encodable(question), encodable(answer), tuple(map(encodable, stored.aliases))
    task = PersonaTask(_document(where, row, columns), _domain(where, row, columns), Persona(""))
    return VerifiedQA(QAPair(task, question, answer, type_of(question, answer, aliases, kind), aliases), "")


def prompt_of(row: Mapping[str, Any], columns: Columns) -> str:
    """What is asked in a row, with all words around it; "" if nothing is."""
    said = asked(value_of(row, columns.question))
    return said if isinstance(said, str) else ""


def key_of(answer: str) -> str:
    """The final answer of a solution that marks it (`#### 18`, a box at its end); any other answer as it is."""
    if len(answer) <= _MOST_KEY_CHARACTERS and "####" not in answer:
        return answer.strip()
    if found := _HASHES.search(answer[-2_000:]):
        return found["key"].strip()
    boxes = [mark.answer for mark in marked(answer[-4_000:]) if mark.answer] if "\\boxed" in answer else []
    return boxes[-1] if boxes else answer.strip()


def options_of(value: Any) -> tuple[str, ...]:
    """The options that are offered: a list of texts, or the texts of an object that labels them."""
    texts = value.get("text") if isinstance(value, Mapping) else value
    if not isinstance(texts, list) or not 2 <= len(texts) <= len(_LETTERS) or not all(isinstance(text, str) for text in texts):
        return ()
    return tuple(" ".join(text.split()) for text in texts)


def letter_of(answer: Any, options: tuple[str, ...]) -> str:
    """The letter of the option that is stored as right, by its place from 0, its letter or its text; "" if it is none."""
    if isinstance(answer, bool):
        return ""
    if isinstance(answer, int):
        return _LETTERS[answer] if 0 <= answer < len(options) else ""
    said = " ".join(answer.split()) if isinstance(answer, str) else ""
    if len(said) == 1 and said.upper() in _LETTERS[: len(options)]:
        return said.upper()
    return _LETTERS[options.index(said)] if said in options else ""


def _stored(row: Mapping[str, Any], columns: Columns) -> Stored:
    """What a row stores as right, with an answer of "" where it has none."""
    value = value_of(row, columns.answer) if columns.keyed else None
    if value is None or value in ("", []):
        return Stored("")
    return Stored("yes" if value else "no") if isinstance(value, bool) else stored_of(row, columns.form)


def _document(where: str, row: Mapping[str, Any], columns: Columns) -> Document:
    text, given = value_of(row, columns.document), value_of(row, columns.id)
    known = isinstance(given, (str, int)) and not isinstance(given, bool)
    attributes = (("row_id", encodable(str(given)[:200])),) if known else ()
    place = encodable(where)
    return Document(place, encodable(text) if isinstance(text, str) else "", where=place, attributes=attributes)


def _domain(where: str, row: Mapping[str, Any], columns: Columns) -> str:
    """The subject of a row, or the name of its file."""
    given = value_of(row, columns.domain)
    name = " ".join(given.split())[:100] if isinstance(given, str) else ""
    return encodable(name or PurePosixPath(where.rpartition(":")[0] or where).name.partition(".")[0] or "(none)")
