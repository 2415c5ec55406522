"""How long a reply is waited for: as long as its server works.

A time-out that begins with the request throws work away wherever a server is slow or has a line: whatever waited longest is
given up, asked again at the end of the line, and given up again. So the clock runs while the server is silent. It begins anew
with each reply to anybody, and does not end while the server says of itself that it goes on (see `self_report`). What hangs
although the server works is known by the others: many requests that were begun later have their replies, and it has taken
several times as long for its length as any of the last ones.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from transforms.inference.client.error_classes import TimedOut

T = TypeVar("T")

# Nothing is held to hang before; below it one stall of a server would do.
SHORTEST_S = 10.0
# A hung request has been overtaken by as many as are on the wire, and by so many at least.
OVERTAKEN = 8
# Times as long, for its length, as the slowest of so many last replies; these are too few to learn from.
TIMES_AS_LONG, REMEMBERED, ENOUGH = 4.0, 256, 16
# A reply takes as long as so many characters of a prompt, besides those it has: it has to be written.
WRITING = 4_000
# A silent server is looked at twice, the second time after this share of the time-out.
BETWEEN_LOOKS = 0.25


class Patience:
    """Waits for the replies of one endpoint. Use from one event loop only.

    `look` gives something that changes while the server works, or None where that is not known or there is no work.
    """

    def __init__(self, look: Callable[[float], Awaitable[object]]) -> None:
        self._look = look
        self._looking: asyncio.Future[bool] | None = None
        self._on_wire = 0
        self._worked_at = -math.inf  # when it was last known to work
        self._replies: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # when begun, and seconds a character

    async def reply(self, sending: Awaitable[T], characters: int, timeout_s: float) -> T:
        """The result of `sending`, a request of so many characters; the server may be silent for `timeout_s`.

        Raises TimedOut. `asyncio.wait_for` before Python 3.12 loses a cancellation that comes together with the result.
        """
        task, begun = asyncio.ensure_future(sending), time.monotonic()
        self._on_wire += 1
        try:
            while not task.done():
                now = time.monotonic()
                left_s = max(begun, self._worked_at) + timeout_s - now
                if self._hangs(begun, characters) or (left_s <= 0 and not await self._works(timeout_s) and not task.done()):
                    raise TimedOut(f"no reply within {now - begun:.1f} s")
                await asyncio.wait([task], timeout=min(max(left_s, 0.0), SHORTEST_S))
            result = task.result()
            self._worked_at = time.monotonic()
            self._replies.append((begun, (self._worked_at - begun) / (characters + WRITING)))
            return result
        finally:
            self._on_wire -= 1
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # seen, should this call have been cancelled meanwhile

    def _hangs(self, begun: float, characters: int) -> bool:
        """Whether the server has forgotten a request, or so it looks by the replies to others."""
        age_s = time.monotonic() - begun
        if age_s < SHORTEST_S or len(self._replies) < ENOUGH:
            return False
        overtaken = sum(other > begun for other, _ in self._replies)
        if overtaken < min(max(OVERTAKEN, self._on_wire), REMEMBERED):
            return False
        return age_s > TIMES_AS_LONG * max(rate for _, rate in self._replies) * (characters + WRITING)

    async def _works(self, timeout_s: float) -> bool:
        """Whether the server, which was silent for so long, says that it works; asked once for all who wait."""
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look_twice(timeout_s))
        looking = self._looking
        await asyncio.wait([looking])
        if self._looking is looking:
            self._looking = None
        return not looking.cancelled() and looking.result()

    async def _look_twice(self, timeout_s: float) -> bool:
        before = await self._look(timeout_s)
        if before is None:
            return False
        await asyncio.sleep(BETWEEN_LOOKS * timeout_s)
        after = await self._look(timeout_s)
        if after is None or after == before:
            return False
        self._worked_at = time.monotonic()
        return True
