"""Serving the model on the workers themselves: one server on a machine, however many worker processes it has.

Whichever process comes first holds the server (Beam's `MultiProcessShared`). When the holder dies its server goes with
it, and another becomes the holder. A server that is starting, or starting again, is an outage: calls wait and lose nothing.
"""

import atexit
import contextlib
import hashlib
import logging
import os
import tempfile
import threading
from typing import Any

from apache_beam.utils.multi_process_shared import MultiProcessShared

from transforms.errors import FatalError
from transforms.inference.config import ServeConfig
from transforms.inference.runtime import get_runtime
from transforms.inference.serving.server_process import ModelServer

LOOK_S = 2.0
# So many looks without a way to the holder, and the note of where it is comes from somebody who is long gone.
LOST_LOOKS = 3
_LOGGER = logging.getLogger(__name__)


class ServerFailed(FatalError):
    """The model server of a worker cannot be started."""


class Keeper:
    """Looks after this machine's server of one model, from a thread of its own."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self._shared: Any = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="model-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no longer, and end the server if this process holds it."""
        self._over.set()
        self._thread.join()
        server = _servers.get(self._config)
        if server is not None:
            server.stop()

    def _keep(self) -> None:
        lost = 0
        while True:
            try:
                failure, lost = self._server().ensure(), 0
            except Exception as error:  # the process that held the server is gone, in whichever way that shows
                _LOGGER.info("The process that held the model server is gone (%s).", type(error).__name__)
                self._shared, failure, lost = None, "", lost + 1
                if lost % LOST_LOOKS == 0:
                    _forget(self._config)
            if failure:
                get_runtime().fail(ServerFailed(failure))
            if self._over.wait(LOOK_S):
                return

    def _server(self) -> Any:
        if self._shared is None:
            config = self._config
            self._shared = MultiProcessShared(lambda: _hold(config), tag=tag(config)).acquire()
        return self._shared


def tag(config: ServeConfig) -> str:
    """What all processes of a machine call the same server."""
    return f"webscale-qa-server-{hashlib.sha256(repr(config).encode()).hexdigest()[:16]}"


def _forget(config: ServeConfig) -> None:
    """Remove the note in which Beam keeps where the holder of a server can be reached."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(tempfile.gettempdir(), f"{tag(config)}.address"))


_servers: dict[ServeConfig, ModelServer] = {}
_keepers: dict[ServeConfig, Keeper] = {}
_lock = threading.Lock()


def _hold(config: ServeConfig) -> ModelServer:
    _servers[config] = ModelServer(config)
    return _servers[config]


def keep_serving(config: ServeConfig) -> None:
    """See to it, from now on and until the process ends, that this machine serves the model. Does not wait for it."""
    with _lock:
        if config not in _keepers:
            _keepers[config] = Keeper(config)


def stop_serving() -> None:
    """End what this process keeps running."""
    with _lock:
        keepers = list(_keepers.values())
        _keepers.clear()
    for keeper in keepers:
        keeper.close()


@atexit.register
def _leave() -> None:
    stop_serving()
    for config in _servers:
        _forget(config)
