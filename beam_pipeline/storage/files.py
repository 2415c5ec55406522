"""Bytes of files: formats by name, files that are opened and unpacked, blocks and lines."""

import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.compression import BLOCK_BYTES, PACKINGS, WindowTooLarge, head_of, packing_of
from transforms.errors import one_line

_T = TypeVar("_T")

SUFFIXES = {
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), "jsonl"),
    **{".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".tsv": "tsv"},
    **dict.fromkeys((".txt", ".text", ".md", ".markdown"), "text"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".warc", ".wet", ".arc"), "warc"),
}
INPUT_FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
# What no reader waits for: a pipe or a device may never end, and a folder holds no bytes.
_NO_FILES = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class BrokenFile(Exception):
    """A file cannot be read, or not any further. `error` is the name for its dead letter."""

    def __init__(self, message: str, error: str = "UnreadableFile") -> None:
        super().__init__(message)
        self.error = error


def format_of(path: str) -> str | None:
    """The format that a file's name tells, behind any compression suffix; None if it tells none."""
    lowered = path.lower()
    for packing in PACKINGS:
        lowered = lowered.removesuffix(packing.suffix)
    return next((name for suffix, name in SUFFIXES.items() if lowered.endswith(suffix)), None)


def open_file(path: str) -> BinaryIO:
    """Open a file of any file system that Beam knows, as the bytes that are stored.

    Beam's own decompression takes a file that was cut off for a whole one, so it is not used. OSError for what is no file.
    """
    if what := no_file(path):
        raise OSError(f"is {what}, not a file")
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def no_file(path: str) -> str:
    """What a local path is that is there and cannot be read as a file; "" for a file, and for what is not there."""
    if FileSystems.get_scheme(path) is not None:
        return ""
    try:
        return _NO_FILES.get(stat.S_IFMT(os.stat(path).st_mode), "")
    except (OSError, ValueError):
        return ""


def reason(error: BaseException) -> str:
    """What an exception says, on one line; of Beam's collective error, what the first one in it says."""
    while isinstance(error, BeamIOError) and error.exception_details:
        error = next(iter(error.exception_details.values()))
    return one_line(error)


def read_blocks(path: str, stream: BinaryIO) -> Iterator[bytes]:
    """The content of a file, unpacked, in pieces; `BrokenFile` when all that can be read was yielded."""
    guarded = guard_reading(_unpacked(path, stream))
    first = next(guarded, b"")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenFile("the file is UTF-16; convert it to UTF-8")
    yield first
    yield from guarded


def _unpacked(path: str, stream: BinaryIO) -> Iterator[bytes]:
    packing = packing_of(head_of(stream), path)
    yield from packing.unpack(stream) if packing else iter(lambda: stream.read(BLOCK_BYTES), b"")


def split_lines(blocks: Iterator[bytes], max_bytes: int, end: bytes = b"\n") -> Iterator[tuple[int, bytes, int]]:
    """Cut blocks into (line number from 1, line without its end, size in bytes).

    Of a line longer than `max_bytes` only the beginning is kept.
    """
    number, held, size = 1, bytearray(), 0
    for block in blocks:
        for index, piece in enumerate(block.split(end)):
            if index:  # the line before this piece has ended
                yield number, bytes(held).removesuffix(b"\r"), size
                number, held, size = number + 1, bytearray(), 0
            held += piece[: max(0, max_bytes - size)]
            size += len(piece)
    if size:
        yield number, bytes(held).removesuffix(b"\r"), size


def guard_reading(items: Iterator[_T]) -> Iterator[_T]:
    """Pass items on; whatever their reading raises becomes `BrokenFile`.

    What is guarded runs code of others only (file systems, decompressors, Parquet), each with errors
    of its own; a bug of ours cannot hide in it.
    """
    try:
        yield from items
    except BrokenFile:
        raise
    except WindowTooLarge as error:
        raise BrokenFile(str(error)) from error
    except Exception as error:
        raise BrokenFile(f"cannot be read any further: {reason(error)}") from error
