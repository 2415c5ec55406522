"""Where a data set keeps what: the layouts of trainers and of question-answer sets, or columns that are named.

Names are tried in turn, so that one list serves all layouts; what a layout is called is for the reader. The columns of rollouts
are in `reverify/forms.py`, and those of benchmarks in `reading/benchmarks.py`, whose names of questions are tried last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from beam_pipeline.reading.benchmarks import QUESTION_FIELDS
from beam_pipeline.reverify.forms import Form
from beam_pipeline.reverify.messages import MAX_WIDTH
from beam_pipeline.storage.values import MISSING, look_up
from transforms.said import said

_COLUMNS_SHOWN = 12
_PLACES = ("extra_info.", "info.", "verifier_metadata.", "")
_ANSWERS = ("answer", "final_answer", "solution", "ground_truth", "expected_answer", "gts", "gt", "golds", "label", "target")


class ColumnError(ValueError):
    """A file holds no questions, or not the column that was named; the message says which columns it has."""


@dataclass(frozen=True)
class Columns:
    """Where the rows of a file keep each thing: names of fields, paths into nested ones with dots, tried in turn.

    `keyed` is whether the rows have stored answers at all; questions without any are looked at for what can be seen of them.
    """

    layout: str = "questions and answers"
    question: tuple[str, ...] = (
        *(f"{place}question" for place in _PLACES),
        *("problem", "responses_create_params.input", "prompt", "query", *QUESTION_FIELDS),
    )
    answer: tuple[str, ...] = (
        *("answer.value", "answers.text", "expected_answer", "reward_model.ground_truth"),
        *(*_ANSWERS, *(f"verifier_metadata.{name}" for name in _ANSWERS), "answerKey", "answers", "output"),
    )
    type: tuple[str, ...] = tuple(f"{place}answer_type" for place in _PLACES)
    aliases: tuple[str, ...] = (*(f"{place}aliases" for place in _PLACES), "answer.aliases")
    id: tuple[str, ...] = (*(f"{place}id" for place in _PLACES), "question_id", "unique_id", "qid")
    document: tuple[str, ...] = ()
    domain: tuple[str, ...] = (
        "domain",
        "extra_info.domain",
        "info.domain",
        "ability",
        "subject",
        "category",
        "data_source",
        "benchmark",
    )
    options: tuple[str, ...] = ("choices", "options", "endings")
    keyed: bool = True

    @cached_property
    def form(self) -> Form:
        """The same, as far as the reader of stored answers needs it."""
        return Form(self.layout, (), self.answer, type=self.type, aliases=self.aliases)


# What a column can be named for, in the order of the options.
NAMED = tuple(field.name for field in fields(Columns))[1:-1]

# The first of which a row has all fields is what the layout is called.
_LAYOUTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("responses_create_params",), "NeMo Gym"),
    (("prompt", "reward_model"), "verl"),
    (("prompt", "label"), "OpenRLHF"),
    (("question", "answers.text"), "SQuAD"),
    (("question", "answer", "info"), "verifiers"),
    (("question", "answer", "answer_type", "provenance"), "webscale-qa"),
    (("input", "output"), "NeMo-RL"),
    (("prompt", "answer"), "TRL"),
    (("prompt", "solution"), "TRL"),
    (("prompt", "ground_truth"), "TRL"),
)


def columns_of(rows: Iterable[Mapping[str, Any]], given: Mapping[str, str]) -> Columns:
    """The columns of a file, by its first rows; `given` are columns by what they hold.

    Raises:
        ColumnError: no row has a question, or none has a column that was named.
    """
    rows = list(rows)
    named: dict[str, Any] = {name: (column,) for name, column in given.items()}
    columns = replace(Columns(), **named)
    missing = [name for name in ("question", *given) if not any(_has(row, getattr(columns, name)) for row in rows)]
    if missing:
        raise ColumnError(_problem(rows[0], missing[0], columns, given))
    layout = next((name for marks, name in _LAYOUTS if any(all(_has(row, (mark,)) for mark in marks) for row in rows)), "")
    keyed = any(_has(row, columns.answer) for row in rows)
    if given.keys() & {"question", "answer"}:
        layout = "columns by name"
    return replace(columns, layout=layout or (columns.layout if keyed else "questions"), keyed=keyed)


def _has(row: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(look_up(row, name) is not MISSING for name in names)


def _problem(row: Mapping[str, Any], missing: str, columns: Columns, given: Mapping[str, str]) -> str:
    shown = ", ".join(str(name) for name in list(row)[:_COLUMNS_SHOWN]) + (", ..." if len(row) > _COLUMNS_SHOWN else "")
    has = f"there is {said(shown, MAX_WIDTH) or 'no column at all'}"
    if missing in given:
        return f"--{missing} {given[missing]}: no such column; {has}"
    return f"no column for the {missing} ({', '.join(dict.fromkeys(getattr(columns, missing)))}); {has}; name it with --{missing}"
