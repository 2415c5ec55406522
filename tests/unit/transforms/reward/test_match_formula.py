import pytest

from transforms.reward.match_formula import states_code, states_expression
from transforms.reward.truth import Truth

CODE = Truth("git bisect", "code")
SUM = Truth("2x + 2", "expression")


@pytest.mark.parametrize(
    "text", ["git bisect", "`git bisect`", "```bash\ngit bisect\n```", "Use `git bisect`.", "The command is git bisect."]
)
def test_the_code(text: str) -> None:
    assert states_code(text, CODE)


def test_a_function_may_be_named_with_its_brackets() -> None:
    for text in ("os.path.join()", "`os.path.join()`", "```\nos.path.join()\n```", "os.path.join"):
        assert states_code(text, Truth("os.path.join", "code"))
    assert states_code("strlen", Truth("strlen()", "code"))
    for text in ("os.path.join(a)", "join()", "os.path.join()()", "os.path()"):
        assert not states_code(text, Truth("os.path.join", "code"))


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
    "text",
    [
        "2x+2",
        "$2(x+1)$",
        "The sum is 2x + 2.",
        "y = 2x + 2",
        "Add them:\n\nx + 2 + x = 2x + 2",
        '"2x + 2".',
        "The double of $x + 1$ is $2x + 2$.",
    ],
)
def test_the_expression(text: str) -> None:
    assert states_expression(text, SUM)


@pytest.mark.parametrize(
    "text",
    [
        "2x+1",
        "2x + 2 or 2x",
        "not 2x + 2",
        "2x\n2x + 2",
        "$2x+2$ or $2x$",
        "x + x + 2",
        "2x + 1 + 1",
        "",
        "twice $2x + 2$",
        "$2x+2$ squared",
        "at least $2x+2$",
        r"\neq 2x+2",
        "y ≥ $2x+2$",
        "$2x+2$ or more",
        "The double of $2x+2$ is $x$.",
        "$2x+2$ of $x$ is $2x+2$ or so",
    ],
)
def test_other_expressions(text: str) -> None:
    assert not states_expression(text, SUM)
