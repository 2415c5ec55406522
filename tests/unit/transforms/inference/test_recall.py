"""The names by which replies and vectors of a journal are joined."""

from transforms.inference.journal.writer import JournalEntry
from transforms.inference.recall import VECTORS, entry_by_document, is_vector


def test_a_document_whose_id_looks_like_a_vectors_name_keeps_its_replies() -> None:
    reply = JournalEntry("k", "embedding:d", "filter", "{}")
    vector = JournalEntry("k", "embedding:d", "decontaminate", "AAAA")
    assert not is_vector(reply)
    assert is_vector(vector)
    assert not entry_by_document(reply)[0].startswith(VECTORS)
    assert entry_by_document(vector)[0] == "embedding:d"


def test_no_two_ids_have_one_name() -> None:
    ids = ["d", "embedding:d", "reply:d", "reply:embedding:d"]
    assert len({entry_by_document(JournalEntry("k", each, "filter", ""))[0] for each in ids}) == len(ids)
    assert entry_by_document(JournalEntry("k", "d", "filter", ""))[0] == "d"
