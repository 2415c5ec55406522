"""A model server on this machine: a child process that is started, watched, and started again when it dies.

`ensure` is called every few seconds and never waits. What asks the model meanwhile waits as in any outage (`router.py`).
"""

import atexit
import http.client
import logging
import shlex
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from transforms.inference.config import HOST, ServeConfig
from transforms.inference.serving import die_with_parent

# So many starts in a row of which none has lasted, and the next one will not either.
MOST_STARTS, LASTED_S = 3, 300.0
# A server that works lists its models at once; one that has not for so long hangs.
LIST_TIMEOUT_S, HUNG_S = 10.0, 120.0
STOP_TIMEOUT_S = die_with_parent.TERM_S + 5.0
KEPT_LINES, LAST_WORDS_S = 20, 1.0
_LOGGER = logging.getLogger(__name__)


class ModelServer:
    """One server on this machine. Use from any thread."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._listener: threading.Thread | None = None
        self._started_at = self._answered_at = 0.0
        self._answered = False
        self._failures = 0
        self._failure = ""
        atexit.register(self.stop)

    def ensure(self) -> str:
        """See to it that the server runs: start it, or end one that hangs. Returns why it cannot be started, else ""."""
        with self._lock:
            if self._failure:
                return self._failure
            now = time.monotonic()
            if self._process is None:
                self._start(now)
            elif (status := self._process.poll()) is not None:
                self._ended(status)
                if not self._failure:
                    self._start(now)
            elif self._lists_models():
                if not self._answered:
                    _LOGGER.info("The model server answers after %.0f s.", now - self._started_at)
                self._answered, self._answered_at = True, now
                if now - self._started_at > LASTED_S:
                    self._failures = 0
            elif self._answered and now - self._answered_at > HUNG_S:
                _LOGGER.warning("The model server has not answered for %.0f s: it is ended and started again.", HUNG_S)
                self._end()
            elif not self._answered and now - self._started_at > self._config.start_timeout_s:
                self._said.append(f"no answer within {self._config.start_timeout_s:g} s")
                self._end()
            return self._failure

    def stop(self) -> None:
        """End the server, if there is one; `ensure` would start another."""
        with self._lock:
            self._end()
            self._process, self._failures, self._failure = None, 0, ""

    def _start(self, now: float) -> None:
        command = [sys.executable, "-I", str(Path(die_with_parent.__file__)), *self._config.arguments]
        _LOGGER.info("Starting the model server: %s", shlex.join(command[3:]))
        self._said.clear()
        self._started_at, self._answered = now, False
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._listener = threading.Thread(target=self._listen, args=(process,), name="model-server-output", daemon=True)
        self._listener.start()
        self._process = process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Log what the server prints, and keep the end of it for an error."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                text = line.decode(errors="replace").rstrip()
                if text:
                    self._said.append(text)
                    _LOGGER.info("%s", text)

    def _ended(self, status: int) -> None:
        self._close()
        if self._listener is not None:
            self._listener.join(LAST_WORDS_S)
        said = self._said[-1] if self._said else "it printed nothing"
        _LOGGER.warning("The model server ended with status %d: %s", status, said)
        self._failures += 1
        if status == die_with_parent.NOT_FOUND:
            self._failure = f"the model server: {said}"
        elif self._failures >= MOST_STARTS:
            what = "dies soon after its start" if self._answered else "does not start"
            self._failure = f"the model server {what} ({self._failures} times, exit status {status}): {said}"

    def _lists_models(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._config.port, timeout=LIST_TIMEOUT_S)
        try:
            connection.request("GET", "/v1/models")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _close(self) -> None:
        """Let go of the server: `die_with_parent` ends what is left of it."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()

    def _end(self) -> None:
        if self._process is None:
            return
        self._close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
