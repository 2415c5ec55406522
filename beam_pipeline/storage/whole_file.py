"""A file that is there whole or not at all: written beside its name, and renamed."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from apache_beam.io.filesystems import FileSystems

_BESIDE = re.compile(r"\.[0-9a-f]{8}\.tmp")


@contextmanager
def whole_file(path: str, mime_type: str = "application/octet-stream") -> Iterator[BinaryIO]:
    """A file to write on any file system, in place of what is there. Raises what the file system raises.

    After an error, of whichever kind, what was there stays. An object store shows an object when it is closed, so there it is
    written under its own name, and what an error of the writer cuts short is shown.
    """
    if FileSystems.get_scheme(path) is not None:
        with FileSystems.create(path, mime_type=mime_type, compression_type="uncompressed") as file:
            yield cast(BinaryIO, file)
        return
    beside = f"{path}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def write_whole(path: str, data: bytes, mime_type: str = "application/octet-stream") -> None:
    """Write a small file; see `whole_file`."""
    with whole_file(path, mime_type) as file:
        file.write(data)


def named_at_last(name: str) -> str:
    """The name that a file gets which is written beside it; the name itself of any other."""
    return name[: found.start()] if (found := _BESIDE.search(name, max(0, len(name) - 13))) and found.end() == len(name) else name
