from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.answers.formula_parser import MAX_CHARS, FormulaError, Node, parse_formula, tokens


def shown(node: Node) -> str:
    """A tree in prefix notation."""
    if node.op == "num":
        return str(node.value)
    return node.name if node.op == "var" else f"({node.op} {' '.join(map(shown, node.args))})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("2x + 1", "(+ (* 2 x) 1)"),
        ("-x^2", "(neg (^ x 2))"),
        ("2^3^2", "(^ 2 (^ 3 2))"),
        ("a - b - c", "(+ (+ a (neg b)) (neg c))"),
        (r"\frac{1}{2}", "(/ 1 2)"),
        (r"\frac12x", "(* (/ 1 2) x)"),
        (r"2\frac{1}{2}", "(+ 2 (/ 1 2))"),
        (r"\sqrt{2}", "(^ 2 (/ 1 2))"),
        (r"\sqrt[3]{x}", "(^ x (/ 1 3))"),
        ("x²y⁻¹", "(* (^ x 2) (^ y (neg 1)))"),
        ("½mv²", "(* (* (/ 1 2) m) (^ v 2))"),
        ("mv", "(* m v)"),
        ("mass", "mass"),
        ("nlogn", "(* n (log n))"),
        (r"\sin^2 x", "(^ (sin x) 2)"),
        ("sin 2x", "(sin (* 2 x))"),
        ("x_1 + x_{max}", "(+ x_1 x_max)"),
        ("CO2", "(* C O_2)"),
        ("πr", "(* pi r)"),
        (r"2\cdot 3", "(* 2 3)"),
        ("1,000", "1000"),
        ("1.5e3", "1500"),
        ("|x|", "(abs x)"),
        ("n!", "(factorial n)"),
        (r"\mathrm{H_2O}", "(* H_2 O)"),
        (r"\left(x\right)", "x"),
    ],
)
def test_formulas_are_read_as_they_are_meant(text: str, tree: str) -> None:
    assert shown(parse_formula(text)[0]) == tree


def test_a_product_behind_a_slash_has_two_readings() -> None:
    assert sorted(map(shown, parse_formula("1/2x"))) == ["(* (/ 1 2) x)", "(/ 1 (* 2 x))"]
    assert len(parse_formula("1/2 + x")) == 1


@pytest.mark.parametrize(
    "text", ["", "2 +", "(x", "x)", "2 3", "x = 1", "a b # c", "\\foo{x}", "x" * (MAX_CHARS + 1), "(" * 100, "^2"]
)
def test_what_is_no_formula(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


def test_names_of_a_tree() -> None:
    assert parse_formula("2x + y/3")[0].names() == {"x", "y"}
    assert parse_formula("0.5")[0].value == Fraction(1, 2)


@given(st.text(alphabet="x2(){}[]^_+-*/!|\\ .,=frac\u00b2\u221a", max_size=120))
def test_any_text_is_a_formula_or_is_refused(text: str) -> None:
    try:
        readings = parse_formula(text)
    except FormulaError:
        return
    assert 1 <= len(readings) <= 2
    assert tokens(text)
