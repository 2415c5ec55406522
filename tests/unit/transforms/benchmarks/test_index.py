import random

import numpy as np
import pytest

from transforms.benchmarks.index import MOST_ITEMS, BenchmarkIndex, BenchmarkItem, pack_items
from transforms.benchmarks.plain_words import plain_words

WORDS = [f"{first}{second}{third}" for first in "bdfgklmnprst" for second in "aeiou" for third in "lmnrst"]


def sentence(seed: int, length: int) -> str:
    # A few words are very common, as in any language.
    chosen = random.Random(seed)
    return " ".join(WORDS[min(int(chosen.paretovariate(0.7)), len(WORDS)) - 1] for _ in range(length))


def items(count: int, shortest: int = 5, longest: int = 60) -> list[BenchmarkItem]:
    lengths = random.Random(0)
    return [BenchmarkItem(f"b.jsonl:{n}", f"id{n}", sentence(n, lengths.randint(shortest, longest))) for n in range(1, count + 1)]


def index(given: list[BenchmarkItem], shards: int = 1, **settings: int) -> BenchmarkIndex:
    return BenchmarkIndex([pack_items(given[start::shards]) for start in range(shards)], **settings)


def found(made: BenchmarkIndex, text: str) -> list[str]:
    return [made.name(int(item)) for item in made.candidates(made.numbers(plain_words(text)))]


@pytest.mark.parametrize("ngram", [5, 8, 13, 20])
def test_every_run_of_ngram_words_leads_to_its_item(ngram: int) -> None:
    given = items(300)
    made = index(given, ngram=ngram)
    for item in given:
        words = item.question.split()
        for start in range(len(words) - ngram + 1):
            run = words[start : start + ngram]
            assert item.name in found(made, " ".join(["other", *run, "words"])), (item.name, start)


def test_the_whole_question_leads_to_its_item_however_short() -> None:
    made = index([BenchmarkItem("b:1", "", "Why?"), BenchmarkItem("b:2", "", "What is a monad?", "a monoid")])
    assert made.name(made.whole(made.numbers(["why"]))) == "b:1"
    assert made.name(made.whole(made.numbers("what is a monad".split()))) == "b:2"
    for other in ("what", "what is a", "is a monad", "what is a monad a monoid", "why why", "unheard of"):
        assert made.whole(made.numbers(other.split())) == -1


def test_shards_and_their_order_do_not_matter() -> None:
    given = items(200)
    one, other = index(given), index(list(reversed(given)), shards=7)
    assert len(one) == len(other) == 200
    for item in given[::10]:
        assert found(one, item.question) == found(other, item.question)
        assert one.name(one.whole(one.numbers(item.question.split()))) == other.name(
            other.whole(other.numbers(item.question.split()))
        )
    assert sum(shard.digest for shard in (pack_items(given[:50]), pack_items(given[50:]))) % 2**63 == pack_items(given).digest


def test_the_digest_tells_other_items() -> None:
    item = BenchmarkItem("b:1", "", "Why?", "so")
    others = [
        BenchmarkItem("b:2", "", "Why?", "so"),
        BenchmarkItem("b:1", "x", "Why?", "so"),
        BenchmarkItem("b:1", "", "Why not?", "so"),
    ]
    assert len({pack_items([each]).digest for each in (item, *others)}) == 4


def test_the_same_words_are_kept_once_under_the_first_name() -> None:
    made = index(
        [BenchmarkItem("b:12", "", "Why is it so?"), BenchmarkItem("b:9", "", "WHY is it so"), BenchmarkItem("b:30", "", "...")]
    )
    assert [made.name(item) for item in range(len(made))] == ["b:9"]


def test_items_with_other_options_are_other_items() -> None:
    assert (
        len(index([BenchmarkItem("b:1", "", "Which is true?", "red"), BenchmarkItem("b:2", "", "Which is true?", "blue")])) == 2
    )


def test_what_very_many_items_share_is_no_evidence() -> None:
    template = "choose the one of these four sentences that a careful reader would call wrong"
    given = [BenchmarkItem(f"b:{n}", "", f"{template} {sentence(n, 30)}") for n in range(MOST_ITEMS + 50)]
    made = index(given)
    assert found(made, template) == []
    assert given[7].name in found(made, given[7].question)
    assert len(found(index(given[:50]), template)) == 50


def test_an_empty_index_finds_nothing() -> None:
    for made in (BenchmarkIndex([]), index([]), index([BenchmarkItem("b:1", "", "?!")])):
        assert len(made) == 0
        assert found(made, "What is the capital of France?") == []
        assert made.whole(made.numbers(["what"])) == -1


def test_words_come_back() -> None:
    made = index([BenchmarkItem("b:1", "", "Who wrote Faust?", "Goethe")])
    numbers, asked = made.item_words(0)
    assert [made.word(int(number)) for number in numbers] == ["who", "wrote", "faust", "goethe"]
    assert asked == 3


def test_a_short_ngram_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 5"):
        BenchmarkIndex([], ngram=4)


def test_memory_of_an_item() -> None:
    made = index(items(20_000, 20, 60))
    held = sum(part.nbytes for part in vars(made).values() if hasattr(part, "nbytes"))
    assert held / 20_000 < 400
    assert isinstance(made.candidates(np.arange(5)), np.ndarray)
