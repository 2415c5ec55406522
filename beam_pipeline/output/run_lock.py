"""One run at a time in an output folder: two would delete each other's files and pay twice."""

import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.output.names import LOCK_FILE

_LOGGER = logging.getLogger(__name__)


@contextmanager
def only_run(output: str) -> Iterator[None]:
    """Hold the output folder for one run.

    Local folders only: object stores offer no way to make a file only if it is not there that Beam's
    file systems know of. The operating system lets go of the lock when its process ends, however it
    ends; what the file says is for people.

    Raises:
        ValueError: another run holds the folder, or it cannot be written.
    """
    if FileSystems.get_scheme(output) is not None:
        yield
        return
    path = os.path.join(output, LOCK_FILE)
    try:
        os.makedirs(output, exist_ok=True)
        file = _take(path)
    except OSError as error:
        raise ValueError(f"{output}: cannot be used for output: {error.strerror}") from error
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)
        os.close(file)


def is_held(output: str) -> bool:
    """Whether a run of this machine writes in a local output folder; of others nobody knows."""
    if FileSystems.get_scheme(output) is not None:
        return False
    try:
        with open(os.path.join(output, LOCK_FILE), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no run has begun, or there are no locks here
        pass
    return False


def _take(path: str) -> int:
    """The open file that is locked."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 200).decode("utf-8", "replace").strip() or "just begun"
            os.close(file)
            raise ValueError(f"{path}: another run ({holder}) writes there; wait for it, or choose another --output") from None
        except OSError as error:
            _LOGGER.warning("%s: this file system has no locks (%s); see that no other run writes there.", path, error.strerror)
        if _is_at(file, path):
            break
        os.close(file)  # its holder ended and took the file away between our opening and locking it
    os.ftruncate(file, 0)
    os.write(file, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return file


def _is_at(file: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
