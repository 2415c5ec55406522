"""A small file that is there whole or not at all: written beside its name, and renamed."""

import os
import re
import uuid
from contextlib import suppress

from apache_beam.io.filesystems import FileSystems

_BESIDE = re.compile(r"\.[0-9a-f]{8}\.tmp")


def write_whole(path: str, data: bytes, mime_type: str = "application/octet-stream") -> None:
    """Write a file on any file system, in place of what is there. Raises what the file system raises; what was there stays then.

    An object store shows an object when all of it has come, so there it is written under its own name.
    """
    if FileSystems.get_scheme(path) is not None:
        with FileSystems.create(path, mime_type=mime_type, compression_type="uncompressed") as file:
            file.write(data)
        return
    beside = f"{path}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        with open(beside, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def named_at_last(name: str) -> str:
    """The name that a file gets which is written beside it; the name itself of any other."""
    return name[: found.start()] if (found := _BESIDE.search(name, max(0, len(name) - 13))) and found.end() == len(name) else name
