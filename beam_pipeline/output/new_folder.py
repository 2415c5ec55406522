"""A folder that is new: nothing in it is overwritten, and its files appear when all of them are written."""

import os

from beam_pipeline.output.folder import list_output
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.staged_files import StagedFiles

_TEMP = "beam-temp-new-"


class NewFolderError(ValueError):
    """The folder cannot be used; the message says why."""


class NewFolder(StagedFiles):
    """Files of a new folder, which get their names by `commit`; `option` is the one that names it.

    Raises:
        NewFolderError: the folder holds files, or cannot be looked at.
    """

    def __init__(self, path: str, option: str = "--output") -> None:
        super().__init__(path, _TEMP)
        self._option = option
        if any(character in path for character in "*?["):
            raise NewFolderError(f"{option} {path}: must not have *, ? or [ in its name")
        if self._local and os.path.isfile(path):
            raise NewFolderError(f"{option} {path}: is a file; name a folder")
        try:
            there = list_output(self._path)
        except Exception as error:  # each file system has errors of its own
            raise NewFolderError(f"{option} {path}: cannot be used: {reason(error)}") from error
        if there:
            raise NewFolderError(f"{option} {path}: already holds files; name another folder")

    def commit(self) -> list[str]:
        """Give all files their names; returns these."""
        try:
            self._put_in_place()
        except Exception as error:  # each file system has errors of its own
            raise NewFolderError(f"{self._option} {self._path}: cannot be written: {reason(error)}") from error
        return list(self._written)
