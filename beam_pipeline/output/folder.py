"""The output folder: prepared before a run, cleared of what earlier runs wrote, never of what is not ours.

A name is ours if this program gives such names, down to the random part of a journal's file or of a temporary folder.
"""

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.kinds import KINDS
from beam_pipeline.output.names import (
    APPLIED_EDITS,
    JOURNAL,
    LOCK_FILE,
    OPTIONS_FILE,
    PREVIEW,
    REVIEW,
    SUMMARIES,
    SUMMARY_FILES,
)
from beam_pipeline.output.saved_options import read_options
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.whole_file import named_at_last

_SHARD = re.compile(r"-[^/]*\d{5}-of-\d{5}\.(?:jsonl|parquet)")  # behind the kind
_SHARDS = tuple(f"{kind}/{kind}" for kind in (*KINDS, SUMMARIES))
_OF_ROWS = (*KINDS, SUMMARIES, REVIEW, APPLIED_EDITS)  # folders whose shards bear their names
_PANE = "-pane"  # in the name of a shard that a stream wrote
_TEMP = "beam-temp-"
# Below a kind's folder: Beam's shards of a batch, and ours of a stream, until they get their names.
_TEMPORARY = re.compile(
    rf"{_TEMP}(?P<kind>[a-z_]+)-(?:[0-9a-f]{{32}}/[^/]+\.(?P=kind)\.(?:jsonl|parquet)|[0-9a-f]+/[^/]+\.[0-9a-f]{{32}})"
)
_TEMPORARY_FOLDER = re.compile(rf"{_TEMP}([a-z_]+)-[0-9a-f]+")
# Machine, process and a random part; of an object store numbers of objects as well (`inference/journal/`).
_REPLIES = re.compile(
    r"[^/]+-\d+-[0-9a-f]{8}(?:-\d{6})?\.jsonl|(?:index|index_full)/[^/]+-\d+-[0-9a-f]{8}(?:-\d{6}-\d{6})?\.index"
)
_PREVIEWED = re.compile(r"qa-\d{5,}\.jsonl")


def temporary_folder(kind: str, run: str) -> str:
    """Where the files of a kind are written before they get their names; `prepare_output` clears it away."""
    return f"{_TEMP}{kind}-{run}"


def check_output(output: str, overwrite: bool = False, resume: bool = False, keep: bool = False) -> list[str]:
    """The names of the files in an output folder that a run may use, with the words of `prepare_output`; changes nothing.

    Raises:
        ValueError: the folder holds files and neither is given, or it cannot be used; one line.
    """
    if overwrite and resume:
        raise ValueError("--overwrite and --resume contradict each other: give one")
    if any(character in output for character in "*?["):
        raise ValueError(f"{output}: an output folder must not have *, ? or [ in its name")
    local = FileSystems.get_scheme(output) is None
    if local and os.path.isfile(output):
        raise ValueError(f"{output}: is a file; --output names a folder")
    try:
        if local and os.path.isdir(output) and not os.access(output, os.W_OK | os.X_OK):
            raise PermissionError("no permission to write there")
        names = list_output(output)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{output}: cannot be used for output: {reason(error)}") from error
    # The options of a run that never began to write are no output.
    if set(names) - {OPTIONS_FILE, LOCK_FILE} and not (overwrite or resume):
        raise ValueError(
            f"{output}: already holds files; pass --overwrite to replace what an earlier run wrote, or --resume to go on with it"
        )
    in_the_way = [name for name in names if is_ours(name) and name not in (OPTIONS_FILE, LOCK_FILE)]
    # Names are no proof: a folder of somebody else may hold a summary.json, or a qa/qa-00000-of-00001.jsonl.
    if overwrite and in_the_way and "output" not in _options_of_a_run(output):
        raise ValueError(
            f"{output}: holds {in_the_way[0]}, and no {OPTIONS_FILE} of a run that could have written it: --overwrite "
            "deletes nothing that this program did not write; move it away, or name another --output"
        )
    shards = (name for name in names if name.startswith(_SHARDS) and is_ours(name))
    if resume and (others := [name for name in shards if (_PANE in name) != keep]):
        wrote, goes_on = ("a batch", "a stream") if keep else ("a stream", "a batch")
        flag = "leave --streaming out" if keep else "add --streaming"
        raise ValueError(
            f"{output}: {others[0]} was written by {wrote}, and with --resume {goes_on} cannot go on with it: {flag}, "
            "or name another --output"
        )
    return names


def check_journal(journal: str) -> None:
    """Raise ValueError, one line, if what `--journal` names cannot hold files; "" is the folder in the output, seen to with it.

    Without it replies would be paid for and kept nowhere, or the first worker would find out.
    """
    if not journal:
        return
    if any(character in journal for character in "*?["):
        raise ValueError(f"--journal {journal}: a folder must not have *, ? or [ in its name")
    try:
        if FileSystems.get_scheme(journal) is not None:
            FileSystems.exists(journal)  # a file system that is not known, or does not let us in
            return
        place = os.path.realpath(journal)
        while not os.path.lexists(place):
            place = os.path.dirname(place)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"--journal {journal}: cannot be used: {reason(error)}") from error
    if not os.path.isdir(place):
        what = "is a file" if os.path.isfile(place) else "is no folder"
        raise ValueError(f"--journal {journal}: {'' if place == os.path.realpath(journal) else place + ' '}{what}; name a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ValueError(f"--journal {journal}: no permission to write in {place}")


def _options_of_a_run(output: str) -> dict[str, Any]:
    """The options that are kept there; {} where what is there is not that."""
    try:
        return read_options(output)
    except ValueError:
        return {}


def prepare_output(
    output: str, overwrite: bool = False, resume: bool = False, keep: bool = False, delete_journal: bool = False
) -> None:
    """Make the output folder ready for a run; raises as `check_output`.

    `overwrite` deletes what an earlier run wrote, but for the journal, from which what was paid for is taken again; with
    `delete_journal` that as well. `resume` does the same: outputs are written anew as a whole. With `keep` (a stream,
    whose documents do not come again) it deletes nothing. Neither goes on with what the other wrote. Nothing but the
    files that this program writes is ever deleted.
    """
    names = check_output(output, overwrite, resume, keep)
    local = FileSystems.get_scheme(output) is None
    if local:
        try:
            os.makedirs(output, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{output}: cannot be used for output: {reason(error)}") from error
    if resume and keep:
        return
    # The options are replaced: without them, after a crash in between, nobody could tell that what is left is ours.
    kept = {LOCK_FILE, OPTIONS_FILE}
    written = [
        name for name in names if name not in kept and is_ours(name) and (delete_journal or not name.startswith(f"{JOURNAL}/"))
    ]
    try:
        # An object store asks twice for every name, so a run of a thousand shards is cleared side by side.
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(FileSystems.delete, ([FileSystems.join(output, name)] for name in written)))
        if local:
            _remove_empty_folders(output, written)
    except Exception as error:
        raise ValueError(f"{output}: what an earlier run wrote cannot be deleted: {reason(error)}") from error


def check_apart(inputs: Iterable[str], output: str) -> None:
    """Check that no input lies where this run writes, and where --overwrite and --resume delete, nor is a run's whole output.

    Raises:
        ValueError: one does; the message names it.
    """
    folder = _place(output) + "/"
    inputs = list(inputs)
    check_no_run(inputs)
    for path in inputs:
        place = _place(path)
        if place.startswith(folder) and is_ours(place.removeprefix(folder)):
            raise ValueError(f"{path}: is part of the output folder {output}, which is written anew; choose another --output")


def check_no_run(inputs: Iterable[str]) -> None:
    """Raise ValueError where an input is a reply that a run paid for, or a run's rows of several kinds: nobody means those."""
    kinds: dict[str, str] = {}  # of each folder of a run
    written_by_run = cache(lambda output: FileSystems.exists(FileSystems.join(output, OPTIONS_FILE)))
    for path in inputs:
        parts = path.split("/")
        for depth in (2, 3):
            output, name = "/".join(parts[:-depth]), "/".join(parts[-depth:])
            if not is_ours(name) or not written_by_run(output):
                continue
            kind = parts[-depth]
            if kind == JOURNAL or kinds.setdefault(output, kind) != kind:
                raise ValueError(
                    f"{path}: is part of {output or '.'}, the output folder of a run, and no corpus; "
                    f"of its pairs the files are {FileSystems.join(output, 'qa')}/*"
                )


def _place(path: str) -> str:
    return path.rstrip("/") if FileSystems.get_scheme(path) else os.path.realpath(path)


def list_output(output: str) -> list[str]:
    """The names of all files below a folder, relative to it, in order."""
    folder = output.rstrip("/") + "/"
    [matched] = FileSystems.match([folder + "**"])
    names = (file.path.removeprefix(folder) for file in matched.metadata_list)
    return sorted(name for name in names if name and not name.endswith("/"))


def is_ours(name: str) -> bool:
    """Whether a file, named relative to the output folder, is one that this program writes."""
    folder, slash, rest = name.partition("/")
    if not slash:
        return named_at_last(name) in SUMMARY_FILES
    if folder in _OF_ROWS:
        if rest.startswith(folder):
            return _SHARD.fullmatch(rest, len(folder)) is not None
        temporary = _TEMPORARY.fullmatch(rest)
        return temporary is not None and temporary["kind"] == folder
    if folder == PREVIEW:
        return _PREVIEWED.fullmatch(named_at_last(rest)) is not None
    return folder == JOURNAL and _REPLIES.fullmatch(rest) is not None


def clear_temporary(output: str) -> None:
    """Remove the folders, now empty, in which a stream's files were written; a store of objects has none."""
    if FileSystems.get_scheme(output) is None:
        with suppress(OSError):  # a worker that was given up may still write: then they stay
            _remove_empty_folders(output, [])


def _remove_empty_folders(output: str, deleted: list[str]) -> None:
    """Remove the folders that deleting emptied, and empty folders of temporary files that a stopped run left."""
    emptied = {os.path.dirname(name) for name in deleted}
    for folder, _, _ in os.walk(output, topdown=False):
        name = os.path.relpath(folder, output)
        kind, _, inside = name.partition("/")
        temporary = _TEMPORARY_FOLDER.fullmatch(inside)
        left_behind = temporary is not None and temporary[1] == kind and kind in _OF_ROWS
        if (name in emptied or left_behind) and not os.listdir(folder):
            os.rmdir(folder)
