"""One run at a time in an output folder: two would delete each other's files and pay twice."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.io.filesystems import FileSystems

LOCK_FILE = "run.lock"


@contextmanager
def only_run(output: str) -> Iterator[None]:
    """Hold the output folder for one run.

    Local folders only: object stores offer no way to make a file only if it is not there that Beam's
    file systems know of. The lock of a process that is gone is taken over.

    Raises:
        ValueError: another run holds the folder.
    """
    if FileSystems.get_scheme(output) is not None:
        yield
        return
    os.makedirs(output, exist_ok=True)
    path = os.path.join(output, LOCK_FILE)
    _take(path)
    try:
        yield
    finally:
        os.unlink(path)


def _take(path: str) -> None:
    mine = json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()
    for _ in range(2):
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            holder = _holder(path)
            if holder is not None:
                raise ValueError(
                    f"{path}: another run ({holder}) writes there; wait for it, or delete this file if it is gone"
                ) from None
            os.unlink(path)
        else:
            os.write(file, mine)
            os.close(file)
            return
    raise ValueError(f"{path}: another run took the folder at this moment; try again")


def _holder(path: str) -> str | None:
    """Who holds a lock, as text; None if it was a process of this machine that is gone."""
    try:
        with open(path, "rb") as file:
            row = json.loads(file.read())
        host, pid = str(row["host"]), int(row["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"
    if host == socket.gethostname():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
    return f"process {pid} on {host}"
