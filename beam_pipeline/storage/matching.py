"""Paths and globs of any file system that Beam knows: what they match, and whole small files."""

import os
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.data_folders import files_of_folder, scheme_hint, without_wildcards
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
    scheme = FileSystems.get_scheme(pattern)
    local = scheme is None
    if local and os.path.isfile(pattern):
        return {pattern: os.path.getsize(pattern)}  # also a name with brackets in it, which a glob could not match
    if hint := scheme_hint(pattern):
        raise ValueError(f"{pattern}: {hint}")
    folder = local and os.path.isdir(pattern)
    paths = {} if folder else _match(pattern, local)
    if not paths and local and "[" in pattern:
        paths = _match_in_named_folder(pattern)
    if not paths and (folder or not any(character in pattern for character in "*?[")):
        paths = files_of_folder(pattern.rstrip("/") or pattern, partial(_match, local=local))
    if not paths:
        raise ValueError(f"{pattern}: {_NO_FILES_IN_FOLDER if folder else 'no file matches'}")
    for path in paths:
        if not path.isascii() and path != path.encode("utf-8", "replace").decode("utf-8"):
            raise ValueError(f"{path.encode('utf-8', 'backslashreplace').decode()}: the file's name is not UTF-8; rename it")
    return paths


_NO_FILES_IN_FOLDER = "is a folder without files of a known format; name its files, and pass --input_format"


def _match_in_named_folder(pattern: str) -> dict[str, int]:
    """What a pattern matches if the brackets in a folder's name are taken as they are, where there is such a folder."""
    folder = os.path.dirname(pattern)
    while folder and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    found = _match(without_wildcards(folder) + pattern[len(folder) :], local=True) if "[" in folder else {}
    return {path: size for path, size in found.items() if path.startswith(f"{folder}/")}


def _match(pattern: str, local: bool) -> dict[str, int]:
    try:
        found = list_files(pattern)
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{pattern}: cannot be looked up: {reason(error)}") from error
    bare = local and _is_bare(pattern)
    return dict(sorted((file.path.removeprefix("./") if bare else file.path, file.size_in_bytes) for file in found))


def _is_bare(pattern: str) -> bool:
    """Whether a pattern begins with a wildcard's name, as "*.jsonl" or "*/a.jsonl": Beam looks for those in no folder at all."""
    return not os.path.dirname(re.split(r"[*?\[]", pattern, maxsplit=1)[0])


def list_files(pattern: str) -> list[Any]:
    """What a file system says of the files that a pattern matches. Raises whatever it raises."""
    bare = FileSystems.get_scheme(pattern) is None and _is_bare(pattern)
    [matched] = FileSystems.match([f"./{pattern}" if bare else pattern])
    return [file for file in matched.metadata_list if not file.path.endswith("/")]  # "folders" of a bucket


def read_text(path: str) -> str:
    """A small file of any file system as text; ValueError, one line, if it cannot be read."""
    try:
        with open_file(path) as stream:
            return b"".join(read_blocks(path, stream)).decode("utf-8")
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{path}: cannot be read: {reason(error)}") from error
