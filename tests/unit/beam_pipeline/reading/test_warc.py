"""Archives of the web: each record with its place; a broken one costs itself, wherever and however it is broken."""

import gzip
import io
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.reading.warc import Blocks, Broken, Members, Record, read_records
from tests.fakes.archives import http, members, page, record

INFO = record(b"software: test\r\n", kind="warcinfo", number=1)
FIRST, SECOND, THIRD = (record(http(page(f"Page {number}.")), number=number) for number in (2, 3, 4))
ALL = [INFO, FIRST, SECOND, THIRD]
NAMES = ["urn:uuid:00000001", "urn:uuid:00000002", "urn:uuid:00000003", "urn:uuid:00000004"]
MOST = 1_000_000


def read(data: bytes, packed: bool = False, most: int = MOST, step: int = 777) -> list[Record | Broken]:
    """All that is in an archive, and that each has a place of its own."""
    stream = io.BytesIO(data)
    blocks = iter(lambda: stream.read(step), b"")
    found = list(read_records(Members(stream) if packed else Blocks(blocks), _anything, most))
    places = [item.place for item in found]
    assert len(set(places)) == len(places), places
    return found


def _anything(_: Record) -> bool:
    return True


def names(found: list[Record | Broken]) -> list[str]:
    """The records' ids, and "broken" for what is none."""
    return ["broken" if isinstance(item, Broken) else item.headers["warc-record-id"].strip("<>") for item in found]


def test_records_have_their_places_headers_and_bodies() -> None:
    for packed, data in ((False, b"".join(ALL)), (True, members(ALL))):
        found = read(data, packed)
        assert names(found) == NAMES
        sizes = [len(gzip.compress(each, mtime=0)) if packed else len(each) for each in ALL]
        assert [item.place for item in found] == [f"offset {sum(sizes[:number])}" for number in range(4)]
        first = found[1]
        assert isinstance(first, Record)
        assert (first.kind, first.status, first.http["content-type"]) == ("response", 200, "text/html; charset=utf-8")
        assert first.body == page("Page 2.")


def test_members_need_not_be_records() -> None:
    together = gzip.compress(b"".join(ALL), mtime=0)
    found = read(together, packed=True)
    assert names(found) == NAMES
    assert found[1].place == f"offset 0+{len(INFO)}"
    head, _, body = FIRST.partition(b"\r\n\r\n")
    assert names(read(members([INFO, head + b"\r\n\r\n", body, SECOND]), packed=True)) == NAMES[:3]


def test_an_arc_file_is_read_and_has_no_ids() -> None:
    answer = http(page("An old page."))
    head = b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n"
    arc = b"filedesc://old.arc 0.0.0.0 20010203040506 text/plain %d\n%s\n" % (len(head), head)
    arc += b"http://old.example/ 192.0.2.1 20010203040506 text/html %d\n%s\n" % (len(answer), answer)
    found = read(arc)
    assert [item.kind for item in found if isinstance(item, Record)] == ["warcinfo", "response"]
    assert isinstance(found[1], Record)
    assert "warc-record-id" not in found[1].headers, "warcio makes one up, another every time"
    assert (found[1].headers["warc-target-uri"], found[1].headers["warc-date"]) == ("http://old.example/", "2001-02-03T04:05:06Z")
    assert found[1].body == page("An old page.")


def test_a_broken_record_costs_itself() -> None:
    block = http(page("Page 3."))
    broken = {
        "its length is wrong": record(block, number=3, Content_Length=str(len(block) - 5)),
        "does not say how long": record(block, number=3, Content_Length=""),
        "names no page": record(block, number=3, WARC_Target_URI=""),
        "longer than": record(http(page("x" * MOST)), number=3),
        "headers are too long": record(block, number=3, X_Long="x" * 1_100_000),
        "no record begins here": b"\x00\x01 what is this?\r\n" + block + b"\r\n\r\n",
    }
    for problem, data in broken.items():
        for packed in (False, True):
            pieces = [INFO, FIRST, data, THIRD]
            found = read(members(pieces) if packed else b"".join(pieces), packed)
            messages = [item.message for item in found if isinstance(item, Broken)]
            assert len(messages) == 1, (problem, names(found))
            # Where there are no members, nobody can tell what lies between records from a length that is wrong.
            before_too = problem.startswith("no record") and not packed
            assert names(found) == [NAMES[0], *(["broken"] if before_too else [NAMES[1], "broken"]), NAMES[3]], problem
            assert problem in messages[0] or before_too


def test_a_record_that_says_it_is_longer_than_its_member_does_not_take_the_next_with_it() -> None:
    long = record(http(page("Page 3.")), number=3, Content_Length="5000")
    found = read(members([INFO, FIRST, long, THIRD]), packed=True)
    assert names(found) == [*NAMES[:2], "broken", NAMES[3]]


def test_a_damaged_member_costs_itself_and_a_file_that_ends_too_soon_its_end() -> None:
    packed = [gzip.compress(each, mtime=0) for each in ALL]
    for damaged in (
        packed[2][:40] + b"\xff" * 20 + packed[2][60:],  # in the middle
        packed[2][:-8] + b"\0\0\0\0" + packed[2][-4:],  # its checksum
        packed[2][: len(packed[2]) // 2],  # its end is missing
        b"\0" * len(packed[2]),
    ):
        found = read(b"".join([*packed[:2], damaged, packed[3]]), packed=True)
        expected = ["broken"] if damaged.strip(b"\0") else []
        assert names(found) == [*NAMES[:2], *expected, NAMES[3]]
    for data, is_packed in ((b"".join(packed)[:-30], True), (b"".join(ALL)[:-30], False)):
        found = read(data, is_packed)
        assert names(found) == [*NAMES[:3], "broken"]
        assert isinstance(found[3], Broken)
        assert "the file ends in the middle" in found[3].message


class _Failing(io.BytesIO):
    """A file of a bucket that stops answering."""

    def __init__(self, data: bytes, after: int) -> None:
        super().__init__(data)
        self._after = after

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._after:
            raise OSError("503 from the bucket")
        return super().read(min(size or 0, self._after - self.tell()))


def test_a_file_that_cannot_be_read_any_further_costs_its_rest() -> None:
    packed = members(ALL)
    found = list(read_records(Members(_Failing(packed, len(packed) - 100)), _anything, MOST))
    assert names(found) == [*NAMES[:3], "broken"]
    assert isinstance(found[3], Broken)
    assert "cannot be read any further: 503 from the bucket" in found[3].message


def test_a_huge_record_is_never_held() -> None:
    huge = record(b"\0" * 60_000_000, kind="metadata", number=9)
    page_of = record(http(b" " * 60_000_000), number=8)
    data = members([INFO, huge, page_of, FIRST])
    del huge, page_of
    tracemalloc.start()
    found = read(data, packed=True)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert names(found) == ["urn:uuid:00000001", "urn:uuid:00000009", "broken", "urn:uuid:00000002"]
    assert most < 5_000_000 + len(data)


@settings(max_examples=60)
@given(st.data())
def test_whatever_happens_to_one_member_the_others_go_through(data: st.DataObject) -> None:
    packed = [gzip.compress(each, mtime=0) for each in ALL]
    which = data.draw(st.integers(0, 3))
    hurt = bytearray(packed[which])
    for _ in range(data.draw(st.integers(1, 4))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(hurt)))
    found = names(read(b"".join([*packed[:which], bytes(hurt[:cut]), *packed[which + 1 :]]), packed=True))
    assert {name for number, name in enumerate(NAMES) if number != which} <= set(found)
    assert len(found) <= 5


@settings(max_examples=60)
@given(st.binary(max_size=300).filter(lambda junk: b"WARC/" not in junk), st.integers(0, 3))
def test_any_bytes_between_records_cost_no_more_than_the_one_before(junk: bytes, good: int) -> None:
    found = names(read(b"".join([*ALL[:good], junk, b"\r\n", *ALL[good:]])))
    assert found[: max(0, good - 1)] == NAMES[: max(0, good - 1)]
    assert found[len(found) - 4 + good :] == NAMES[good:]
    assert all(isinstance(item, Broken) for item in read(gzip.compress(junk) + junk, packed=True))


def test_an_http_header_over_the_limit_costs_its_record() -> None:
    for size, second in ((70_000, NAMES[2]), (1_100_000, "broken")):
        cookie = record(http(page("Page 3."), Set_Cookie="a" * size), number=3)
        for packed in (False, True):
            pieces = [INFO, FIRST, cookie, THIRD]
            found = read(members(pieces) if packed else b"".join(pieces), packed)
            assert names(found) == [*NAMES[:2], second, NAMES[3]]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2000), min_size=4, max_size=4), st.booleans())
def test_null_bytes_between_records_are_no_records(fill: list[int], packed: bool) -> None:
    pieces = [gzip.compress(each, mtime=0) if packed else each for each in ALL]
    found = read(b"".join(bytes(size) + piece for size, piece in zip(fill, pieces, strict=True)) + bytes(99), packed)
    assert names(found) == NAMES
