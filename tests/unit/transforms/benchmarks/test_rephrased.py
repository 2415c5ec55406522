"""Questions in other words, written for these tests; how many of a real set are found is in tests/quality/rephrased.py."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.benchmarks.index import BenchmarkItem
from transforms.benchmarks.rephrased import REPHRASED, Evidence, asks_the_same, likeness
from transforms.benchmarks.signature import sign_item
from transforms.benchmarks.word_overlap import OVERLAP, Match
from transforms.decontaminate import build_index

ORCHARD = BenchmarkItem(
    "orchards.jsonl:7",
    "o-7",
    "Farid's orchard has 48 pear trees and 17 quince trees. Each pear tree gives 35 kg of fruit and each quince tree 22 kg. If "
    "he sells the fruit for $1.20 a kg, how much does he earn?",
    "2464.80",
)
REWORDED = (
    "On his land Farid grows pears on 48 trees and quinces on 17. A pear tree yields 35 kg, while a quince tree yields 22 kg. "
    "What are his earnings if every kg is sold at $1.20?"
)
GERMAN = (
    "In Farids Obstgarten stehen 48 Birnbäume und 17 Quittenbäume. Ein Birnbaum trägt 35 kg Obst, ein Quittenbaum 22 kg. "
    "Wie viel verdient er, wenn er das Kilo für 1,20 $ verkauft?"
)
CHINESE = (
    "法里德的果园里有 48 棵梨树和 17 棵榅桲树。每棵梨树结 35 kg 果子，每棵榅桲树结 22 kg。"
    "如果他以每公斤 1.20 美元出售，他能赚多少钱？"
)
OTHER_NUMBERS = REWORDED.replace("48", "53").replace("17", "29").replace("35", "31").replace("22", "26").replace("1.20", "0.95")
SAME_NUMBERS = (
    "A ship of 48 cabins sails 17 days with 35 sailors and 22 cooks, each paid $1.20 an hour. What do their wages come to?"
)
SAME_TOPIC = "Farid has an orchard of pear trees and quince trees. Which of them gives more fruit?"
FACT = BenchmarkItem(
    "facts.jsonl:2", "", "Which chemist isolated the element polonium in the year it was discovered?", "Marie Curie"
)
GAME = BenchmarkItem("yes.jsonl:1", "", "What gas do plants absorb during photosynthesis in their leaves?", "Carbon dioxide")
FILLER = [
    BenchmarkItem(f"filler.jsonl:{number}", "", f"How many {thing} of {place} cost {number * 7} euros in {number} weeks?")
    for number, (thing, place) in enumerate(
        [(a, b) for a in "boats lamps books chairs stones".split() for b in "Graz Lyon Oslo Porto Riga".split()], 3
    )
]
ITEMS = [ORCHARD, FACT, GAME, *FILLER]


def find(question: str, answer: str = "", items: list[BenchmarkItem] = ITEMS, **options: float) -> Match | None:
    return build_index(items, **options).match(question, answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(("question", "how"), [(REWORDED, "other words"), (GERMAN, "another language")])
def test_a_problem_in_other_words_is_found_and_the_match_says_by_what(question: str, how: str) -> None:
    match = find(question)
    assert match is not None and (match.reason, match.item) == (REPHRASED, "orchards.jsonl:7 (o-7)")
    assert match.what.startswith(f"in {how}, likeness {match.similarity:.2f}: farid") and "48, 17" in match.what


def test_a_translation_in_another_script_is_found_by_its_numbers() -> None:
    match = find(CHINESE)
    assert match is not None and match.reason == REPHRASED and "1.2, 48, 17, 35, 22" in match.what


@pytest.mark.parametrize(
    "question", [OTHER_NUMBERS, SAME_NUMBERS, SAME_TOPIC, "How many chairs of Graz cost 48 euros in 17 weeks?"]
)
def test_what_shares_words_or_numbers_alone_is_not(question: str) -> None:
    assert find(question) is None


def test_the_only_answer_of_an_item_tells_it_from_look_alikes() -> None:
    asked = "Who was the chemist to isolate the element polonium when it was discovered?"
    other = "What gas do plants give off during photosynthesis from their leaves?"
    match = find(asked, "Marie Curie")
    assert match is not None and match.reason == REPHRASED and "in other words, with its answer" in match.what
    assert find(asked, "Pierre Curie") is None and find(asked) is None
    assert find(other, "oxygen") is None


def test_options_are_no_answer() -> None:
    asked = "Who was the chemist to isolate the element polonium when it was discovered?"
    optional = BenchmarkItem("facts.jsonl:2", "", FACT.question, "Marie Curie\nLise Meitner\nOtto Hahn\nNiels Bohr")
    assert find(asked, "Marie Curie", [optional, *FILLER]) is None


def test_the_setting_matters() -> None:
    assert find(REWORDED, rephrased=0) is None and find(REWORDED, rephrased=2.2) is None


def test_a_packed_item_is_found_in_the_same_words_and_in_others() -> None:
    packed = BenchmarkItem(
        "orchards 1.0: o.jsonl:7", "", "", "", tuple(sign_item(ORCHARD.question, ORCHARD.extra, runs=True).tolist())
    )
    match = find(f"Read this. {ORCHARD.question[:110]}", items=[packed])
    assert match is not None and (match.reason, match.item) == (OVERLAP, "orchards 1.0: o.jsonl:7")
    assert match.what.startswith('13 words in a row: "')
    whole = find(ORCHARD.question.upper(), items=[packed])
    assert whole is not None and whole.what.startswith('the whole question: "farid')
    assert (other := find(REWORDED, items=[packed, *FILLER])) is not None and other.reason == REPHRASED
    assert find(OTHER_NUMBERS, items=[packed, *FILLER]) is None
    assert (copy := find(ORCHARD.question, items=[packed], rephrased=0)) is not None and copy.reason == OVERLAP


# --- the rules by themselves


def evidence(**parts: object) -> Evidence:
    nothing = Evidence((0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), False, False, False)
    return nothing._replace(**parts)


ENOUGH = evidence(numbers=(12, 0, 0), words=(25, 20, 20))
LONG = evidence(words=(60, 20, 20))
ANSWERED = evidence(words=(12, 8, 8), same_answer=True)
TRANSLATED = evidence(numbers=(12, 0, 0), orders=(6, 2, 2), names=(5, 0, 0), translated=True)


@pytest.mark.parametrize("found", [ENOUGH, LONG, ANSWERED, TRANSLATED])
def test_each_rule_finds(found: Evidence) -> None:
    assert asks_the_same(found)


@pytest.mark.parametrize(
    "found",
    [
        evidence(),
        ENOUGH._replace(numbers=(3, 8, 8)),  # other numbers
        ENOUGH._replace(words=(6, 40, 40)),  # other words
        evidence(numbers=(4, 0, 0), words=(15, 1, 1)),  # alike, and too short to tell
        LONG._replace(opposed=True),
        LONG._replace(names=(0, 7, 7)),
        LONG._replace(words=(30, 5, 5)),
        ANSWERED._replace(words=(6, 8, 8)),
        ANSWERED._replace(words=(12, 40, 40)),
        ANSWERED._replace(same_answer=False),
        ANSWERED._replace(opposed=True),
        ANSWERED._replace(numbers=(4, 4, 0)),
        TRANSLATED._replace(translated=False),
        TRANSLATED._replace(numbers=(6, 8, 8)),
        TRANSLATED._replace(names=(0, 5, 0), orders=(0, 6, 6), numbers=(8, 0, 0)),
    ],
)
def test_no_rule_finds_less(found: Evidence) -> None:
    assert not asks_the_same(found)


def test_more_items_ask_for_more() -> None:
    assert asks_the_same(ENOUGH, chance=5) and not asks_the_same(ENOUGH, chance=12)


def test_likeness_is_greatest_where_all_is_shared() -> None:
    assert likeness(evidence()) == 0
    assert 2.2 < likeness(evidence(numbers=(40, 0, 0), words=(40, 0, 0), roles=(9, 0, 0))) < 2.3


@given(st.text(max_size=400), st.text(max_size=60))
@settings(deadline=None)
def test_any_text_can_be_looked_up(question: str, answer: str) -> None:
    build_index([ORCHARD, BenchmarkItem("x", "", question or "?", answer)]).rephrased.match(question, answer)


@pytest.mark.parametrize("text", ["1 2 " * 40_000, "Farid's 48 pear 17 " * 9_000, "a=" * 80_000, "½" * 80_000, "'" * 80_000])
def test_no_text_holds_it_up(text: str) -> None:
    index = build_index([*ITEMS, BenchmarkItem("x", "", text, text)])
    began = time.process_time()
    index.rephrased.match(text, text)
    assert time.process_time() - began < 1


def test_a_question_of_more_words_than_the_index_knows_is_looked_up() -> None:
    few = [BenchmarkItem("b:1", "", "Why is grass green?", "chlorophyll")]
    question = "How many " + " ".join(f"wombat{letter}s" for letter in "abcdefghijklmnopqrstuvwxyz") + " live in 12 burrows?"
    assert find(question, "7", few) is None
