import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from tests.places import ROOT
from tests.pumping.measure import MOST_S, cost
from transforms.grounding.find import find_in_text
from transforms.records import ANSWER_TYPES

DOCUMENTS = ROOT.parent / "shared" / "data" / "documents.jsonl"
TEXT = """The Röntgen laboratory, founded on May 4th, 1923, used 1,000 km of cable. Dr. Émile Durkheim (1858–1917)
wrote that “moral hazards” are common. It cost $1.5 million, or twelve per cent of 12,500 sales. In the 1990s it was sold.
The U.S. bought 1½ cups; 29.4 m/s; 84 m². Between twenty-two dogs. J. K. Rowling's book. E = mc². x² + 2x = \\frac{V}{s+1}
Call `calloc` (not malloc). ﬁne straße 北京是中国的首都。 The trip took 1 hour and 30 minutes and 5 mW of power. It was -5 °C.
6.02 × 10²³ is half of it. World Health Organization (WHO). They gave us nothing. A- blood.
Three and a half years. Length (km): 77. Rates fell from 7.1 to 6.4 percent. Cells are 6.2–8.2 µm across. Half a million came.
It opened on 1 June 1878 and fell in 1879; it was 3,264 metres long. Cones were 2.6 vs. 2.2 cm wide."""


@pytest.mark.parametrize(
    ("answer", "text", "said"),
    [
        ("1856", "特斯拉于1856年出生。", "1856"),
        ("856", "特斯拉于1856年出生。", None),
        ("1856", "特斯拉于 1856万 人中出生。", None),
        ("185 m", "坝高185 m的大坝。", "185 m"),
        ("103.58メートル", "最大水深は１０３．５８メートルである。", "１０３．５８メートル"),
        ("1867-02-09", "漱石は1867年2月9日に生まれた。", "1867年2月9日"),
        ("1867年2月9日", "漱石は1867 年 2 月 9 日に生まれた。", "1867 年 2 月 9 日"),
        ("2月9日", "漱石は12月9日に生まれた。", None),
        ("ニコラ・テスラ", "「ニコラ テスラ」は発明家である。", "ニコラ テスラ"),
        ("テスラ", "テスラコイルは変圧器である。", None),
        ("バス", "ハスの花が咲く。", None),
        ("三百", "一千三百项专利。", None),
        ("1,969", "เทสลามีสิทธิบัตร1,969ฉบับ", "1,969"),
        ("เอดิสัน", "เทสลาทำงานให้เอดิสันในนิวยอร์ก", "เอดิสัน"),
        ("Hauses", "In dem alten Haus wohnte der Maler.", "Haus"),
        ("Haus", "Die Mauern des Hauses sind alt und der Garten ist groß.", "Hauses"),
        ("Tesla", "Das Labor in der Stadt war Teslas Werk.", "Teslas"),
        ("Eis", "Die Brücke ist aus Eisen und Stein und nicht alt.", None),
        ("l'Italie", "Le drapeau d'Italie est vert et la mer est bleue.", "Italie"),
        ("100 tonnes", "La tour pèse 10 100 tonnes et elle est haute.", None),
        ("la casa blanca", "Las casas blancas de los pueblos reflejan la luz.", "casas blancas"),
        ("Юрий Гагарин", "Полёт был совершён Юрием Гагариным.", "Юрием Гагариным"),
    ],
)
def test_other_languages(answer: str, text: str, said: str | None) -> None:
    place = find_in_text(answer, text, "number" if answer[0].isdigit() and not set(answer) & set("-年月") else None)
    assert (place and text[slice(*place)]) == said


@pytest.mark.parametrize(
    ("answer", "answer_type", "said"),
    [
        ("1000 kilometres", "number", "1,000 km"),
        ("4 May 1923", "date", "May 4th, 1923"),
        ("1923-05-04", "date", "May 4th, 1923"),
        ("1923", "date", "1923"),
        ("1990s", "date", "1990s"),
        ("Emile Durkheim", "name", "Émile Durkheim"),
        ("the moral hazard", "term", "moral hazards"),
        ("12%", "percentage", "twelve per cent"),
        ("12500", "number", "12,500"),
        ("1,500,000 dollars", "money", "$1.5 million"),
        ("1.5 cups", "number", "1½ cups"),
        ("29.4 metres per second", "number", "29.4 m/s"),
        ("84 m2", "number", "84 m²"),
        ("22", "number", "twenty-two"),
        ("JK Rowling", "name", "J. K. Rowling's"),
        ("mc^2", "expression", "mc²"),
        ("x^2+2x", "expression", "x² + 2x"),
        ("calloc", "code", "calloc"),
        ("fine", "term", "ﬁne"),
        ("strasse", "place", "straße"),
        ("北京", "place", "北京"),
        ("90 minutes", "duration", "1 hour and 30 minutes"),
        ("5 mW", "number", "5 mW"),
        ("-5 °C", "number", "-5 °C"),
        ("6.02e23", "number", "6.02 × 10²³"),
        ("0.5", "number", "half"),
        ("US", "place", "U.S"),
        ("WHO", "name", "WHO"),
        ("A-", "option", "A-"),
        ("77 km", "number", "77"),
        ("3.5 years", "duration", "Three and a half"),
        ("calloc and malloc", "list", "calloc"),
        ("7.1%", "percentage", "7.1"),
        ("2.6 cm", "number", "2.6"),
        ("6.2 to 8.2 micrometres", "number", "6.2"),
        ("500,000", "number", "Half a million"),
        ("1 June 1878", "date", "1 June 1878"),
    ],
)
def test_the_place_is_in_the_text_as_given(answer: str, answer_type: str, said: str) -> None:
    place = find_in_text(answer, TEXT, answer_type)
    assert place is not None
    assert TEXT[slice(*place)].startswith(said)


@pytest.mark.parametrize(
    ("answer", "answer_type"),
    [
        ("1000 miles", "number"),
        ("77 m", "number"),
        ("1990", "date"),
        ("2", "number"),
        ("20", "number"),
        ("500", "number"),
        ("5 MW", "number"),
        ("5 °C", "number"),
        ("May 1924", "date"),
        ("Calloc", "code"),
        ("laborator", "term"),
        ("alloc", "term"),
        ("calloc and realloc", "list"),
        ("7.1 kg", "number"),
        ("6.2 to 8.4 micrometres", "number"),
        ("1 June 1879", "date"),
        ("3.264 metres", "number"),
        ("yes", "yes_no"),
        ("", None),
        (" ", "term"),
        ("x" * 5000, None),
    ],
)
def test_what_is_not_said_is_not_found(answer: str, answer_type: str | None) -> None:
    assert find_in_text(answer, TEXT, answer_type) is None


@given(st.text(max_size=40), st.text(max_size=200), st.sampled_from([None, *ANSWER_TYPES]))
@settings(max_examples=1000)
def test_any_text_gives_a_place_inside_it(answer: str, text: str, answer_type: str | None) -> None:
    place = find_in_text(answer, text, answer_type)
    assert place is None or 0 <= place[0] < place[1] <= len(text)


@given(
    st.text(alphabet="abcXYZ éß(){}[]:;,.!?-+*/=^'\"", max_size=40),
    st.integers(0, 8),
    st.integers(1, 4),
    st.sampled_from(["name", "term", None]),
)
@settings(max_examples=1000)
def test_words_of_the_text_are_found(text: str, first: int, count: int, answer_type: str | None) -> None:
    answer = " ".join(text.split()[first : first + count])
    assert not answer or find_in_text(answer, f"It said: {text} (and so on).", answer_type) is not None


@pytest.mark.parametrize(
    "unit", ["12 ", "a ", " ", "twenty ", "1", "1,", "'", "x{", "é", "ﬁ ", "May 4 ", "$1 ", "\\frac{", "- ", "2 ", "2^*"]
)
def test_a_long_document_takes_linear_time(unit: str) -> None:
    cases = [
        ("12 km/h", "number"),
        ("a a a a b", "term"),
        ("5 May 1923", "date"),
        ("x^2+1", "expression"),
        ("2*x", "expression"),
        ("2*^*^*^*^*^*^*^*^*^*^x", "expression"),
        ("zzz", "code"),
        ("$2.5m", "money"),
    ]
    for answer, answer_type in cases:

        def find(text: str, answer: str = answer, answer_type: str = answer_type) -> None:
            find_in_text(answer, text, answer_type)

        assert_linear(find, repeated(unit), 25_000, 400_000)


def test_a_run_of_spaces_behind_a_factor_takes_linear_time() -> None:
    assert find_in_text("2*x", "2" + " " * 500_000, "expression") is None
    assert_linear(lambda text: find_in_text("2*x", text, "expression"), lambda size: "2" + " " * size, 31_250, 500_000)


@pytest.mark.skipif(not DOCUMENTS.exists(), reason="the shared corpus is not here")
def test_the_last_words_of_real_documents_are_found() -> None:
    texts = [json.loads(line)["text"] for line in DOCUMENTS.read_text("utf-8").split("\n") if line]
    for text in texts:
        last_words = " ".join(text.split()[-3:])
        assert not last_words or find_in_text(last_words, text, "name"), last_words


@pytest.mark.parametrize(
    ("answer", "text", "answer_type"),
    [
        ("\\sqrt{" * 28 + "s", "\\sqrt{" * 29 + "x", "expression"),
        ("\u2026" * 12, "Introduction " + "." * 33 + " 3", "name"),
        ("-" * 40, "-" * 39 + "x" + "-" * 39, "name"),
        ("\u6c49\u3010" * 40 + "a", "\u6c49\u3010\u3010" * 60, "term"),
        ("der hunden " * 12 + "ist", "Wo ist der Hund? " + "der hunden " * 40, "term"),
        ("1" + ",  )" * 60 + " 1", "1" + ",  )" * 90 + " x", "option"),
    ],
    ids=["nested roots", "ellipses", "hyphens", "brackets", "endings", "marks between digits"],
)
def test_no_answer_makes_a_search_that_does_not_end(answer: str, text: str, answer_type: str) -> None:
    assert cost(lambda text: find_in_text(answer, text, answer_type), text) < MOST_S


def test_what_is_left_out_before_a_search_was_not_there() -> None:
    """Words whose forms share a beginning only, initials, and signs that are written otherwise."""
    assert find_in_text("JK Rowling", "by J. K. Rowling", "name")
    assert find_in_text("rocks & ice", "of rocks and ice", "term")
    assert find_in_text(r"\sqrt{2}x^2", "so \u221a2 x\u00b2 it is", "expression")
    assert find_in_text("die Hunden", "Wo ist der Hund? Er ist mit den Hunde und der Katze im Haus", "term")
