"""Which reasons `--ignore` takes: all that the rules give, and no other word."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import transforms.pair_rules
from beam_pipeline.audit.audit_options import parse_audit
from beam_pipeline.audit.checkable import MISSES
from beam_pipeline.audit.reasons import OF_A_ROW
from beam_pipeline.options.values import OptionError


def test_the_reasons_are_those_of_the_rules() -> None:
    given = {MISSES}
    modules = [f"transforms.pair_rules.{path.stem}" for path in Path(transforms.pair_rules.__path__[0]).glob("*.py")]
    for name in ("transforms.check", *modules):
        module = import_module(name)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                reason = node.args[0]
                given.add(reason.value if isinstance(reason, ast.Constant) else getattr(module, getattr(reason, "id")))  # noqa: B009
    assert set(OF_A_ROW) == {reason for reason in given if not reason.startswith("copied_")}  # what a model was shown


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("question_too_lng", "did you mean question_too_long"),
        ("zzz", "there are answer_empty"),
        ("near_duplicate_question", "--near_duplicate_questions false"),
        ("benchmark_overlap", "leave --benchmarks out"),
        ("answer_empty,nonsense", "'nonsense'"),
    ],
)
def test_another_word_is_refused_in_a_line(word: str, says: str) -> None:
    with pytest.raises(OptionError, match=says) as caught:
        parse_audit(["set.jsonl", "--output", "out", "--ignore", word])
    assert "\n" not in str(caught.value)
