"""Pages as text: unpacked, decoded as a browser would, without what is around the text; nothing grows without bound."""

import gzip
import time
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.reading.warc import BrokenRecord, Record
from beam_pipeline.reading.web_pages import MAX_PAGE_BYTES, _inflate, decode, html_text, is_page, page_text
from tests.fakes.archives import page

FACT = "The bridge over the strait was opened in 1932 and carries eight lanes of traffic, two railway lines and a footway."
MORE = "Its arch is 503 metres long, which made it the widest long-span bridge in the world until 2012, by several metres."


def response(body: bytes, content_type: str = "text/html", status: int = 200, **headers: str) -> Record:
    http = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Record("offset 0", "response", {}, {name: value for name, value in http.items() if value}, status, body)


def text_of(record: Record) -> str:
    found = page_text(record)
    assert isinstance(found, str)
    return found


def test_the_text_of_a_page_is_its_article() -> None:
    assert html_text(page(FACT, MORE).decode()).splitlines()[-2:] == [FACT, MORE]
    for around in ("About us", "Log in", "Imprint"):
        assert around not in html_text(page(FACT, MORE).decode())
    assert html_text("") == html_text("<html></html>") == ""


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (response(b"", "text/html; charset=x"), True),
        (response(b"", "TEXT/PLAIN"), True),
        (response(b"", "application/xhtml+xml"), True),
        (response(b"", ""), True),
        (response(b"", "image/png"), False),
        (response(b"", "text/html", 404), False),
        (response(b"", "text/html", 301), False),
        (Record("", "conversion", {"content-type": "text/plain"}), True),
        (Record("", "conversion", {"content-type": "image/png"}), False),
        (Record("", "request", {}), False),
        (Record("", "resource", {"content-type": "text/html"}), True),
        (Record("", "resource", {"content-type": "text/plain"}), False),
    ],
)
def test_pages_are_good_responses_of_text_and_conversions(record: Record, expected: bool) -> None:
    assert is_page(record) is expected


def test_a_response_without_a_type_is_a_page_if_it_looks_like_one() -> None:
    assert FACT in text_of(response(page(FACT, MORE), ""))
    assert page_text(response(b"\x89PNG\r\n", "")) is None


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", PACKERS)
def test_content_encodings_are_undone_in_bounds(encoding: str) -> None:
    pack = PACKERS[encoding]
    body = page(FACT, MORE)
    assert FACT in text_of(response(pack(body), content_encoding=encoding))
    assert FACT in text_of(response(body, content_encoding=encoding)), "archives often keep it unpacked"
    with pytest.raises(BrokenRecord, match="longer than"):
        page_text(response(pack(b"a" * (MAX_PAGE_BYTES + 100_000)), content_encoding=encoding))
    with pytest.raises(BrokenRecord, match="cut off"):
        page_text(response(pack(body)[:-9], content_encoding=encoding))


def test_encodings_in_a_row_in_pieces_and_unknown() -> None:
    body = page(FACT, MORE)
    twice = zlib.compress(gzip.compress(body))
    assert FACT in text_of(response(twice, content_encoding="gzip, deflate"))
    deflate = zlib.compressobj(wbits=-15)
    assert FACT in text_of(response(deflate.compress(body) + deflate.flush(), content_encoding="deflate"))
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:100], body[100:])) + b"0\r\n\r\n"
    assert FACT in text_of(response(pieces, transfer_encoding="chunked"))
    assert FACT in text_of(response(body, transfer_encoding="chunked")), "archives often keep the pieces joined"
    with pytest.raises(BrokenRecord, match="'secret' is not known"):
        page_text(response(bytes(range(256)), content_encoding="secret"))
    for none in ("utf-8", "none", "UTF-8, gzip"):  # as browsers take it: nothing is packed
        assert FACT in text_of(response(body, content_encoding=none))
    for half in (len(body) // 2, len(body)):
        parts = gzip.compress(body[:half]) + gzip.compress(body[half:])
        assert FACT in text_of(response(parts, content_encoding="gzip"))


GREEK, JAPANESE, CZECH, QUOTE = "Η γέφυρα άνοιξε", "この橋は開通した", "Most byl otevřen", "It’s “open”"


@pytest.mark.parametrize(
    ("text", "written", "server", "said"),
    [
        (GREEK, "utf-8", "", ""),
        (GREEK, "utf-8", "iso-8859-1", "iso-8859-1"),  # what is UTF-8 is UTF-8, whatever it says
        (GREEK, "iso-8859-7", "ISO-8859-7", ""),
        (GREEK, "iso-8859-7", "", "iso-8859-7"),
        (GREEK, "utf-16", "", ""),
        (JAPANESE, "shift_jis", "Shift_JIS", ""),
        (JAPANESE, "iso-2022-jp", "", "iso-2022-jp"),
        (CZECH, "windows-1250", "no-such-charset", "windows-1250"),
        (QUOTE, "windows-1252", "iso-8859-1", ""),  # as browsers read it
        (QUOTE, "windows-1252", "base64", "hex"),  # codecs, but of no text
        (JAPANESE, "iso-2022-jp", "", ""),  # by its escapes
        (JAPANESE, "iso-2022-jp", "utf-8", ""),
        (GREEK, "utf-8", "", "utf-16"),  # in UTF-16 nobody could read that it is
        (GREEK, "utf-8", "iso-2022-jp", ""),
        (JAPANESE, "shift_jis", "utf-8", "shift_jis"),  # one of the two lies
    ],
)
def test_bytes_are_read_in_the_charset_they_are_written_in(text: str, written: str, server: str, said: str) -> None:
    html = f"<html><head>{f'<meta charset={said}>' if said else ''}</head><body>{text}</body></html>"
    assert text in decode(html.encode(written), f"text/html; charset={server}" if server else "")


@pytest.mark.parametrize("server", ["", "utf-8", "iso-8859-1"])
def test_one_bad_byte_does_not_make_utf8_another_charset(server: str) -> None:
    body = f"<body><p>{QUOTE} {GREEK}</p><p>\xa9 2019</p></body>".encode().replace(b"\xc2\xa9", b"\xa9")
    assert f"{QUOTE} {GREEK}" in decode(body, f"text/html; charset={server}" if server else "")


def test_a_charset_that_nobody_names_is_guessed() -> None:
    text = "Мост был открыт в тысяча девятьсот тридцать втором году, и по нему ходят поезда и автомобили. " * 5
    assert decode(text.encode("windows-1251")) == text
    assert decode(text.encode("windows-1251"), "text/html; charset=utf-8") == text, "what is named is not what it is"


@settings(max_examples=60)
@given(
    st.binary(max_size=400), st.sampled_from(["", *PACKERS]), st.sampled_from(["", "chunked"]), st.sampled_from(["", "text/html"])
)
def test_any_bytes_are_text_or_broken(body: bytes, encoding: str, transfer: str, media: str) -> None:
    try:
        found = page_text(response(body, media, content_encoding=encoding, transfer_encoding=transfer))
    except BrokenRecord as broken:
        assert "\n" not in str(broken)
    else:
        assert found is None or isinstance(found, str)


def test_a_page_of_nothing_but_ends_takes_no_longer_than_its_length() -> None:
    def seconds(size: int) -> float:
        body = gzip.compress(b"") * (size // 20)
        began = time.process_time()
        assert _inflate(body) == (b"", True)
        return time.process_time() - began

    assert seconds(2_000_000) < 20 * seconds(200_000) + 0.2
