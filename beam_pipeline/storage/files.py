"""Bytes of files: formats by name, decompression in bounded memory, blocks and lines."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, TypeVar

import zstandard
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from transforms.errors import one_line

_T = TypeVar("_T")

SUFFIXES = {
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), "jsonl"),
    **{".parquet": "parquet", ".txt": "text"},
    **dict.fromkeys((".warc", ".wet", ".arc"), "warc"),
}
INPUT_FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
BLOCK_BYTES = 1 << 20
# zstd can blow 4 bytes up to 128 kB; so small a step keeps even a hostile file within 32 MB, at no cost.
_ZSTD_STEP = 1 << 10
# Corpora packed with `zstd --long=31` need the largest window there is.
_ZSTD_WINDOW = 1 << 31


class BrokenFile(Exception):
    """A file cannot be read, or not any further. `error` is the name for its dead letter."""

    def __init__(self, message: str, error: str = "UnreadableFile") -> None:
        super().__init__(message)
        self.error = error


def format_of(path: str) -> str | None:
    """The format that a file's name tells, behind any compression suffix; None if it tells none."""
    lowered = path.lower()
    for suffix in _DECOMPRESSORS:
        lowered = lowered.removesuffix(suffix)
    return next((name for suffix, name in SUFFIXES.items() if lowered.endswith(suffix)), None)


def open_file(path: str) -> BinaryIO:
    """Open a file of any file system that Beam knows, as the bytes that are stored.

    Beam's own decompression takes a file that was cut off for a whole one, so it is not used.
    """
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def reason(error: BaseException) -> str:
    """What an exception says, on one line; of Beam's collective error, what the first one in it says."""
    while isinstance(error, BeamIOError) and error.exception_details:
        error = next(iter(error.exception_details.values()))
    return one_line(error)


def read_blocks(path: str, stream: BinaryIO) -> Iterator[bytes]:
    """The content of a file, decompressed as its name tells, in pieces; `BrokenFile` when all that can be read was yielded."""
    blocks = iter(lambda: stream.read(BLOCK_BYTES), b"")
    for suffix, decompress in _DECOMPRESSORS.items():
        if path.lower().endswith(suffix):
            blocks = decompress(stream)
    guarded = guard_reading(blocks)
    first = next(guarded, b"")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenFile("the file is UTF-16; convert it to UTF-8")
    yield first
    yield from guarded


def split_lines(blocks: Iterator[bytes], max_bytes: int) -> Iterator[tuple[int, bytes, int]]:
    """Cut blocks into (line number from 1, line without its end, size in bytes).

    Of a line longer than `max_bytes` only the beginning is kept.
    """
    number, held, size = 1, bytearray(), 0
    for block in blocks:
        for index, piece in enumerate(block.split(b"\n")):
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
    except Exception as error:
        raise BrokenFile(f"cannot be read any further: {reason(error)}") from error


def _decompress(open_compressed: Callable[[BinaryIO], Any], stream: BinaryIO) -> Iterator[bytes]:
    content = open_compressed(stream)
    # `read1` gives what there is before it meets the place where a file breaks; `read` loses it.
    return iter(lambda: content.read1(BLOCK_BYTES), b"")


def _decompress_zstd(stream: BinaryIO) -> Iterator[bytes]:
    frame = None
    while step := stream.read(_ZSTD_STEP):
        while step:
            frame = frame or zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            if block := frame.decompress(step):
                yield block
            step = frame.unused_data
            if frame.eof:
                frame = None
    if frame is not None:
        raise EOFError("the file ends in the middle of a zstd frame")


_DECOMPRESSORS: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {
    ".gz": partial(_decompress, lambda stream: gzip.GzipFile(fileobj=stream)),
    ".bz2": partial(_decompress, bz2.BZ2File),
    ".xz": partial(_decompress, lzma.LZMAFile),
    ".zst": _decompress_zstd,
}
