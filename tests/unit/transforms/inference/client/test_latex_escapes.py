r"""LaTeX whose backslashes a model did not double: what it says is read, and what is JSON stays."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import ReplyInvalid
from transforms.inference.client.latex_escapes import escape_latex
from transforms.inference.client.reply_schema import parse_reply
from transforms.synthesize import SynthesizeReply

# As Qwen2.5-Coder-1.5B wrote them, asked for a question on a text with formulas.
REAL_REPLIES = [
    r"""{
  "question": "What is the formula for the compact series?",
  "answer": "\\frac{1}{2} \\left( \\frac{2}{3} + \\frac{3}{4} \\right)",
  "answer_type": "expression",
  "aliases": []
}""",
    r"""{
  "question": "What is the formula for the inverse of a matrix $A$ in LaTeX?",
  "answer": "\\frac{1}{\\det A} \\operatorname{adj} A",
  "answer_type": "expression",
  "aliases": []
}""",
    r"""{
  "question": "What is the formula for the slope in linear regression?",
  "answer": "The formula for the slope in linear regression is $\\beta = \\frac{\\text{Cov}(x,y)}{\\text{Var}(x)}$.",
  "answer_type": "expression",
  "aliases": []
}""",
    r"""{
  "question": "What is the mathematical formula for Gauss's law?",
  "answer": "The formula for Gauss's law is \\(\\nabla \\cdot \\mathbf{E} = \\frac{\\rho}{\\varepsilon_0}\\). In empty space, \\(\\rho = 0\\).",
  "answer_type": "expression",
  "aliases": []
}""",  # noqa: E501
    r"""{
  "question": "What is the rotation matrix for a rotation by θ?",
  "answer": "\\begin{pmatrix} \\cos\\theta & -\\sin\\theta \\\\ \\sin\\theta & \\cos\\theta \\end{pmatrix}",
  "answer_type": "expression",
  "aliases": []
}""",
    r"""{
  "question": "What is the relationship between the momentum $p$ and the energy $E$ of a photon of frequency $\\nu$?",
  "answer": "\\frac{h\\nu}{c}",
  "answer_type": "expression",
  "aliases": []
}""",
    r"""```json
{
  "question": "What is the formula for the slope of a line in linear regression?",
  "answer": "The slope is given by \\(\\beta = \\frac{\\text{Cov}(x,y)}{\\text{Var}(x)}\\).",
  "answer_type": "expression",
  "aliases": [],
  "quote": "In linear regression $y = \\alpha + \\beta x + \\epsilon$ the slope is \\(\\beta = \\frac{\\text{Cov}(x,y)}{\\text{Var}(x)}\\).",
  "correct": true
}
```""",  # noqa: E501
]


@pytest.mark.parametrize("text", REAL_REPLIES)
def test_a_reply_says_the_same_with_and_without_doubled_backslashes(text: str) -> None:
    assert escape_latex(text) == text
    assert parse_reply(text.replace("\\\\", "\\"), SynthesizeReply) == parse_reply(text, SynthesizeReply)


@pytest.mark.parametrize(
    "formula",
    [
        *(
            r"\frac{1}{2}",
            r"3 \times 10^8\ \text{m/s}",
            r"x \neq 0",
            r"\beta",
            r"\rho",
            r"\nu",
            r"\to",
            r"$a \ne b$",
            r"\(x \to y\)",
        ),
        *(
            r"E = h\nu + \frac{1}{2}",
            r"\forall x \in \mathbb{R}",
            r"\alpha \nmid \beta",
            r"\underline{x}",
            r"\upsilon",
            r"\bar{x}",
        ),
        *(
            r"\left\{ a, b \right\}",
            r"5\%",
            r"\begin{matrix} a & b \\ c & d \end{matrix}",
            r"\tan\theta",
            r"\nabla \cdot E",
            r"\d+\b",
        ),
    ],
)
def test_a_formula_comes_back_as_it_is_written(formula: str) -> None:
    assert json.loads(str(escape_latex(f'{{"question": "Which?", "answer": "{formula}"}}')))["answer"] == formula


@pytest.mark.parametrize(
    "said",
    [
        *(
            "one\ntwo",
            "It began.\nNot so.\tNow",
            "for x in y:\n\tto = 5\n\treturn tan",
            "eq:\neq = 5",
            "so\nu and v",
            "more or\nless",
        ),
        *(
            "C:\\temp\\new",
            "\\frac{1}{2}",
            "caf\u00e9 \u2264",
            '"quoted" / back\\slash',
            "page\fNext",
            "it costs $5\nor less",
            "$$\nu_1$$",
        ),
        *("\\\\", "a \\\\ b", "\r\nline"),
    ],
)
def test_what_is_json_stays(said: str) -> None:
    for text in (json.dumps({"a": said}), json.dumps({"a": said}, ensure_ascii=False)):
        assert escape_latex(text) == text


@pytest.mark.parametrize("text", [r'{"a": "x \ne y"}', r'{"a": "\\alpha is here\nu = 5"}'])
def test_where_nobody_can_know_the_model_is_asked_again(text: str) -> None:
    assert escape_latex(text) is None
    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(f'{{"question": "Why?", "answer_type": "term", "aliases": [], "answer": {text[6:]}', SynthesizeReply)
    assert caught.value.cause == "latex"


def test_what_stands_around_the_json_raises_no_doubt() -> None:
    thought = "<think>Let \\alpha be x \\ne y,\nso \\nu it is.</think>"
    good = '{"question": "Which?", "answer": "5", "answer_type": "number", "aliases": []}'
    assert parse_reply(thought + good, SynthesizeReply).answer == "5"


def test_an_apostrophe_needs_no_backslash() -> None:
    assert escape_latex(r'{"a": "it\'s"}') == '{"a": "it\'s"}'


@given(st.dictionaries(st.text(alphabet="ab"), st.text(alphabet="ab\n\t\\/\"'$(){} é")))
def test_json_without_commands_is_never_changed(value: dict[str, str]) -> None:
    text = json.dumps(value)
    assert escape_latex(text) in (text, None)


@given(st.text(alphabet='\\"$nutbe(){}\n '))
def test_no_text_raises(text: str) -> None:
    escape_latex(text)


@pytest.mark.parametrize("piece", ["\\", "\\n", '"\\nu ', "$", "\\nu", "\\frac", '"', "\\a", "a"])
def test_time_grows_with_the_text_alone(piece: str) -> None:
    began = time.process_time()
    escape_latex("\\" + piece * (100_000 // len(piece)))
    assert time.process_time() - began < 2.0
