"""What the processes of a run have written into its journal, found by key: the answers of one serve all.

A process looks into the journal folder at its first call, and every few seconds while it asks: it
lists the indexes, reads what is new in some of them (those that stopped growing first, since their
process may be dead and its bundles may run here next), and remembers where which reply lies. A call
whose reply lies somewhere reads that line and is not asked.

What that costs a thousand processes that write into one folder at 20 replies a second, all of them
asking: a look every 50 s with a read or two in it, 20 kB/s for each, 60 requests a second and 20 MB/s
for all. A new process reads 80 MB of index at most, and never a journal.

All of it happens in threads; the event loop searches in memory, some microseconds a call. Nothing here
raises: what cannot be read or is damaged is asked again.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from transforms.inference.journal.index_reader import IndexReader, Segment, open_reader
from transforms.inference.journal.reply_index import MOST_REPLIES, RECORD_BYTES, Place, ReplyIndex, hash_key, unpack_records

# Seconds between two looks: at least, and for every process that has an index.
LOOK_S = 2.0
LOOK_S_A_PROCESS = 0.05
# Pieces of index read in one look, but for the first.
READS_A_LOOK = 16
# Bytes of those that still grow, after which a look reads no more of them: their processes live, so nobody else asks
# what they ask, unless an engine begins a whole stage again.
GROWING_BYTES_A_LOOK = 1 << 20
# At the first look an index counts as growing if it was written so many seconds before the newest.
GROWING_S = 30.0
# Calls wait for a look that comes so much later than it was due: the first, and one after a lull, when the work of
# others may come. While calls come all the time none waits.
LATE_S = 10.0
# A store that hangs is waited for so long from the beginning of a look.
LOOK_WAIT_S = 30.0
# Threads that read indexes, and as many that read replies.
READERS = 8
# A key written so often was damaged so often, or two keys have one hash.
_PLACES_TRIED = 3

_LOGGER = logging.getLogger(__name__)


class JournalLookup:
    """The journal of one folder, as a process knows it. Used from the event loop only, where `remember` is told each reply."""

    def __init__(
        self, folder: str, remember: Callable[[str, str], None], reader: IndexReader | None = None, most: int = MOST_REPLIES
    ) -> None:
        self._folder = folder
        self._remember = remember
        self._reader = reader or open_reader(folder)
        self._indexes = _Indexes(self._reader, most)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="journal-read")
        self._reading: dict[Hashable, asyncio.Future[dict[str, str]]] = {}
        self._look: asyncio.Future[None] | None = None  # the one that goes on
        self._began = 0.0
        self._next_look = float("-inf")
        self._late = self._told = self._closed = False

    async def look_up(self, key: str) -> str | None:
        """The reply of a key; None, at once, if none is known and there is nothing to wait for."""
        now = time.monotonic()
        if now >= self._next_look and self._look is None and not self._closed:
            self._begin_look(now)
        if self._look is not None and self._late and now - self._began < LOOK_WAIT_S:
            await asyncio.wait([self._look], timeout=self._began + LOOK_WAIT_S - now)
        for place in self._indexes.replies.find(hash_key(key))[:_PLACES_TRIED]:
            text = (await self._fetch(place)).get(key)
            if text is not None:
                return text
        return None

    def close(self) -> None:
        """Begin nothing more."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin_look(self, now: float) -> None:
        loop = asyncio.get_running_loop()
        self._began, self._late = now, now - self._next_look > LATE_S
        self._look = loop.create_future()
        # Of its own and a daemon: a store that hangs must hold up neither replies nor the end of the process.
        threading.Thread(target=self._look_around, args=(loop,), name="journal-look", daemon=True).start()

    def _look_around(self, loop: asyncio.AbstractEventLoop) -> None:
        error: Exception | None = None
        try:
            self._indexes.look()
        except Exception as failure:  # each file system has errors of its own
            error = failure
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(self._end_look, error)

    def _end_look(self, error: Exception | None) -> None:
        look, self._look = self._look, None
        self._next_look = time.monotonic() + max(LOOK_S, LOOK_S_A_PROCESS * self._indexes.processes)
        if look is not None:
            look.set_result(None)
        if error is not None and not self._told and not self._closed:
            self._told = True
            _LOGGER.warning("%s cannot be searched; what other processes paid for may be asked again: %s", self._folder, error)

    async def _fetch(self, place: Place) -> dict[str, str]:
        """The replies at a place, once however many ask for them at the same time."""
        name = self._indexes.names[place.source]
        unit = self._reader.unit(name, place.where)
        reading = self._reading.get(unit)
        if reading is None:
            if self._closed:
                return {}
            loop = asyncio.get_running_loop()
            reading = self._reading[unit] = loop.run_in_executor(self._pool, _replies_at, self._reader, name, place)
            reading.add_done_callback(partial(self._fetched, unit))
        await asyncio.wait([reading])
        return {} if reading.cancelled() else reading.result()

    def _fetched(self, unit: Hashable, reading: asyncio.Future[dict[str, str]]) -> None:
        del self._reading[unit]
        if not reading.cancelled():
            for key, text in reading.result().items():
                self._remember(key, text)


def _replies_at(reader: IndexReader, name: str, place: Place) -> dict[str, str]:
    """The replies that lie at a place, by key; none if it cannot be read."""
    try:
        return {entry.key: entry.text for entry in reader.entries(name, place.where, place.length)}
    except Exception as error:
        _LOGGER.debug("A reply of %s cannot be read: %s", name, error)
        return {}


class _Indexes:
    """The indexes of a folder as far as they were read. `look` is for one thread at a time."""

    def __init__(self, reader: IndexReader, most: int) -> None:
        self.reader = reader
        self.replies = ReplyIndex(most)
        self.names: list[str] = []  # by source
        self.processes = 0
        self._bytes: dict[tuple[str, int], int] = {}  # read, or not wanted, of each piece
        self._sizes: dict[tuple[str, int], int] | None = None  # of the pieces that grow, at the last look
        self._read_at: dict[tuple[str, int], int] = {}  # the number of the look in which one was read
        self._looks = 0

    def look(self) -> None:
        """Take in what is new. Raises what the file system does; what was read before stays."""
        growing = self.reader.growing()
        self.processes = len({segment.name for segment in growing})
        if self._sizes is None:
            # The newest replies of all, as many as can be known at once; the rest is never read. One just laid aside
            # lies there twice.
            segments = list({segment.piece: segment for segment in (*growing, *self.reader.full())}.values())
            newest = max((segment.updated for segment in segments), default=0.0)
            segments.sort(key=lambda segment: (segment.updated > newest - GROWING_S, -segment.updated, -segment.first))
            self._take(segments, oldest=True)
        else:
            self._take_some([segment for segment in growing if self._new_bytes(segment)], self._sizes)
        self._sizes = {segment.piece: segment.size for segment in growing}
        self._looks += 1

    def _take_some(self, segments: list[Segment], sizes: dict[tuple[str, int], int]) -> None:
        """A later look: what is new in a few of them, those first that have not grown since the last look."""
        segments.sort(key=lambda s: (sizes.get(s.piece) != s.size, self._read_at.get(s.piece, -1)))
        chosen: list[Segment] = []
        growing_bytes = 0
        for segment in segments[:READS_A_LOOK]:
            if growing_bytes >= GROWING_BYTES_A_LOOK:
                break
            if sizes.get(segment.piece) != segment.size:
                growing_bytes += self._new_bytes(segment)
            chosen.append(segment)
            self._read_at[segment.piece] = self._looks
        # One that begins anew has laid others aside since.
        begun = {segment.name for segment in chosen if segment.first and segment.piece not in self._bytes}
        full = [segment for name in sorted(begun) for segment in self.reader.full(name) if segment.name == name]
        missed = sorted((segment for segment in full if self._new_bytes(segment)), key=lambda segment: segment.first)
        self._take(missed)
        self._take(chosen)

    def _new_bytes(self, segment: Segment) -> int:
        return max(0, segment.size - self._bytes.get(segment.piece, 0))

    def _take(self, segments: list[Segment], oldest: bool = False) -> None:
        """Read what is new in these, a few at a time: what lies read and unsorted is memory too."""
        with ThreadPoolExecutor(READERS) as pool:
            for first in range(0, len(segments), READERS):
                room = (self.replies.room if oldest else self.replies.most) * RECORD_BYTES
                few, starts = segments[first : first + READERS], []
                for segment in few:
                    wanted = min(self._new_bytes(segment), room)
                    starts.append(segment.size - wanted)
                    room -= wanted if oldest else 0
                for segment, start, data in zip(few, starts, pool.map(self._data, few, starts), strict=True):
                    if data is None:
                        continue  # perhaps next time
                    self._bytes[segment.piece] = start + len(data) - len(data) % RECORD_BYTES
                    if data:
                        if segment.name not in self.names:
                            self.names.append(segment.name)
                        self.replies.add(self.names.index(segment.name), unpack_records(data), oldest)

    def _data(self, segment: Segment, start: int) -> bytes | None:
        if start >= segment.size:
            return b""
        try:
            return self.reader.records(segment, start)
        except Exception as error:  # a newer version has taken its place, or the file system fails
            _LOGGER.debug("%s cannot be read: %s", segment.path, error)
            return None
