"""Replies that were paid for: those in memory, and those in the journal, of this process and of others."""

from collections import OrderedDict
from collections.abc import Callable

from transforms.errors import FatalError
from transforms.inference.client.chat import Completion
from transforms.inference.client.embeddings import Origin
from transforms.inference.journal.lookup import JournalLookup
from transforms.inference.journal.writer import Journal, open_journal

# Replies kept in memory so that a retried bundle of some thousand documents pays nothing; about 1 kB each.
REMEMBERED_REPLIES = 20_000


class Replies:
    """The replies that a process knows, by the keys of their requests. For the event loop, but for `flush` and `close`.

    `failed` is told that a journal cannot be written any more.
    """

    def __init__(self, failed: Callable[[FatalError], None]) -> None:
        self._failed = failed
        self._memory: OrderedDict[str, str] = OrderedDict()
        self._journals: dict[str, Journal] = {}
        self._lookups: dict[str, JournalLookup] = {}

    def recall(self, key: str) -> str | None:
        """What is remembered under a key, and from now on as if it had come now."""
        text = self._memory.get(key)
        if text is not None:
            self._memory.move_to_end(key)
        return text

    def remember(self, key: str, text: str) -> None:
        """Keep a reply in memory; the oldest goes."""
        self._memory[key] = text
        if len(self._memory) > REMEMBERED_REPLIES:
            self._memory.popitem(last=False)

    async def look_up(self, folder: str, key: str) -> str | None:
        """What some process of the run has journalled for a key, if that is known."""
        if not folder:
            return None
        if folder not in self._lookups:
            self._lookups[folder] = JournalLookup(folder, self.remember)
        return await self._lookups[folder].look_up(key)

    def keep(self, origin: Origin, key: str, completion: Completion) -> None:
        """Remember a good reply, and write it into the journal. Raises FatalError."""
        self.remember(key, completion.text)
        folder = origin.config.journal
        if not folder:
            return
        if folder not in self._journals:
            self._journals[folder] = open_journal(folder)
        try:
            self._journals[folder].append(origin, key, completion)
        except FatalError as error:
            self._failed(error)
            raise

    def flush(self) -> None:
        """Make every reply so far durable."""
        for journal in list(self._journals.values()):
            journal.flush()

    def close(self) -> None:
        """Make every reply durable, and let go of the folders. Raises FatalError: some cannot be."""
        for lookup in self._lookups.values():
            lookup.close()
        errors = []
        for journal in self._journals.values():
            try:
                journal.close()
            except FatalError as error:  # the others' replies are to be kept all the same
                errors.append(error)
        if errors:
            raise errors[0]
