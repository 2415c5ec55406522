"""Facts in source code: what a function is for, which value a constant has, what a class extends."""

import re
from collections import Counter
from collections.abc import Iterator

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.facts import Fact, worth_asking

_DOCUMENTED = re.compile(
    r"^[ \t]*(?P<kind>def|class) (?P<name>\w+)[^\n]*(?:\n[^\n\"']*)??\n"
    r"\s*(?:\"\"\"|''')\s*(?P<what>[A-Z][^\"\n]{15,140}?)\.?\s*(?:\"\"\"|'''|\n)",
    re.MULTILINE,
)
_CONSTANT = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]{3,30})\s*=\s*(?P<value>[\w.\"'/-]{1,40})\s*(?:#.*)?$", re.MULTILINE)
_DEFINED = re.compile(r"^class (?P<name>\w+)\((?P<base>[\w.]{3,40})\):", re.MULTILINE)


def code_facts(analysis: Analysis) -> Iterator[Fact]:
    """Facts in source code: what a function is for, which value a constant has, what a class extends."""
    if "def " not in analysis.text and "class " not in analysis.text:
        return
    module = _module(analysis)
    for match in _DOCUMENTED.finditer(analysis.text):
        noun = "function or method" if match["kind"] == "def" else "class"
        question = f'In Python code{module}, which {noun} is documented as "{match["what"]}"?'
        if worth_asking(question, match["name"], "code"):
            yield Fact(question, match["name"], "code", 3.0, match.start())
    for match in _CONSTANT.finditer(analysis.text):
        question = f"In Python code{module}, which value is assigned to the constant {match['name']}?"
        if worth_asking(question, match["value"], "code"):
            yield Fact(question, match["value"], "code", 2.6, match.start())
    for match in _DEFINED.finditer(analysis.text):
        question = f"In Python code{module}, which class does {match['name']} inherit from?"
        if match["base"] != "object" and worth_asking(question, match["base"], "code"):
            yield Fact(question, match["base"], "code", 2.7, match.start())


def _module(analysis: Analysis) -> str:
    """The words " that uses NAME" for the package that a piece of code imports most, to say which code is meant."""
    packages = Counter(re.findall(r"^\s*(?:from|import) (\w+)", analysis.text, re.MULTILINE))
    named = [package for package, _ in packages.most_common() if package not in ("__future__", "typing", "sys", "os", "re")]
    return f" that uses {named[0]}" if named else ""
