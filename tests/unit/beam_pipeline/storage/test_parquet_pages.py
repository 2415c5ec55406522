"""The sizes of Parquet pages are read from their headers, for any writer's settings."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.storage.parquet_pages import largest_page


def written(texts: list[str], **options: object) -> tuple[io.BytesIO, object]:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": texts}), file, **options)
    return file, pq.ParquetFile(file).metadata.row_group(0).column(1)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("compression", ["none", "zstd", "gzip", "snappy"])
def test_the_largest_page_is_that_of_the_longest_text(version: str, dictionary: bool, compression: str) -> None:
    texts = [*(f"text {number}" for number in range(5000)), "long " * 100_000, "short"]
    options = {"data_page_version": version, "use_dictionary": dictionary, "compression": compression, "data_page_size": 1000}
    file, chunk = written(texts, **options)
    assert 500_000 <= largest_page(file, chunk) < 700_000
    file, chunk = written(texts[:5000], **options)
    assert 0 < largest_page(file, chunk) < 100_000


@given(st.binary(min_size=1, max_size=60))
def test_what_is_no_header_is_no_page(junk: bytes) -> None:
    file, chunk = written(["a"] * 9)
    data = bytearray(file.getvalue())
    at = chunk.dictionary_page_offset or chunk.data_page_offset
    data[at : at + len(junk)] = junk
    assert largest_page(io.BytesIO(bytes(data)), chunk) >= 0
