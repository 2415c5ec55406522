import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from transforms.benchmarks.plain_words import plain_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is Newton's law?", "what is newton’s LAW"),
        ("A café in Zürich", "a cafe in Zurich"),
        ("1,250 croissants, 20% more", "1250 croissants 20 percent more"),
        (r"$\frac{x+1}{x-2} = 4$", "(x + 1)/(x - 2) = 4"),
        (r"\dfrac12 \text{ of } 10{,}000", "1/2 of 10,000"),
        (r"$\frac{1}{\sqrt{2}}$", "1 / sqrt(2)"),
        ("$x^{2}$, x², x**2", "x^2, x^2, x^2"),
        (r"$90^\circ$ or $90^{\circ}$", "90° or 90 degrees"),
        (r"$a_1 \le b_{20}$", "a1 ≤ b20"),
        (r"$17 \times 23$", "17 × 23"),
        (r"$\pi r^2$ and $\theta$", "π r² and θ"),
        (r"\begin{align*} y &= 3 \end{align*}", "y = 3"),
        ("¾ of three", "3/4 of 3"),
        ("2H₂ + O₂ → 2H₂O", "2H2 + O2 -> 2H2O"),
        ("well—known", "well-known"),
        ("x − 7", "x - 7"),
        ("Question: Why?", "Why?"),
        ("Problem 12. Why?", "Why?"),
        ("Exercise 4.7: Why?\nAnswer:", "Why?"),
        ("Q14) Why?", "Why?"),
        ("**Q.** Why?", "Why?"),
        ("(7) Why?", "Why?"),
        ("3. Why?", "Why?"),
        ("### Instruction:\nWhy?\n\n### Response:", "Why?"),
        ("Why? A) rain B) snow C) hail", "Why? rain snow hail"),
        ("Why?\n(a) rain\n(b) snow", "Why? 1. rain 2. snow"),
    ],
)
def test_dress_is_taken_off(one: str, other: str) -> None:
    assert plain_words(one) == plain_words(other)
    assert plain_words(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x + 2", "x - 2"),
        ("3.5", "35"),
        ("1/2", "12"),
        ("x < 3", "x > 3"),
        ("x^2", "x2"),
        ("5%", "5"),
        ("Vitamin A", "Vitamin"),
        ("Is it B.", "Is it"),
        ("3.5 litres", "litres"),
        ("Problem solving", "solving"),
        (r"\sin x", r"\cos x"),
    ],
)
def test_what_makes_a_difference_stays(one: str, other: str) -> None:
    assert plain_words(one) != plain_words(other)


def test_letters_of_options_go_only_where_they_count() -> None:
    assert plain_words("Vitamin C. Vitamin D.") == "vitamin c vitamin d".split()
    assert plain_words("a) red b) blue") == ["red", "blue"]


def test_scripts_without_spaces_count_characters() -> None:
    assert plain_words("水池有3个") == ["水", "池", "有", "3", "个"]


@given(st.text())
def test_any_text_gives_plain_words(text: str) -> None:
    words = plain_words(text)
    assert all(word and not any(character.isspace() for character in word) for word in words)


@pytest.mark.parametrize(
    "piece", ["(", " ", "$", "\\frac{", "{", "_{", "^", "-", "1,", "a) ", "Q: ", "\\", "**", "<", "'", "1) ", "\n"]
)
def test_long_texts_take_linear_time(piece: str) -> None:
    assert_linear(plain_words, repeated(piece), 25_000, 400_000)
