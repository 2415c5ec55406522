"""Packed files: how a file is packed, by its first bytes, and what is in it, in bounded memory.

A name may be wrong in both directions, so the bytes decide. Each packed stream of a file is read and checked, the first and
those behind it: what no unpacker can use is an error, and never the quiet end of the file.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple

import zstandard

BLOCK_BYTES = 1 << 20
# What an unpacker may hold of the past. It is what `zstd -d` takes without being told otherwise; `xz -9` needs half of it.
WINDOW_BYTES = 1 << 27
HEAD_BYTES = 64
# zstd can blow 4 bytes up to 128 kB; so small a step keeps even a hostile file within 32 MB, at no cost.
_ZSTD_STEP = 1 << 10
_ZSTD_WINDOW, _ZSTD_HEADER = 1 << 31, 18
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A frame that is to be skipped; the first of these kinds, in archives of the web, holds the dictionary of all frames behind it.
_ZSTD_DICTIONARY, *_ZSTD_SKIPPED = (bytes((0x50 + kind, 0x2A, 0x4D, 0x18)) for kind in (0xD, *range(0xD), 0xE, 0xF))
_MAX_DICTIONARY_BYTES = 16 << 20


class WindowTooLarge(Exception):
    """A file needs more memory to be unpacked than it may have; the message says how to pack it again."""


class Packing(NamedTuple):
    """A way of packing: how a file's name tells it, how its bytes do, and what unpacks them."""

    suffix: str
    magics: tuple[bytes, ...]
    unpack: Callable[[BinaryIO], Iterator[bytes]]


def packing_of(head: bytes, path: str) -> Packing | None:
    """How a file is packed that begins with `head`; None if it is not.

    What only its name says counts where the bytes are no text: a damaged file is not taken for a plain one.
    """
    for packing in PACKINGS:
        if head.startswith(packing.magics):
            return packing
    named = next((packing for packing in PACKINGS if path.lower().endswith(packing.suffix)), None)
    if named is None or not head:
        return None
    cut_off = any(magic.startswith(head) for magic in named.magics)
    return named if cut_off or not _is_text(head) else None


def _is_text(head: bytes) -> bool:
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(head)  # a character that goes on behind the head
    return True


def head_of(stream: BinaryIO, size: int = HEAD_BYTES) -> bytes:
    """The first bytes of a stream that stands at its beginning; it will stand there again."""
    head = bytearray()
    while len(head) < size and (more := stream.read(size - len(head))):
        head += more
    stream.seek(0)
    return bytes(head)


class _Gzip:
    """A gzip member, with the interface of the unpackers of bz2 and xz."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, most)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data


def _unpack(name: str, magic: bytes, new: Callable[[], Any], stream: BinaryIO) -> Iterator[bytes]:
    """The content of packed streams in a row; null bytes may lie between them and behind them."""
    unpacker, packed, number = None, b"", 0
    while True:
        if not packed and (unpacker is None or unpacker.needs_input):
            packed = stream.read(BLOCK_BYTES)
            if not packed:
                break
        if unpacker is None:
            packed = packed.lstrip(b"\0") if number else packed
            while packed and len(packed) < len(magic) and (more := stream.read(BLOCK_BYTES)):
                packed += more
            if not packed:
                continue
            if number and not packed.startswith(magic):
                raise EOFError(f"behind {number} {name} stream{'s' if number > 1 else ''} lies something that is none")
            unpacker, number = new(), number + 1
        data = unpacker.decompress(packed, BLOCK_BYTES)
        packed = b""
        if unpacker.eof:
            packed, unpacker = unpacker.unused_data, None
        if data:
            yield data
    if unpacker is not None:
        raise EOFError(f"the file ends in the middle of a {name} stream")


def _unpack_xz(stream: BinaryIO) -> Iterator[bytes]:
    # A little more than the window, for what the unpacker keeps besides.
    new = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, WINDOW_BYTES + (1 << 20))
    try:
        yield from _unpack("xz", b"\xfd7zXZ\0", new, stream)
    except lzma.LZMAError as error:
        if "Memory usage" in str(error):
            raise WindowTooLarge(_too_large("xz -dc FILE | xz > NEW.xz")) from error
        raise


def _unpack_zstd(stream: BinaryIO) -> Iterator[bytes]:
    dictionary, frame, given, window = None, None, 0, 0
    while step := stream.read(_ZSTD_STEP):
        while step:
            if frame is None:
                while len(step) < _ZSTD_HEADER and (more := stream.read(_ZSTD_STEP)):
                    step += more
                if step.startswith(_ZSTD_DICTIONARY):
                    dictionary, step = _read_dictionary(step, stream)
                    continue
                frame = zstandard.ZstdDecompressor(dictionary, max_window_size=_ZSTD_WINDOW).decompressobj()
                given, window = 0, _window_of(step)
            block = frame.decompress(step)
            given += len(block)
            # A window takes no more memory than what has been unpacked.
            if min(given, window) > WINDOW_BYTES:
                raise WindowTooLarge(_too_large("zstd -dc --long=31 FILE | zstd > NEW.zst"))
            if block:
                yield block
            step = frame.unused_data
            if frame.eof:
                frame = None
    if frame is not None:
        raise EOFError("the file ends in the middle of a zstd frame")


def _window_of(packed: bytes) -> int:
    """How far back a frame may reach; 0 for one that is to be skipped, and for what is no frame."""
    try:
        return int(zstandard.get_frame_parameters(packed).window_size)
    except zstandard.ZstdError:
        return 0


def _read_dictionary(packed: bytes, stream: BinaryIO) -> tuple[zstandard.ZstdCompressionDict, bytes]:
    """The dictionary that a file begins with, which may be packed itself, and what was read behind it."""
    size = int.from_bytes(packed[4:8], "little")
    if size > _MAX_DICTIONARY_BYTES:
        raise WindowTooLarge(f"its dictionary has {size:,} bytes, more than {_MAX_DICTIONARY_BYTES:,}")
    while len(packed) < 8 + size:
        more = stream.read(BLOCK_BYTES)
        if not more:
            raise EOFError("the file ends in the middle of its dictionary")
        packed += more
    held = packed[8 : 8 + size]
    if held.startswith(_ZSTD_MAGIC):
        held = zstandard.ZstdDecompressor().decompress(held, max_output_size=_MAX_DICTIONARY_BYTES)
    return zstandard.ZstdCompressionDict(held), packed[8 + size :]


def _too_large(command: str) -> str:
    return f"it was packed for more than {WINDOW_BYTES >> 20} MiB of memory; pack it again: {command}"


PACKINGS = (
    Packing(".gz", (b"\x1f\x8b\x08",), partial(_unpack, "gzip", b"\x1f\x8b", _Gzip)),
    Packing(
        ".bz2",
        tuple(b"BZh%d%s" % (level, begins) for level in range(1, 10) for begins in (b"1AY&SY", b"\x17rE8P\x90")),
        partial(_unpack, "bzip2", b"BZh", bz2.BZ2Decompressor),
    ),
    Packing(".xz", (b"\xfd7zXZ\0",), _unpack_xz),
    Packing(".zst", (_ZSTD_MAGIC, _ZSTD_DICTIONARY, *_ZSTD_SKIPPED), _unpack_zstd),
)
