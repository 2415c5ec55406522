"""Bodies as they come: packed, packed otherwise than said, and far too long."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import brotli
import httpx2
import pytest
import zstandard

from transforms.inference.client.unpacking import BoundedBody, CannotUnpack, ReplyTooLong

TEXT = b'{"choices": []}' * 5_000
RAW_DEFLATE = zlib.compressobj(wbits=-15)
PACKED = {
    "gzip": gzip.compress(TEXT),
    "gzip, two members": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "deflate": zlib.compress(TEXT),
    "deflate, raw": RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush(),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "gzip, which it is not": TEXT,
    "br, which it is not": TEXT,
    "": gzip.compress(TEXT),
}


class Sent(httpx2.AsyncByteStream):
    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.read = data, size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.data), self.size):
            self.read = start
            yield self.data[start : start + self.size]


def unpacked(data: bytes, packing: str, most: int = 1 << 20, size: int = 1_000) -> bytes:
    async def run() -> bytes:
        return b"".join([piece async for piece in BoundedBody(Sent(data, size), packing, most)])

    return asyncio.run(run())


@pytest.mark.parametrize("named", PACKED)
@pytest.mark.parametrize("size", [1, 1_000, 1 << 20])
def test_a_body_is_unpacked_whatever_its_header_says(named: str, size: int) -> None:
    assert unpacked(PACKED[named], named.partition(",")[0], size=size) == TEXT


def test_raw_deflate_gives_all_of_its_end() -> None:
    """It has no trailer: its last byte can be taken while a whole piece is still to be given."""
    for length in range(196_764, 196_824, 3):
        state = zlib.compressobj(wbits=-15)
        packed = state.compress(b" " * length) + state.flush()
        assert len(unpacked(packed, "deflate", size=1 << 20)) == length


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, brotli.compress, zstandard.compress])
def test_a_body_that_grows_is_given_up(pack: object) -> None:
    names = {gzip.compress: "gzip", zlib.compress: "deflate", brotli.compress: "br", zstandard.compress: "zstd"}
    with pytest.raises(ReplyTooLong, match="1,048,576 bytes"):
        unpacked(pack(b" " * (8 << 20)), names[pack])  # type: ignore[operator, index]


@pytest.mark.parametrize(
    "data", [gzip.compress(TEXT, mtime=0)[:10] + b"x" * 40, zstandard.compress(TEXT)[:9] + b"x" * 40], ids=["gzip", "zstd"]
)
def test_damage_is_an_error_of_the_reply(data: bytes) -> None:
    with pytest.raises(CannotUnpack):
        unpacked(data, "")


def test_short_bodies() -> None:
    assert unpacked(b"", "gzip") == b""
    assert unpacked(b"{}", "gzip") == b"{}"
