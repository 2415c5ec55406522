"""A trainer's reward as files that need nothing of this project: its adapter, and what the reward is made of.

The modules that an adapter loads are copied into a package `webscale_reward`, in the same folders, with the judge's prompt. They
need the standard library only, so that the folder can be copied to any machine, and the data keep the reward that they were
verified with.
"""

import ast
import re
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

from beam_pipeline import __version__

PACKAGE = "webscale_reward"
# Where the packages of this project go.
_HOMES = {"transforms": PACKAGE, "prompts": f"{PACKAGE}.prompts"}
_PROMPT = "reward_judge.md"
_ADAPTERS = "beam_pipeline.export.adapters"
_IMPORT = re.compile(rf"^([^\S\n]*from )({'|'.join(_HOMES)})\.", re.MULTILINE)
_JUDGE = "Judge.from_environment()"
_FIND_PACKAGE = f"""\
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))  # {PACKAGE}/ lies beside this file

"""
_ABOUT = f'''"""The reward of webscale-qa {__version__} (Apache License 2.0), copied by its export. Standard library only."""
'''


class NamedJudge(NamedTuple):
    """The judge that a reward asks about what its rules cannot tell, if the environment names no other."""

    endpoint: str
    model: str


def reward_files(adapter: str, name: str, judge: NamedJudge | None = None) -> Iterator[tuple[str, str]]:
    """(path, text) of every file of a reward: the adapter of a trainer under the name given, and the package beside it."""
    source = _read(_ADAPTERS, f"{adapter}.py")
    yield name, adapter_file(adapter, judge)
    for home in _HOMES.values():
        yield f"{home.replace('.', '/')}/__init__.py", _ABOUT
    for path in sorted(files_of(source)):
        package, _, inside = path.partition("/")
        yield f"{_HOMES[package].replace('.', '/')}/{inside}", _moved(_read(package, inside))
    yield f"{_HOMES['prompts'].replace('.', '/')}/{_PROMPT}", _read("prompts", _PROMPT)


def adapter_file(adapter: str, judge: NamedJudge | None = None) -> str:
    """The text of an adapter that finds the package beside it."""
    text = _moved(_read(_ADAPTERS, f"{adapter}.py")).replace(f"from {PACKAGE}.", f"{_FIND_PACKAGE}from {PACKAGE}.", 1)
    if judge:
        text = text.replace(_JUDGE, f"Judge.from_environment({judge.endpoint!r}, {judge.model!r})", 1)
    return text


def files_of(source: str) -> set[str]:
    """The files of this project, as paths from its root, that are loaded with a module of this text."""
    found: set[str] = set()
    waiting = _imported(source)
    while waiting:
        name = waiting.pop()
        package, _, module = name.partition(".")
        inside = module.replace(".", "/")
        inside += "/__init__.py" if resources.files(package).joinpath(inside).is_dir() else ".py"
        if module and f"{package}/{inside}" not in found:
            found.add(f"{package}/{inside}")
            waiting += [name.rpartition(".")[0], *_imported(_read(package, inside))]
    return found


def _imported(source: str) -> list[str]:
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return [node.module for node in nodes if node.module and node.module.partition(".")[0] in _HOMES]


def _moved(source: str) -> str:
    return _IMPORT.sub(lambda found: f"{found[1]}{_HOMES[found[2]]}.", source)


def _read(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text("utf-8")
