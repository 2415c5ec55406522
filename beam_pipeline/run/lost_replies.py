"""Notices that the journal of this process was deleted while the run goes on: what it paid for until then is kept nowhere.

The journal begins its file anew (see `FileJournal`), so that later replies are kept; the earlier ones are paid for again.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.run.paid import Paid
from beam_pipeline.run.progress import repeated

LOOK_S = 1.0


class LostReplies:
    """Looks for the journal files that this process writes in a local folder.

    Attributes:
        lost: whether one is gone.
        replies: about how many were paid for and are kept nowhere: all up to then, for a process writes one file.
    """

    def __init__(self, folder: str, paid: Paid) -> None:
        self._folder = folder
        self._paid = paid
        self._local = FileSystems.get_scheme(folder) is None
        self._before = set(self._files())
        self._seen: dict[str, int] = {}
        self.lost = False
        self.replies = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again, and say at once what is found."""
        if not self._local:
            yield
            return
        self._paid.at_first = self._note  # or nobody would have seen what is deleted within the first second
        with repeated(self.look, LOOK_S):
            yield

    def _note(self) -> None:
        """Note which files are there now."""
        self._note_files(self._files())

    def _note_files(self, there: dict[str, int]) -> None:
        self._seen = {name: number for name, number in there.items() if name not in self._before} | self._seen

    def look(self) -> None:
        """Look once."""
        if self.lost:
            return
        now = self._files()
        self._note_files(now)
        if any(now.get(name) != number for name, number in self._seen.items()):
            self.lost, self.replies = True, self._paid.replies
            print(
                f"{self._folder} was deleted while the run goes on: about {self.replies:,} replies that were paid for are "
                "lost; the run goes on, those that come are kept anew, and another run pays for the lost ones again",
                file=sys.stderr,
                flush=True,
            )

    def end_line(self) -> str:
        """What is said at the end; "" where nothing was lost."""
        if not self.lost:
            return ""
        return (
            f"error: {self._folder} was deleted while the run went on: {self.replies:,} replies that were paid for are kept "
            "nowhere, and another run pays for them again; what the run wrote is whole"
        )

    def _files(self) -> dict[str, int]:
        """The journal files of this process by name, and which files of the disk they are."""
        if not self._local:
            return {}
        try:
            own = f"-{os.getpid()}-"
            return {
                file.name: file.inode() for file in os.scandir(self._folder) if own in file.name and file.name.endswith(".jsonl")
            }
        except OSError:
            return {}
