import pytest

from transforms.reward.modifiers import counted, operated, spans, unknown_commands, weak_unit


def place(sentence: str, answer: str) -> tuple[int, int]:
    start = sentence.rindex(answer)
    return start, start + len(answer)


OPERATIONS = [
    "twice 5", "5 squared", "the square root of 5", "\u221a5", "\u221a 5", "5\u03c0", "\u03b1 5", "5^2", "log 5", "f(5)",
    "half of 5", "5 \u00d7",
    "\u2260 5", "\u2a7e 5", "\u00ac5", "!5", "|-5|", "5 choose 2", "5 times as many", "5 plus 1", "5 of 10%",
    "5, not quite", "5 (not)", "5-fold",
    "the reciprocal of the 5", "ten times 5", "one in 5", "5 of a percent", "upwards of 5", "5 minimum",
]  # fmt: skip
PLAIN = [
    "5", "the 5", "It is 5.", "about 5", "\u2248 5", "\u2234 5", "x = 5", "5 \u220e", "5, not 6",
    "5 times", "(5)", "a total of 5", "5 of them",
    "the square is 5", "roots: 5", "not 4 but 5",
]  # fmt: skip


@pytest.mark.parametrize("sentence", OPERATIONS)
def test_an_operation_changes_a_value(sentence: str) -> None:
    start, end = place(sentence, "-5" if "-5" in sentence else "5")
    assert operated(sentence, start, end)


@pytest.mark.parametrize("sentence", PLAIN)
def test_other_words_change_nothing(sentence: str) -> None:
    assert not operated(sentence, *place(sentence, "5"))


def test_texts_are_operated_on_as_well() -> None:
    for sentence in ("the square root of mass", "mass squared", "twice the mass", "mass^2", "\u0394 mass", "mass \u222a energy"):
        assert operated(sentence, *place(sentence, "mass"))
    assert not operated("the mass of the sun", *place("the mass of the sun", "mass"))


@pytest.mark.parametrize(
    "sentence",
    ["since 1923", "until 1923", "from 1923 on", "from the year 1923", "by 1923", "1923 onwards", "1923 or later", "1923s",
     "as of 1923",
     "1923 at the latest", "through 1923", "1923 BC", "pre-1923"],
)  # fmt: skip
def test_a_span_is_no_date(sentence: str) -> None:
    assert spans(sentence, *place(sentence, "1923"))


@pytest.mark.parametrize(
    "sentence", ["in 1923", "not until 1923", "dates from 1923", "dates back to 1923", "1923 AD", "1923, on a Monday"]
)
def test_a_date_is_no_span(sentence: str) -> None:
    assert not spans(sentence, *place(sentence, "1923"))


def test_what_may_be_a_unit_or_not() -> None:
    assert all(map(weak_unit, ("5'", '5"', "5''", "5!", "1920s", "the 1920s", "30s", "5M", "5k", "(5!)")))
    assert not any(map(weak_unit, ("5", "5 s", "7s", "5 m", "5 km", "5.", "fives")))


def test_what_is_counted_is_a_plural() -> None:
    for said in ("apples", "carbon atoms", "people", "species of bird", "total", "men in all"):
        assert counted(said.split())
    for said in ("squared", "pi", "times", "x", "blorp", "thousandths", "factorial", ""):
        assert not counted(said.split())


def test_a_command_is_understood_or_in_the_answer() -> None:
    assert unknown_commands(r"\foo 5", "5")
    assert unknown_commands(r"5 \, \setminus 3", "5")
    assert not unknown_commands("5 km", "5 km")
    assert not unknown_commands(r"in C:\Windows", r"C:\Windows")
