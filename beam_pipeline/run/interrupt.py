"""Ctrl-C and its like: a first one ends the run in good order, a second one ends the process."""

import signal
import sys
from collections.abc import Callable
from typing import Any, TextIO


class StopOnInterrupt:
    """Ctrl-C does what was said to stop the run, so that it ends by itself; a second one ends the process.

    So do SIGTERM, by which machines and containers that are taken away say so, and SIGHUP, by which a terminal does.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, stream: TextIO = sys.stderr, signals: tuple[signal.Signals, ...] = SIGNALS) -> None:
        self.asked = False
        self._signals = signals
        self._stream = stream
        self._what: list[Callable[[], object]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopOnInterrupt":
        self._before = self.listen()
        return self

    def listen(self) -> dict[int, Any]:
        """Take the signals; returns whose they were."""
        try:
            return {number: signal.signal(number, self._stop) for number in self._signals}
        except ValueError:  # not the main thread: somebody else handles signals
            return {}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def then(self, what: Callable[[], object]) -> None:
        """Say what stops the run; called at once where that was asked for already."""
        self._what.append(what)
        if self.asked:
            what()

    def _stop(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._stream.write("\nstopping; once more to stop at once\n")
        for what in self._what:
            what()
