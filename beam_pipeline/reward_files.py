"""A trainer's reward as files that need nothing of this project: its adapter, and what the reward is made of.

The modules that `transforms.reward` is made of are copied into a package `webscale_reward`, under their own names. They need the
standard library only, so that the folder can be copied to any machine, and the data keep the reward that they were verified with.
"""

import ast
import re
from collections.abc import Iterator
from importlib import resources

from beam_pipeline import __version__

PACKAGE = "webscale_reward"
_SOURCE = "transforms"
_ADAPTERS = "beam_pipeline.trainers"
_IMPORT = re.compile(rf"^(\s*from ){_SOURCE}\.", re.MULTILINE)
_FIND_PACKAGE = f"""\
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))  # {PACKAGE}/ lies beside this file

"""
_ABOUT = f'''"""The reward of webscale-qa {__version__} (Apache License 2.0), copied by its export. Standard library only."""
'''


def reward_files(adapter: str, name: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every file of a reward: the adapter of a trainer under the name given, and the package beside it."""
    text = _read(_ADAPTERS, adapter)
    yield name, _with_path(_IMPORT.sub(rf"\g<1>{PACKAGE}.", text))
    yield f"{PACKAGE}/__init__.py", _ABOUT
    modules = modules_of("reward")
    rooms = {f"{module.rpartition('.')[0]}.__init__" for module in modules if "." in module}
    for module in sorted(modules | rooms):
        yield f"{PACKAGE}/{module.replace('.', '/')}.py", _IMPORT.sub(rf"\g<1>{PACKAGE}.", _read(_SOURCE, module))


def modules_of(name: str) -> set[str]:
    """The modules of `transforms` that are loaded with one of them, itself included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imported(_read(_SOURCE, module))
    return found


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{_SOURCE}."):
            yield node.module.removeprefix(f"{_SOURCE}.")


def _read(package: str, module: str) -> str:
    return resources.files(package).joinpath(f"{module.replace('.', '/')}.py").read_text("utf-8")


def _with_path(text: str) -> str:
    """The adapter with the lines that let it find the package, before the first import of it."""
    at = text.index(f"from {PACKAGE}.")
    return text[:at] + _FIND_PACKAGE + text[at:]
