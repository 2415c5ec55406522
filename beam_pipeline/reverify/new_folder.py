"""A folder that is new: nothing in it is overwritten, and its files appear when all of them are written."""

import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.folder import list_output
from beam_pipeline.storage.files import reason

_TEMP = "beam-temp-reverify-"


class NewFolderError(ValueError):
    """The folder cannot be used; the message says why."""


class NewFolder(AbstractContextManager["NewFolder"]):
    """Files of a new folder: written under other names, renamed by `commit`, deleted if that is not reached.

    Raises:
        NewFolderError: the folder holds files, or cannot be looked at.
    """

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/") or path
        self._local = FileSystems.get_scheme(self._path) is None
        if any(character in path for character in "*?["):
            raise NewFolderError(f"--output {path}: must not have *, ? or [ in its name")
        if self._local and os.path.isfile(path):
            raise NewFolderError(f"--output {path}: is a file; name a folder")
        try:
            there = list_output(self._path)
        except Exception as error:  # each file system has errors of its own
            raise NewFolderError(f"--output {path}: cannot be used: {reason(error)}") from error
        if there:
            raise NewFolderError(f"--output {path}: already holds files; name another folder")
        self._temporary = FileSystems.join(self._path, f"{_TEMP}{uuid.uuid4().hex[:8]}")
        self._written: dict[str, str] = {}

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """Write a file; `name` is relative to the folder."""
        path = FileSystems.join(self._temporary, f"{len(self._written):05}")
        self._written[name] = path
        with FileSystems.create(path, "application/octet-stream", compression_type="uncompressed") as file:
            yield file

    def commit(self) -> list[str]:
        """Give all files their names; returns these."""
        targets = [FileSystems.join(self._path, *name.split("/")) for name in self._written]
        try:
            for target in targets if self._local else ():
                os.makedirs(os.path.dirname(target), exist_ok=True)
            FileSystems.rename(list(self._written.values()), targets)
        except Exception as error:  # each file system has errors of its own
            raise NewFolderError(f"--output {self._path}: cannot be written: {reason(error)}") from error
        return list(self._written)

    def __exit__(self, *_: object) -> None:
        written = [self._temporary] if self._local else list(self._written.values())
        if left := [path for path in written if FileSystems.exists(path)]:
            FileSystems.delete(left)
