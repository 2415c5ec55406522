"""Notices that the journal of this process was deleted while the run goes on: what it paid for is then kept nowhere.

The file stays open, so that writing to it goes on without an error, and nobody would know before the next run pays again.
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
    """Looks for the journal files that this process writes in a local folder. `lost` says whether one is gone."""

    def __init__(self, folder: str, paid: Paid) -> None:
        self._folder = folder
        self._paid = paid
        self._local = FileSystems.get_scheme(folder) is None
        self._before = set(self._files())
        self._seen: dict[str, int] = {}
        self.lost = False

    @property
    def replies(self) -> int:
        """How many replies were paid for and are kept nowhere; all of them, for a process writes one file."""
        return self._paid.replies if self.lost else 0

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
        self._seen.update((name, number) for name, number in self._files().items() if name not in self._before)

    def look(self) -> None:
        """Look once."""
        if self.lost:
            return
        now = self._files()
        self._seen.update((name, number) for name, number in now.items() if name not in self._before and name not in self._seen)
        if any(now.get(name) != number for name, number in self._seen.items()):
            self.lost = True
            print(
                f"{self._folder} was deleted while the run goes on: about {self._paid.replies:,} replies that were paid for are "
                "lost, and those that come are not kept; the run goes on, and if it is stopped all is paid for again",
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
