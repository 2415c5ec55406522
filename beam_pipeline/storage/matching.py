"""Paths and globs of any file system that Beam knows: what they match, and whole small files."""

import os
from collections.abc import Iterable
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.files import open_file, read_blocks, reason
from transforms.errors import FatalError


def match_files(patterns: Iterable[str]) -> list[str]:
    """The files that some patterns match, in order, each once; FatalError if one matches none."""
    try:
        found = [path for pattern in patterns for path in match_pattern(pattern)]
    except ValueError as error:
        raise FatalError(str(error)) from error
    # One file may be named by a relative and an absolute path.
    distinct = {path if FileSystems.get_scheme(path) else os.path.abspath(path): path for path in reversed(found)}
    return sorted(distinct.values())


def match_pattern(pattern: str) -> list[str]:
    """The files that one pattern matches; ValueError, one line that names the pattern, if there is none."""
    return list(match_sizes(pattern))


def match_sizes(pattern: str) -> dict[str, int]:
    """The files that one pattern matches, in order, with their stored bytes; raises as `match_pattern`."""
    local = FileSystems.get_scheme(pattern) is None
    if local and os.path.isfile(pattern):
        return {pattern: os.path.getsize(pattern)}  # also a name with brackets in it, which a glob could not match
    folder = local and os.path.isdir(pattern)
    paths = {} if folder else _match(pattern, local)
    if not paths and not any(character in pattern for character in "*?["):
        paths = _data_set(pattern.rstrip("/"), local)
    if not paths:
        if folder:
            example = f"'{pattern.rstrip('/')}/*.jsonl'"
            raise ValueError(f"{pattern}: is a folder; name its files, as in {example} (only one of Parquet may be named itself)")
        raise ValueError(f"{pattern}: no file matches")
    for path in paths:
        if not path.isascii() and path != path.encode("utf-8", "replace").decode("utf-8"):
            raise ValueError(f"{path.encode('utf-8', 'backslashreplace').decode()}: the file's name is not UTF-8; rename it")
    return paths


def _match(pattern: str, local: bool) -> dict[str, int]:
    try:
        found = list_files(pattern)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{pattern}: cannot be looked up: {reason(error)}") from error
    bare = local and not os.path.dirname(pattern)
    return dict(sorted((file.path.removeprefix("./") if bare else file.path, file.size_in_bytes) for file in found))


def list_files(pattern: str) -> list[Any]:
    """What a file system says of the files that a pattern matches. Raises whatever it raises."""
    # Beam looks for a bare "*.jsonl" in no folder at all.
    bare = FileSystems.get_scheme(pattern) is None and not os.path.dirname(pattern)
    [matched] = FileSystems.match([f"./{pattern}" if bare else pattern])
    return [file for file in matched.metadata_list if not file.path.endswith("/")]  # "folders" of a bucket


def _data_set(folder: str, local: bool) -> dict[str, int]:
    """The Parquet files of a folder as the Hugging Face Hub lays it out (data/train-00000-of-00004.parquet), or right in it."""
    return next((paths for inside in ("data/*.parquet", "*.parquet") if (paths := _match(f"{folder}/{inside}", local))), {})


def read_text(path: str) -> str:
    """A small file of any file system as text; ValueError, one line, if it cannot be read."""
    try:
        with open_file(path) as stream:
            return b"".join(read_blocks(path, stream)).decode("utf-8")
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{path}: cannot be read: {reason(error)}") from error
