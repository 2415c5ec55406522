import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.answers.markup import plain, unwrapped, without_latex, without_markdown


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        (r"12\,\text{km}", "12 km"),
        (r"$37^\circ\text{C}$", "37\u00b0C"),
        (r"2\frac{1}{2}", "2 1/2"),
        (r"\tfrac12", "1/2"),
        (r"1{,}234", "1,234"),
        (r"20\%", "20%"),
        (r"\$5", "$5"),
        (r"12~\mathrm{km}", "12 km"),
        ("~5", "~5"),
        (r"x \neq 5", "x \u2260 5"),
        (r"\not= 5", "\u2260 5"),
        (r"\geqslant 5", "\u2265 5"),
        (r"5\pi", "5\u03c0"),
        (r"\sqrt 5", "\u221a 5"),
        (r"\pm 3", "\u00b1 3"),
        (r"\left(\displaystyle 5\right)", "( 5 )"),
        (r"\textcolor{red}{5}", "5"),
        (r"0.\overline{3}", "0.(3)"),
        (r"\overline{42}", r"\overline{42}"),
        (r"\foo 5", r"\foo 5"),
        (r"\{1, 2\}", "{1, 2}"),
        (r"\begin{aligned} x &= 5 \\ &= 5\end{aligned}", "x = 5 = 5"),
        ("a_b", "a_b"),
    ],
)
def test_latex_as_one_would_type_it(written: str, typed: str) -> None:
    assert without_latex(written) == typed


@pytest.mark.parametrize("wrapped", ["$x$", "$$x$$", r"\(x\)", r"\[x\]", " x ", "x"])
def test_a_formula_without_its_borders(wrapped: str) -> None:
    assert unwrapped(wrapped) == "x"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**Paris**", "Paris"),
        ("The *capital* is __Paris__.", "The capital is Paris."),
        ("## Answer\nParis", "Answer\nParis"),
        ("> Paris", "Paris"),
        ("Lyon <!-- Paris -->", "Lyon"),
        ("<!-- Paris", ""),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("x**2 + y**2", "x**2 + y**2"),
        ("snake_case_name", "snake_case_name"),
        ("`code`", "`code`"),
        (">3", ">3"),
        ("> 42", "> 42"),
        ("> $5", "> $5"),
        ("> forty-two", "> forty-two"),
        ("~~Lyon~~ Paris", "Paris"),
        ("<del>Lyon</del> Paris", "Paris"),
        ("~~~\ncode\n~~~", "~~~\ncode\n~~~"),
    ],
)
def test_prose_without_markdown(written: str, read: str) -> None:
    assert without_markdown(written) == read


def test_escaped_dollars_close_no_formula() -> None:
    assert plain(r"$\gg \$5$") == "> $5"


def test_dollars_are_money_or_mathematics() -> None:
    assert plain("It costs $5 or $10.") == "It costs $5 or $10."
    assert plain("The total is $15$.") == "The total is 15."


@given(st.text(alphabet="*_$\\{}()a1 \n#>~<!-", max_size=80))
def test_no_markup_raises(text: str) -> None:
    assert isinstance(plain(text), str)
