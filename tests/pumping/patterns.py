"""Every regular expression of the packages: those that a module holds, and those written where they are used."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

PACKAGES = ("transforms", "beam_pipeline", "prompts")
# Patterns that see no more characters than these, whatever the text, and why; they are pumped up to there.
BOUNDED = {
    "transforms.benchmarks.plain_words._ENDING": 40,  # the end of a question
    "beam_pipeline.demo_endpoint.rules.analysis._TITLE_TAIL": 1500,  # a line of a document's beginning
    "beam_pipeline.demo_endpoint.rules.facts.QUANTITIES": 322,  # a sentence, as `_statement` lets it pass
    "beam_pipeline.demo_endpoint.rules.facts._LABEL": 322,  # what stands before a number in one
    "beam_pipeline.demo_endpoint.rules.facts, `_placed`": 700,  # a question made of one
}
# What a trainer or another library must bring, and commands that start when they are loaded.
_NOT_LOADED = re.compile(r"\.__main__$|\.adapters\.(?:nemo_gym|nemo_rl|openrlhf|verifiers|verifiers_environment)$")
_FROM_THE_START, _WHOLE, _ANYWHERE = "match", "fullmatch", "finditer"
_METHODS = {
    "match": _FROM_THE_START,
    "fullmatch": _WHOLE,
    **dict.fromkeys(("search", "finditer", "findall", "split", "sub", "subn"), _ANYWHERE),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern, where it is, and how it is asked: `finditer` stands for all that may begin anywhere in a text."""

    name: str
    pattern: re.Pattern[str]
    methods: set[str] = field(default_factory=set)

    def call(self, method: str) -> Callable[[str], object]:
        """Ask the pattern in one of these ways for all that it finds in a text."""
        if method == _ANYWHERE:
            return lambda text: sum(1 for _ in self.pattern.finditer(text))
        return self.pattern.match if method == _FROM_THE_START else self.pattern.fullmatch


def find_patterns() -> list[Found]:
    """Each pattern once, under the first name that it has."""
    found: dict[tuple[str, int], Found] = {}
    modules = list(_modules())
    for module in modules:
        for name, value in vars(module).items():
            for pattern in _held(value, 0):
                found.setdefault(_key(pattern), Found(f"{module.__name__}.{name}", pattern))
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        local = _local_names(tree, module)
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    _note_call(node, node.func, f"{module.__name__}, `{function.name}`", module, local, found)
    for one in found.values():
        if not one.methods:  # held in a table, or handed over: it may be asked in any way
            one.methods.add(_ANYWHERE)
    return list(found.values())


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not _NOT_LOADED.search(module.name):
                yield importlib.import_module(module.name)


def _held(value: Any, depth: int) -> Iterator[re.Pattern[str]]:
    """The patterns in a value, also inside tuples, tables and records."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth > 3 or isinstance(value, (type, ModuleType)):
        return
    elif isinstance(value, (tuple, list, set, frozenset)):
        for item in value:
            yield from _held(item, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _held(item, depth + 1)
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            yield from _held(getattr(value, part.name, None), depth + 1)


def _key(pattern: re.Pattern[str]) -> tuple[str, int]:
    return pattern.pattern, pattern.flags


def _local_names(tree: ast.Module, module: ModuleType) -> dict[str, list[re.Pattern[str]]]:
    """What the names in functions may stand for: of `for pattern in _PATTERNS` all of these, of `free = _FREE.get(...)` too."""
    local: dict[str, list[re.Pattern[str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.comprehension)):
            target, value = node.target, node.iter
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.NamedExpr):
            target, value = node.target, node.value
        else:
            continue
        if any(isinstance(inner, ast.Attribute) and inner.attr in _METHODS for inner in ast.walk(value)):
            continue  # what a pattern found, and no pattern
        held = [
            pattern
            for inner in ast.walk(value)
            if isinstance(inner, ast.Name)
            for pattern in _held(getattr(module, inner.id, None), 0)
        ]
        for inner in ast.walk(target) if held else ():
            if isinstance(inner, ast.Name):
                local.setdefault(inner.id, []).extend(held)
    return local


def _note_call(
    call: ast.Call,
    asked: ast.Attribute,
    where: str,
    module: ModuleType,
    local: dict[str, list[re.Pattern[str]]],
    found: dict[tuple[str, int], Found],
) -> None:
    """Note a call of a pattern by its name, of one in a table by its key, or of `re` with a pattern that can be read off."""
    holder = asked.value
    while isinstance(holder, ast.Subscript):
        holder = holder.value
    if asked.attr not in _METHODS or not isinstance(holder, ast.Name):
        return
    if holder.id == "re":
        pattern = _written(call, module)
        if pattern is not None:
            one = found.setdefault(_key(pattern), Found(where, pattern))
            one.methods.add(_METHODS[asked.attr])
        return
    for pattern in (*_held(getattr(module, holder.id, None), 0), *local.get(holder.id, ())):
        found[_key(pattern)].methods.add(_METHODS[asked.attr])


def _written(call: ast.Call, module: ModuleType) -> re.Pattern[str] | None:
    """The pattern of a call like `re.search(r"...", text, re.I)`; None where it depends on what is looked for."""
    try:
        pattern = eval(compile(ast.Expression(call.args[0]), "pattern", "eval"), vars(module))
    except NameError:
        return None
    flags = 0
    for given in (*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "flags")):
        try:
            value = eval(compile(ast.Expression(given), "flags", "eval"), vars(module))
        except (NameError, TypeError, AttributeError):
            continue
        flags |= value if isinstance(value, re.RegexFlag) else 0
    return re.compile(pattern, flags) if isinstance(pattern, str) else None
