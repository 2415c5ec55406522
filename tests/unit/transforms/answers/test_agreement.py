import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from transforms.answers.agreement import answers_match
from transforms.answers.canonical import canonical, list_items
from transforms.records import ANSWER_TYPES
from transforms.text import normalise

TYPES = st.sampled_from([None, *ANSWER_TYPES])
FRAGMENTS = (
    "1|12|1,000|1.5|½|²|%| km|km/h| per |$|€| million| May |1923|4th| of |the |and| or |, |; |one|twenty|-|half|a |hundred|"
    "point|Dr. |J. K. |(|)|[|]|{|}|'|\"|`|\\frac{|^|\\|é|ß|ﬁ|İ|ſ|\n|*|×|10|e5|/|x|bc|AD |sq | ft|yes|No|.|:|°C|m|s|U.S.|–|㎏|"
    "٣|K|degrees|\xad"
).split("|")
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))


@pytest.mark.parametrize(
    ("answer", "answer_type", "form"),
    [
        ("1,000", None, "1000"),
        ("1 000 000", None, "1000000"),
        ("1.000.000", "number", "1000000"),
        ("007", None, "7"),
        ("12.50", None, "12.5"),
        ("1,5", None, "1.5"),
        ("-0.0", None, "0"),
        ("minus three", None, "-3"),
        ("twenty-two", None, "22"),
        ("one hundred and twenty-five thousand", None, "125000"),
        ("a dozen", None, "12"),
        ("two and a half", None, "2.5"),
        ("2 and a half", None, "2.5"),
        ("three point one four", None, "3.14"),
        ("1.5e3", None, "1500"),
        ("1.5 × 10³", None, "1500"),
        ("10^6", None, "1000000"),
        ("3/4", None, "0.75"),
        ("1/3", None, "1/3"),
        ("1½", None, "1.5"),
        ("about 12 million", None, "12000000"),
        ("12 kilometres", None, "12 km"),
        ("12 kilometers per hour", None, "12 km/h"),
        ("84 m²", None, "84 m^2"),
        ("84 square metres", None, "84 m^2"),
        ("5 MW", None, "5 MW"),
        ("5 mW", None, "5 mW"),
        ("-89.2 degrees Celsius", None, "-89.2 °C"),
        ("7 days", None, "7 day"),
        ("30 committees", "number", "30 committee"),
        ("30 in total", None, "30 in total"),
        ("5 ft 11 in", "number", "71 in"),
        ("20 per cent", None, "20%"),
        ("20", "percentage", "20%"),
        ("€4,000", None, "4000 EUR"),
        ("$1.5m", None, "1500000 USD"),
        ("USD 5 million", None, "5000000 USD"),
        ("200 dollars", None, "200 USD"),
        ("5 pounds", "money", "5 GBP"),
        ("5 pounds", "number", "5 lb"),
        ("4 May 1923", "date", "1923-05-04"),
        ("Friday, May 4th, 1923", None, "1923-05-04"),
        ("the 4th of May, 1923", None, "1923-05-04"),
        ("13/05/1923", "date", "1923-05-13"),
        ("05/04/1923", "date", "05/04/1923"),
        ("May 1923", None, "1923-05"),
        ("25 July", None, "--07-25"),
        ("in 1923", "date", "1923"),
        ("44 BCE", "date", "44 bc"),
        ("AD 79", "date", "79"),
        ("half an hour", "duration", "0.5 h"),
        ("1 hour and 30 minutes", "duration", "90 min"),
        ("a year", "duration", "1 year"),
        ("Dr. Émile Durkheim", "name", "emile durkheim"),
        ("Curie, Marie", "name", "marie curie"),
        ("J. K. Rowling", "name", "jk rowling"),
        ("JK Rowling", "name", "jk rowling"),
        ("King, Jr.", "name", "king jr"),
        ("The Hague", "place", "hague"),
        ("U.S.", "place", "us"),
        ("“the moral hazard”", "term", "moral hazard"),
        ("double-blind", "term", "double blind"),
        ("nineteenth century", None, "19th century"),
        ("1914 to 1918", None, "1914-1918"),
        ("C++", "term", "c++"),
        ("A-", "option", "a-"),
        ("(b) malloc", "option", "malloc"),
        ("(B)", "option", "b"),
        ("b)", "option", "b"),
        ("`git  bisect`", "code", "git bisect"),
        ('print("A")', "code", "print('A')"),
        ("\\frac{V}{s+1}", "expression", "V/(s+1)"),
        ("$x^2 + 1$", "expression", "x^2+1"),
        ("x² + 1", "expression", "x^2+1"),
        ("√(2GM/R)", "expression", "sqrt(2GM/R)"),
        ("onion, carrot and celery", "list", "carrot, celery, onion"),
        ("- 2,000\n- 1,000", "list", "1000, 2000"),
        ("Yes, it does.", "yes_no", "yes"),
        ("False", "yes_no", "no"),
        ("No and yes", "yes_no", "no and yes"),
        ("  ", None, ""),
    ],
)
def test_canonical(answer: str, answer_type: str | None, form: str) -> None:
    assert canonical(answer, answer_type) == form


@pytest.mark.parametrize(
    ("one", "other", "answer_type"),
    [
        ("3 km", "3000 metres", "number"),
        ("1 h", "60 minutes", "duration"),
        ("two years", "24 months", "duration"),
        ("155 km", "155", "number"),
        ("€4,000", "4000", "money"),
        ("20%", "20", "percentage"),
        ("J. Smith", "John Smith", "name"),
        ("John F. Kennedy", "John Kennedy", "name"),
        ("radius and ulna", "the ulna and the radius", "list"),
        ("0.5", "one half", None),
        ("World War 2", "world war 2.", None),
        ("Alzheimer’s disease", "Alzheimers disease", "term"),
        ("Straße", "strasse", "place"),
        ("J. F. Kennedy", "John F. Kennedy", "name"),
        ("Ursula Le Guin", "Ursula K. Le Guin", "name"),
        ("García Márquez, Gabriel", "Gabriel García Márquez", "name"),
        ("A. Turing", "Alan Turing", "name"),
        ("black holes", "a black hole", "term"),
        ("biases", "bias", "term"),
        ("haemoglobin", "hemoglobin", "term"),
        ("World Health Organisation", "World Health Organization", "name"),
        ("data base", "database", "term"),
        ("2(x + 1)", "2x + 2", "expression"),
        ("P = nRT/V", "PV = nRT", "expression"),
        ("an hour and a half", "90 minutes", "duration"),
        ("50 cents", "$0.50", "money"),
        ("St. Louis", "Saint Louis", "place"),
        ("Mt. Everest", "Mount Everest", "place"),
    ],
)
def test_matches(one: str, other: str, answer_type: str | None) -> None:
    assert answers_match(one, other, answer_type)
    assert answers_match(other, one, answer_type)


@pytest.mark.parametrize(
    ("one", "other", "answer_type"),
    [
        ("", "", None),
        ("", "5", None),
        ("5 km", "5 miles", "number"),
        ("5 MW", "5 mW", "number"),
        ("$200", "€200", "money"),
        ("5%", "5", "number"),
        ("1923", "1923-05-04", "date"),
        ("May 1923", "May", "date"),
        ("John Smith", "Jane Smith", "name"),
        ("C", "C++", "term"),
        ("A", "A-", "option"),
        ("Always", "always", "code"),
        ("G", "g", "expression"),
        ("yes", "no", "yes_no"),
        ("2 and 5", "2 and 6", "list"),
        ("1.5.2", "15.2", None),
        ("1-2", "12", None),
        ("5'3", "53", None),
        ("5 or six", "5", "number"),
        ("5 is wrong", "5", "number"),
        ("50 cents", "$50", "money"),
        ("50 pence", "$0.50", "money"),
        ("P a r i s", "Paris", "place"),
        ("P.a.r.i.s", "Paris", "place"),
        ("Turing", "Alan Turing", "name"),
        ("black holes", "black hole", "place"),
        ("1 2", "12", None),
        ("CO2", "C2O", "expression"),
        ("x", "x^2", "expression"),
        ("John Quincy Adams", "John Adams", "name"),
    ],
)
def test_does_not_match(one: str, other: str, answer_type: str | None) -> None:
    assert not answers_match(one, other, answer_type)


def test_aliases_are_other_spellings_of_the_stored_answer() -> None:
    assert answers_match("WHO", "World Health Organization", "name", ("WHO",))
    assert answers_match("the W.H.O.", "World Health Organization", "name", ["WHO"])
    assert not answers_match("UNESCO", "World Health Organization", "name", ("WHO",))
    # An alias that repeats the stored answer must not make everything right.
    assert not answers_match("banana", "WHO", "name", ("who",))
    assert not answers_match("", "WHO", "name", ("", "WHO"))


@given(TEXTS, TYPES)
@settings(max_examples=2000)
def test_canonical_is_idempotent_and_matches_itself(answer: str, answer_type: str | None) -> None:
    form = canonical(answer, answer_type)
    assert canonical(form, answer_type) == form
    assert bool(form) == bool(normalise(answer))
    assert answers_match(answer, answer, answer_type) == bool(form)


@given(TEXTS, TEXTS, TYPES)
@settings(max_examples=1000)
def test_match_is_symmetric(one: str, other: str, answer_type: str | None) -> None:
    assert answers_match(one, other, answer_type) == answers_match(other, one, answer_type)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), TYPES)
def test_a_number_never_matches_another(one: int, other: int, answer_type: str | None) -> None:
    for form in ("{}", "{:,}", "{} km", "{}%", "${}", "{}.0"):
        assert answers_match(form.format(one), form.format(other), answer_type) == (one == other)


@given(st.integers(0, 10**9 - 1))
def test_written_numbers_are_read_again(number: int) -> None:
    assert canonical(f"{number:,}") == canonical(f"{number:_}") == canonical(f"{number}.00") == str(number)
    assert canonical(f"{number:,}".replace(",", " "), "number") == str(number)


@given(st.dates(min_value=datetime.date(1000, 1, 1)))
def test_dates_have_one_form(date: datetime.date) -> None:
    written = [
        f"{date:%d %B %Y}",
        f"{date:%B %d, %Y}",
        f"{date:%Y-%m-%d}",
        f"{date:%d %b %Y}",
        f"the {date:%d} of {date:%B}, {date:%Y}",
    ]
    assert {canonical(form, "date") for form in written} == {f"{date:%Y-%m-%d}"}


@pytest.mark.parametrize("unit", ["1", "1,000,", "(", "1e999999999", "\\frac{", "a and ", "' "])
def test_hostile_answers_take_linear_time(unit: str) -> None:
    """Those short enough to be read, and those that are compared as they are."""
    for answer_type in (None, *ANSWER_TYPES):

        def match(text: str, answer_type: str | None = answer_type) -> None:
            answers_match(text, text[:-1] + "x", answer_type)

        for small, large in ((220, 880), (10_000, 160_000)):
            assert_linear(match, repeated(unit), small, large)


def test_list_items_are_as_written() -> None:
    assert list_items("[land, labour & capital]") == ["land", "labour", "capital"]
