"""Files that appear together: written under other names, then renamed, and deleted if that is not reached."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO, TypeVar

from apache_beam.io.filesystems import FileSystems

_Staged = TypeVar("_Staged", bound="StagedFiles")


class StagedFiles:
    """The files of a folder on any file system, until they get their names.

    What is left of them when the context ends, with an error or without, is deleted.
    """

    def __init__(self, path: str, prefix: str) -> None:
        """`prefix` begins the name of the folder that holds the files until then, within `path`."""
        self._path = path.rstrip("/") or path
        self._local = FileSystems.get_scheme(self._path) is None
        self._prefix = prefix
        self._written: dict[str, str] = {}

    @cached_property
    def _temporary(self) -> str:
        return FileSystems.join(self._path, f"{self._prefix}{uuid.uuid4().hex[:8]}")

    def __enter__(self: _Staged) -> _Staged:
        return self

    def __exit__(self, *_: object) -> None:
        # By their names, because an object store knows no folder that could be deleted.
        written = [self._temporary] if self._local else list(self._written.values())
        if left := [path for path in written if FileSystems.exists(path)]:
            FileSystems.delete(left)

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """Write a file; `name` is relative to the folder."""
        path = FileSystems.join(self._temporary, f"{len(self._written):05}")
        self._written[name] = path
        with FileSystems.create(path, "application/octet-stream", compression_type="uncompressed") as file:
            yield file

    def rename(self, old: str, new: str) -> None:
        """Give a file another name than it was created with."""
        self._written[new] = self._written.pop(old)

    def _put_in_place(self) -> None:
        targets = [FileSystems.join(self._path, *name.split("/")) for name in self._written]
        for target in targets if self._local else ():
            os.makedirs(os.path.dirname(target), exist_ok=True)
        FileSystems.rename(list(self._written.values()), targets)
