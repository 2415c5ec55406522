"""Where a rollout keeps what: the forms of the trainers, told by their fields, or columns that are named.

Sources, as of 2026: TRL 1.16 (`completions/*.parquet` of GRPOTrainer), verl 0.9 (`trainer.rollout_data_dir`), OpenRLHF 0.11
(queries, prompts and labels of its reward, `batch_inference`), NeMo Gym (`rollout_collection`, the verify responses of its
resources servers), verifiers 0.4 (`results.jsonl`). The columns that our own exports add are in `export/trainer_rows.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from beam_pipeline.reverify.messages import MAX_WIDTH
from beam_pipeline.storage.values import MISSING, look_up
from transforms.said import said

# A file's form is told by its first row that has one; these are looked at.
ROWS_LOOKED_AT = 100
_COLUMNS_SHOWN = 12
_ANSWERS = ("answer", "solution", "ground_truth", "expected_answer", "gts", "gt", "reward_model.ground_truth")
# In the row itself last: there the words of a template may stand round a question.
_PLACES = ("extra_info.", "info.", "verifier_metadata.", "")


class FormError(ValueError):
    """A file holds no rollouts, or not the column that was named; the message says which columns it has."""


@dataclass(frozen=True)
class Form:
    """Where a rollout keeps each thing: names of fields, paths into nested ones with dots, tried in turn."""

    name: str
    response: tuple[str, ...]
    answer: tuple[str, ...]
    reward: tuple[str, ...] = ("reward", "rewards", "score", "answer_reward")
    question: tuple[str, ...] = (*(f"{place}question" for place in _PLACES), "problem", "prompt", "query", "input")
    type: tuple[str, ...] = tuple(f"{place}answer_type" for place in _PLACES)
    aliases: tuple[str, ...] = tuple(f"{place}aliases" for place in _PLACES)
    id: tuple[str, ...] = (*(f"{place}id" for place in _PLACES), "question_id")
    accepted: tuple[str, ...] = ()


# What a column can be named for, in the order of the options.
NAMED = tuple(field.name for field in fields(Form))[1:]

# The first that fits is taken: of each the sets of fields of which a row must have one.
FORMS: tuple[tuple[tuple[tuple[str, ...], ...], Form], ...] = (
    (
        (("responses_create_params", "response"),),
        Form(
            "NeMo Gym",
            ("response",),
            (*_ANSWERS, "label", *(f"verifier_metadata.{name}" for name in _ANSWERS)),
            question=(*(f"{place}question" for place in _PLACES), "problem", "responses_create_params.input"),
        ),
    ),
    ((("response", "input", "output"),), Form("NeMo-RL", ("response",), ("output", *_ANSWERS))),
    ((("completion",), ("completions",)), Form("TRL", ("completion", "completions"), _ANSWERS)),
    ((("input", "output", "score"),), Form("verl", ("output",), ("gts", *_ANSWERS), ("score", "reward"))),
    (
        (("response", "label"), ("output", "label"), ("query", "label")),
        Form("OpenRLHF", ("response", "output", "query"), ("label", *_ANSWERS), ("reward", "rewards", "score")),
    ),
)
BY_NAME = Form("columns by name", ("response", "responses", "output", "outputs", "generation", "generations"), _ANSWERS)


def form_of(rows: Iterable[Mapping[str, Any]], given: Mapping[str, str]) -> Form:
    """The form of a file, by the first of its rows that has the columns for it; `given` are columns by what they hold.

    Raises:
        FormError: no row has them.
    """
    problem = "no row"
    for row in rows:
        form = _form_by_fields(row)
        named = {name: (column,) for name, column in given.items()}
        form = replace(form, name=BY_NAME.name if "response" in named else form.name, **named)
        missing = [name for name in ("response", "answer", *given) if not _has(row, getattr(form, name))]
        if not missing:
            return form
        if problem == "no row":
            problem = _problem(row, missing[0], form, given)
    raise FormError(problem)


def value_of(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first value that is there and not null; None if there is none."""
    return found_in(row, names)[1]


def found_in(row: Mapping[str, Any], names: Iterable[str]) -> tuple[str, Any]:
    """The first of some fields that is there and not null, by its name and value; "" and None if there is none."""
    found = ((name, look_up(row, name)) for name in names)
    return next(((name, value) for name, value in found if value is not MISSING and value is not None), ("", None))


def _form_by_fields(row: Mapping[str, Any]) -> Form:
    return next((form for marks, form in FORMS if any(all(_has(row, (name,)) for name in mark) for mark in marks)), BY_NAME)


def _has(row: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(look_up(row, name) is not MISSING for name in names)


def _problem(row: Mapping[str, Any], missing: str, form: Form, given: Mapping[str, str]) -> str:
    columns = [str(name) for name in row]
    shown = ", ".join(columns[:_COLUMNS_SHOWN]) + (", ..." if len(columns) > _COLUMNS_SHOWN else "")
    has = f"it has {said(shown, MAX_WIDTH) or 'no column at all'}"
    if missing in given:
        return f"--{missing} {given[missing]}: no such column; {has}"
    return f"no column for the {missing} ({', '.join(getattr(form, missing))}); {has}; name it with --{missing}"
