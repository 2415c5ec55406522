import pytest

from transforms.formal import states_code, states_expression
from transforms.mentions import Truth

CODE = Truth("git bisect", "code")
SUM = Truth("2x + 2", "expression")


@pytest.mark.parametrize(
    "text", ["git bisect", "`git bisect`", "```bash\ngit bisect\n```", "Use `git bisect`.", "The command is git bisect."]
)
def test_the_code(text: str) -> None:
    assert states_code(text, CODE)


@pytest.mark.parametrize(
    "text",
    [
        "git blame",
        "`git bisect` or `git blame`",
        "`git bisect run`",
        "not `git bisect`",
        "Git bisect",
        "I doubt it is git bisect.",
    ],
)
def test_other_code(text: str) -> None:
    assert not states_code(text, CODE)


@pytest.mark.parametrize(
    "text", ["2x+2", "$2(x+1)$", "The sum is 2x + 2.", "y = 2x + 2", "Add them:\n\nx + 2 + x = 2x + 2", '"2x + 2".']
)
def test_the_expression(text: str) -> None:
    assert states_expression(text, SUM)


@pytest.mark.parametrize(
    "text", ["2x+1", "2x + 2 or 2x", "not 2x + 2", "2x\n2x + 2", "$2x+2$ or $2x$", "x + x + 2", "2x + 1 + 1", ""]
)
def test_other_expressions(text: str) -> None:
    assert not states_expression(text, SUM)
