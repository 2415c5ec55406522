"""Small archives of the web, written by the tests: WARC records one by one, as a crawler would write them."""

import gzip
from collections.abc import Iterable
from itertools import count

_NUMBERS = count(1)

PAGE = """<!doctype html><html><head><title>The bridge</title><meta charset="utf-8"></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a> <a href="/login">Log in</a></nav>
<article><h1>The bridge</h1>{paragraphs}</article>
<footer>Copyright. All rights reserved. <a href="/imprint">Imprint</a></footer></body></html>"""


def page(*paragraphs: str) -> bytes:
    """A page of HTML with a menu, an article and a footer."""
    return PAGE.replace("{paragraphs}", "".join(f"<p>{text}</p>" for text in paragraphs)).encode()


def http(body: bytes, content_type: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str) -> bytes:
    """A response as it came over the wire; `_` in a header's name is a hyphen."""
    given = {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def record(block: bytes, kind: str = "response", number: int = 0, **headers: str) -> bytes:
    """A record; a header given as "" is left out."""
    number = number or next(_NUMBERS)
    given = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{number:08d}>",
        "WARC-Target-URI": f"http://example.com/{number}",
        "WARC-Date": "2026-01-02T03:04:05Z",
        "Content-Type": "application/http; msgtype=response" if kind == "response" else "text/plain",
        "Content-Length": str(len(block)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = ["WARC/1.0", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def members(records: Iterable[bytes]) -> bytes:
    """Records gzipped as archives have them: a member for each."""
    return b"".join(gzip.compress(each, mtime=0) for each in records)
