import random
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from transforms.duplicates import minhash
from transforms.duplicates.document_copies import EXACT, NEAR, Fingerprint, Identity, Print, find_losses, name_of
from transforms.shingles import hash_shingles, hash_words, shingle_words

WORDS = [f"word{number}" for number in range(3000)]


def text_of(seed: int, length: int = 400) -> str:
    return "The " + " ".join(random.Random(seed).choices(WORDS, k=length))


def edited(text: str, words: int, seed: int = 0) -> str:
    parts = text.split()
    start = random.Random(seed).randrange(len(parts) - words)
    return " ".join(parts[:start] + parts[start + words :])


def losses(texts: dict[str, str], exact: bool = True, near: float = 0.85) -> dict[str, tuple[str, str]]:
    """Who loses to whom: id -> (kind, id of the copy kept), exact first."""
    grouped: dict[bytes, list] = {}
    for line, (name, text) in enumerate(texts.items()):
        for bucket, print_ in Fingerprint(text, f"in:{line}", name).buckets(exact, near):
            grouped.setdefault(bucket, []).append(print_)
    found: dict[Identity, list] = {}
    for bucket in grouped.items():
        for identity, loss in find_losses(bucket, near):
            found.setdefault(identity, []).append(loss)
    return {name_of(rank): (min(lost)[0], name_of(min(lost)[1])) for (rank, _), lost in found.items()}


def test_unlike_texts_lose_nothing() -> None:
    assert losses({f"d{n}": text_of(n) for n in range(50)}) == {}


def test_same_text_in_another_dress_is_exact() -> None:
    text = f'{text_of(1)}, the harbour\'s "old" wall'
    dressed = {"loud": text.upper(), "plain": text, "wide": text.replace(" ", "\n\n"), "quoted": text.replace("'", "\u2019")}
    assert losses(dressed) == {name: (EXACT, "loud") for name in ("plain", "wide", "quoted")}
    assert losses({"lowered": text.lower(), "plain": text}) == {"lowered": (EXACT, "plain")}


def test_near_copies_lose_to_the_longer() -> None:
    text = text_of(1)
    assert losses({"less": edited(text, 12), "all": text}) == {"less": (NEAR, "all")}
    assert losses({"less": edited(text, 12), "all": text}, near=0) == {}


def test_threshold_matters() -> None:
    texts = {"all": text_of(1), "most": edited(text_of(1), 100)}  # similarity about 0.74
    assert losses(texts) == {}
    assert losses(texts, near=0.6) == {"most": (NEAR, "all")}


@pytest.mark.parametrize("flaw", ["Ã¼ ", "â€™ ", "Home > Articles\n", "� "])
def test_damaged_copies_lose(flaw: str) -> None:
    text = text_of(1)
    assert losses({"damaged": flaw + text, "clean": text})["damaged"][1] == "clean"


def test_one_of_every_group_is_kept() -> None:
    for seed in range(10):
        texts = {f"d{n}": edited(text_of(seed), n + 1, n) for n in range(30)}
        assert len(losses(texts)) < len(texts)


def test_recall_and_false_alarms() -> None:
    """Of pairs at 0.90 similarity nearly all are found, of pairs at 0.6 nearly none."""
    close = sum(bool(losses({"a": text_of(n), "b": edited(text_of(n), 36)}, exact=False)) for n in range(100))
    apart = sum(bool(losses({"a": text_of(n), "b": edited(text_of(n), 160)}, exact=False)) for n in range(100))
    assert close >= 90 and apart <= 1


def test_estimate_is_close() -> None:
    errors = []
    for seed in range(50):
        texts = (text_of(seed), edited(text_of(seed), 60))
        sets = [hash_shingles(hash_words(shingle_words(text))) for text in texts]
        true = len(np.intersect1d(*sets)) / len(np.union1d(*sets))
        first, second = (minhash.compact(minhash.minhash(shingles)) for shingles in sets)
        errors.append(float(minhash.similarity(first, np.frombuffer(second, dtype=np.uint8)[None, :])[0]) - true)
    assert abs(np.mean(errors)) < 0.02 and np.std(errors) < 0.06


def test_hashes_are_the_same_everywhere() -> None:
    """A changed constant would make a running streaming job forget what it has seen."""
    signature = minhash.minhash(hash_shingles(hash_words(["a", "b", "c", "d", "e", "f"])))
    assert [int(value) for value in signature[:3]] == [1345309514, 2482361207, 2148896410]


def test_bands_fit_the_threshold() -> None:
    for threshold in (0.5, 0.7, 0.85, 0.95):
        bands, rows = minhash.choose_bands(threshold)
        assert bands * rows <= minhash.PERMUTATIONS
        assert 1 - (1 - threshold**rows) ** bands >= 0.98


def test_crowded_bucket_is_bounded() -> None:
    prints = [next(iter(Fingerprint(text_of(n, 30), f"in:{n}", f"d{n}").buckets(False, 0.85)))[1] for n in range(3000)]
    list(find_losses((b"one band", prints), 0.85))


def test_an_exact_bucket_is_gone_through_and_never_held() -> None:
    class Prints:
        """As many as there are copies, made as they are asked for."""

        def __iter__(self) -> Iterator[Print]:
            for n in range(100_000):
                yield ((0, -4, 9, f"in:{n:06d}", 2, f"d{n}"), "same text"), b""

    tracemalloc.start()
    count = sum(1 for _ in find_losses((b"=same text", Prints()), 0.85))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 99_999
    assert most < 1_000_000
