"""The demo endpoint as a child process, which ends with the process that started it."""

import atexit
import json
import os
import subprocess
import sys
import threading
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from beam_pipeline.demo_endpoint.server import READY

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0


class DemoEndpoint(AbstractContextManager["DemoEndpoint"]):
    """A running endpoint in a child process. Use as a context manager, or call `stop()`.

    `url` is the base URL for clients ("http://127.0.0.1:PORT/v1"). The child also ends by itself
    when this process dies, whatever way.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.url = url
        self._process = process
        atexit.register(self.stop)

    @classmethod
    def start(cls, **options: Any) -> "DemoEndpoint":
        """Start an endpoint and wait until it listens. `options` are fields of `EndpointConfig`.

        Raises:
            RuntimeError: it did not start; the child's own message is on standard error.
        """
        flags = ["--exit_with_parent", *(f"--{name}={value}" for name, value in options.items())]
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, "-m", "beam_pipeline.demo_endpoint", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,  # `-m` looks there first, and not among the files of the user
            env={**os.environ, "PYTHONPATH": path},
        )
        assert process.stdout is not None
        too_late = threading.Timer(START_TIMEOUT_S, process.kill)
        too_late.daemon = True
        too_late.start()
        line = process.stdout.readline().decode()
        too_late.cancel()
        started = cls(process, line.removeprefix(READY).strip())
        if not line.startswith(READY):
            started.stop()
            raise RuntimeError(f"the demo endpoint did not start (exit status {process.returncode}, said {line!r})")
        return started

    def stats(self) -> dict[str, Any]:
        """The endpoint's own figures, see `Server.stats`."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/stats", timeout=10) as response:
            figures: dict[str, Any] = json.load(response)
        return figures

    def stop(self) -> None:
        """Stop the child and wait for its end. A second call does nothing."""
        atexit.unregister(self.stop)
        # The end of its input is the child's sign to stop; one that is not listening yet is killed.
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()
