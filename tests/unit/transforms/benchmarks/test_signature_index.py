import numpy as np
import pytest

from transforms.benchmarks import signature_index as module
from transforms.benchmarks.signature import Kind, kinds_of, sign_item, sign_question, sign_runs
from transforms.benchmarks.signature_index import SignatureIndex, SignatureShard

QUESTIONS = [
    "Janet's ducks lay 16 eggs per day and she eats three of them.",
    "A robe takes 2 bolts of blue fiber and half that much white fiber.",
    "Toulouse has twice as many sheep as Charleston.",
    "Kylar went to the store to buy 60 glasses for his new apartment.",
]


def shard(questions: list[str], runs: bool = False) -> SignatureShard:
    signed = [sign_item(question, "", runs) for question in questions]
    lengths = np.array([len(own) for own in signed], dtype=np.uint32)
    return SignatureShard("\n".join(f"b:{question[:6]}" for question in questions), np.concatenate(signed), lengths)


def candidates(index: SignatureIndex, question: str) -> list[str]:
    signature = sign_question(question)
    numbers = index.numbers(signature)
    return [index.name(item) for item in index.candidates(numbers, index.weights(numbers, kinds_of(signature)))]


def test_items_are_found_by_what_they_share_whatever_shards_they_came_in() -> None:
    for index in (SignatureIndex([shard(QUESTIONS)]), SignatureIndex([shard(QUESTIONS[:1]), shard(QUESTIONS[1:])])):
        assert len(index) == 4
        assert candidates(index, "How many sheep live in Toulouse?")[0] == "b:Toulou"
        assert candidates(index, "16 eggs of a duck")[0] == "b:Janet'"
        assert candidates(index, "Xylophones?") == []


def test_rare_features_weigh_more_and_what_only_tells_apart_nothing() -> None:
    index = SignatureIndex([shard([f"{question} Every duck." for question in QUESTIONS] * 50)])
    signature = sign_question("the duck in Toulouse, 16, the largest")
    weights = dict(zip(kinds_of(signature).tolist(), index.weights(index.numbers(signature), kinds_of(signature)), strict=True))
    assert weights[Kind.NAME] > weights[Kind.WORD] > 0 and weights[Kind.SIDE] == weights[Kind.LANGUAGE] == 0


def test_features_that_no_item_has_are_all_different() -> None:
    numbers = SignatureIndex([shard(QUESTIONS)]).numbers(sign_question("Xenon, ytterbium and zirconium"))
    assert len(set(numbers.tolist())) == len(numbers) and (numbers < 0).sum() == 3


@pytest.mark.parametrize("shards", [[], [SignatureShard("", np.empty(0, np.uint64), np.empty(0, np.uint32))]])
def test_an_empty_index_finds_nothing(shards: list[SignatureShard]) -> None:
    index = SignatureIndex(shards)
    assert len(index) == 0 and not index.has_runs and candidates(index, QUESTIONS[0]) == []
    assert index.runs(sign_runs(["a"] * 20, [])) == []


def test_an_item_without_features_keeps_its_place() -> None:
    features = sign_item(QUESTIONS[0], "")
    index = SignatureIndex([SignatureShard("a\nb", features, np.array([0, len(features)], dtype=np.uint32))])
    assert len(index) == 2 and candidates(index, QUESTIONS[0]) == ["b"]


def test_runs_lead_to_the_first_item_that_has_them() -> None:
    index = SignatureIndex([shard([*QUESTIONS, QUESTIONS[3]], runs=True)])
    words = "kylar went to the store to buy 60 glasses for his new apartment".split()
    found = index.runs(sign_runs(words, []))
    assert [index.name(item) for _, item in found] == ["b:Kylar "] * 2
    assert index.runs(sign_runs(words[::-1], [])) == []


def test_blocks_of_items_make_the_same_index(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SignatureIndex([shard(QUESTIONS * 3)])
    monkeypatch.setattr(module, "_BLOCK_ITEMS", 5)
    blocks = SignatureIndex([shard(QUESTIONS * 3)])
    for name in ("_entries", "_entry_starts", "_weight_sums", "_features"):
        assert np.array_equal(getattr(whole, name), getattr(blocks, name)), name


def test_an_item_is_entered_under_its_rarest_features_and_a_question_goes_through_few_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    index = SignatureIndex([shard([f"{question} cow goat pig hen {number}97" for number in range(30) for question in QUESTIONS])])
    assert len(index._entries) <= 3 * len(index)
    monkeypatch.setattr(module, "_MOST_LOOKED_UP", 0)
    assert candidates(index, QUESTIONS[0]) == []
