"""Files of edits (`--edits`): JSONL, or whatever else holds rows; a row says what is to become of one row of a stage.

    {"id": "5f0c...", "strike": true, "reason": "nobody would ask this"}
    {"id": "a41b...", "stage": "check", "answer": "1815", "aliases": []}

Rows of `review/` are such lines as they are, and change nothing until somebody changes them. What is wrong in a line ends the run
before it begins: a slip of the hand must not cost a reviewer's work.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.review import stages_to_review
from beam_pipeline.options.values import hint
from beam_pipeline.output.folder import check_apart
from beam_pipeline.reading.whole_rows import read_rows
from beam_pipeline.review.stopped import stage_of_stop
from beam_pipeline.storage.values import BadRow, encodable
from transforms.records import ANSWER_TYPES
from transforms.review import CONTEXT, EDITABLE, Edit, Edits, can_be_edited

# They are held in memory, and travel with the graph.
MAX_EDITS = 50_000
_KEYS = ("id", "stage", "strike", "reason", *EDITABLE)
_DATE = re.compile(r"(?:\d{4}(?:-\d\d(?:-\d\d)?)?)?")
_MAX_CHARS = 2000


def settle_edits_stage(config: PipelineConfig) -> PipelineConfig:
    """The options with the stage for lines of `--edits` that name none: that at which the run in the output folder stopped."""
    if not config.edits or config.edits_stage:
        return config
    stage = stage_of_stop(config.output)
    return config.model_copy(update={"edits_stage": stage}) if stage else config


def read_edits(config: PipelineConfig) -> Mapping[str, Edits]:
    """What `--edits` says, by the stages and ids of the rows.

    Raises:
        ValueError: a file cannot be read, or a line of it not be used; one line that says where.
    """
    edits: dict[str, dict[str, Edit]] = {}
    number = 0
    for path in config.edits:
        _check_place(path, config.output)
        for where, row in read_rows(path):
            if isinstance(row, BadRow):
                raise ValueError(f"--edits {where}: {row.message}")
            stage, edit = _edit(where, row, config)
            number += 1
            if number > MAX_EDITS:
                raise ValueError(f"--edits {where}: more than {MAX_EDITS:,} lines; leave out those that change nothing")
            of_stage = edits.setdefault(stage, {})
            if edit.id in of_stage:
                raise ValueError(f"--edits {where}: {edit.id} of {stage} stands in {of_stage[edit.id].where} already")
            of_stage[edit.id] = edit
    return edits


def _check_place(path: str, output: str) -> None:
    try:
        check_apart([path], output)
    except ValueError:
        raise ValueError(f"--edits {path}: is a file that this run writes anew; copy it to another place first") from None
    if not FileSystems.exists(path):
        raise ValueError(f"--edits {path}: there is no such file")


def _edit(where: str, row: Mapping[str, Any], config: PipelineConfig) -> tuple[str, Edit]:
    """The stage and the edit of a line."""
    if unknown := sorted(row.keys() - {*_KEYS, *CONTEXT}):
        near = hint(unknown[0], _KEYS)
        raise ValueError(f"--edits {where}: there is no field {unknown[0]}{near}; a line has {', '.join(_KEYS)}")
    name = row.get("id")
    if not isinstance(name, str) or not name:
        raise ValueError(f"--edits {where}: id is missing, or no text")
    stage = row.get("stage") or config.edits_stage
    known = stages_to_review(config)
    if not stage:
        raise ValueError(f"--edits {where}: of which stage? Write stage into the line, or give --edits_stage")
    if stage not in known:
        raise ValueError(f"--edits {where}: stage {stage!r} is none of this run: {', '.join(known)}")
    strike, reason = row.get("strike", False), row.get("reason", "")
    if not isinstance(strike, bool):
        raise ValueError(f"--edits {where}: strike must be true or false")
    if not isinstance(reason, str):
        raise ValueError(f"--edits {where}: reason must be a text")
    values = tuple(_values(where, row))
    if values and not can_be_edited(stage):
        raise ValueError(f"--edits {where}: {values[0][0]}: {stage} has no pairs yet, and its rows can only be struck")
    if not strike and not values and "strike" not in row:
        raise ValueError(f"--edits {where}: says nothing: give strike, or one of {', '.join(EDITABLE)}")
    return stage, Edit(name, where, strike, encodable(reason[:_MAX_CHARS]), () if strike else values)


def _values(where: str, row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields that a line gives a value, as a pair has them."""
    for name in EDITABLE:
        if name not in row:
            continue
        value = row[name]
        if name == "aliases":
            if not isinstance(value, list) or not all(isinstance(alias, str) and alias.strip() for alias in value):
                raise ValueError(f"--edits {where}: aliases must be a list of texts")
            yield name, tuple(encodable(alias.strip()) for alias in value)
        elif not isinstance(value, str) or (name != "valid_as_of" and not value.strip()):
            raise ValueError(f"--edits {where}: {name} must be a text, and not empty")
        elif len(value) > _MAX_CHARS:
            raise ValueError(f"--edits {where}: {name} is longer than {_MAX_CHARS:,} characters")
        elif name == "answer_type" and value not in ANSWER_TYPES:
            raise ValueError(f"--edits {where}: answer_type {value!r} is none of {', '.join(ANSWER_TYPES)}")
        elif name == "valid_as_of" and not _DATE.fullmatch(value):
            raise ValueError(f"--edits {where}: valid_as_of must be YYYY, YYYY-MM or YYYY-MM-DD")
        else:
            yield name, encodable(value.strip())
