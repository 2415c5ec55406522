"""The body of a response: unpacked whatever its header says, and no more of it than a reply can need.

HTTP clients unpack what arrives in one go: 5 MB of packed spaces are a gigabyte of memory. Here a response is unpacked piece
by piece, and given up when it has become too long.
"""

import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2

# What is asked for; what comes otherwise packed is unpacked all the same, where the library for it is there.
ACCEPTED = "gzip, deflate"
# Bytes that are unpacked at once.
PIECE = 1 << 16
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

_PLAIN = re.compile(rb"[\t\n\r\x20-\x7e]+")  # packed text may begin with a bracket, and goes on otherwise

Unpack = Callable[[bytes], Iterator[bytes]]


class ReplyTooLong(httpx2.DecodingError):
    """A response has more bytes than any reply to its request can need."""


class CannotUnpack(httpx2.DecodingError):
    """A response is damaged, or packed in a way that is not known here."""


def bounded(most_bytes: Callable[[], int]) -> Callable[[httpx2.Response], Any]:
    """A response hook for an HTTP client: puts `BoundedBody` in the place of a response's body."""

    async def bound(response: httpx2.Response) -> None:
        packing = response.headers.pop("content-encoding", "").strip().lower()
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = BoundedBody(response.stream, packing, most_bytes())

    return bound


class BoundedBody(httpx2.AsyncByteStream):
    """The unpacked bytes of a body. Raises ReplyTooLong or CannotUnpack while it is read."""

    def __init__(self, body: httpx2.AsyncByteStream, packing: str, most: int) -> None:
        self._body, self._packing, self._most = body, packing, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length, unpack, head = 0, None, b""
        async for packed in self._body:
            if unpack is None:
                head += packed
                if len(head) < len(_ZSTD):
                    continue
                packed, unpack = head, _unpacker(head, self._packing)
            for piece in unpack(packed):
                length += len(piece)
                if length > self._most:
                    raise ReplyTooLong(f"the reply has more than {self._most:,} bytes, ten times what --max_tokens can need")
                yield piece
        if unpack is None and head:
            yield head

    async def aclose(self) -> None:
        await self._body.aclose()


def _unpacker(head: bytes, packing: str) -> Unpack:
    """By the first bytes, as headers lie: proxies unpack a body and leave the header, or the other way round."""
    if head.startswith(_GZIP):
        return _inflate(zlib.MAX_WBITS | 32)
    if head.startswith(_ZSTD):
        return _unzstd()
    if packing not in ("deflate", "br") or (head.lstrip()[:1] in (b"{", b"[") and _PLAIN.fullmatch(head[:64])):
        return lambda packed: iter((packed,))
    if packing == "br":
        return _unbrotli()
    return _inflate(zlib.MAX_WBITS if head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0 else -zlib.MAX_WBITS)


def _inflate(window_bits: int) -> Unpack:
    state = zlib.decompressobj(window_bits)

    def unpack(packed: bytes) -> Iterator[bytes]:
        nonlocal state
        piece = b""
        # A full piece may not be all that these bytes give, although all of them are taken.
        while packed or len(piece) == PIECE:
            if state.eof:  # another member
                state = zlib.decompressobj(window_bits)
            try:
                piece = state.decompress(packed, PIECE)
            except zlib.error as error:
                raise CannotUnpack(f"the reply cannot be unpacked: {error}") from error
            packed = state.unused_data if state.eof else state.unconsumed_tail
            yield piece

    return unpack


def _unzstd() -> Unpack:
    try:
        import zstandard
    except ImportError:
        raise CannotUnpack("the reply is packed with zstd; pip install zstandard, or have it sent as it is") from None
    # Bounds the window, and with it what one piece of input can become: 128 kB a block.
    state = zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj()

    def unpack(packed: bytes) -> Iterator[bytes]:
        for start in range(0, len(packed), 256):
            try:
                yield state.decompress(packed[start : start + 256])
            except zstandard.ZstdError as error:
                raise CannotUnpack(f"the reply cannot be unpacked: {error}") from error

    return unpack


def _unbrotli() -> Unpack:
    try:
        import brotli
    except ImportError:
        raise CannotUnpack("the reply is packed with brotli; pip install brotli, or have it sent as it is") from None
    state = brotli.Decompressor()

    def unpack(packed: bytes) -> Iterator[bytes]:
        try:
            piece = state.process(packed, output_buffer_limit=PIECE)
            while piece:  # it also says that it takes more while it holds back what it has
                yield piece
                piece = b"" if state.is_finished() else state.process(b"", output_buffer_limit=PIECE)
        except brotli.error as error:
            raise CannotUnpack(f"the reply cannot be unpacked: {error}") from error

    return unpack
