"""A trainer's reward as files that need nothing of this project: its adapter, and what the reward is made of.

The modules that `transforms.reward` is made of are copied into a package `webscale_reward`, in the same folders. They need the
standard library only, so that the folder can be copied to any machine, and the data keep the reward that they were verified with.
"""

import ast
import re
from collections.abc import Iterator
from importlib import resources

from beam_pipeline import __version__

PACKAGE = "webscale_reward"
_SOURCE = "transforms"
_ADAPTERS = "beam_pipeline.export.adapters"
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
    text = _IMPORT.sub(rf"\g<1>{PACKAGE}.", _read(_ADAPTERS, f"{adapter}.py"))
    yield name, text.replace(f"from {PACKAGE}.", f"{_FIND_PACKAGE}from {PACKAGE}.", 1)
    yield f"{PACKAGE}/__init__.py", _ABOUT
    for path in sorted(files_of(f"{_SOURCE}.reward")):
        yield f"{PACKAGE}/{path}", _IMPORT.sub(rf"\g<1>{PACKAGE}.", _read(_SOURCE, path))


def files_of(module: str) -> set[str]:
    """The files of `transforms`, as paths from there, that are loaded with one of its modules, itself included."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = "/".join(name.split(".")[1:])
        path += "/__init__.py" if resources.files(_SOURCE).joinpath(path).is_dir() else ".py"
        if name != _SOURCE and path not in found:
            found.add(path)
            waiting.append(name.rpartition(".")[0])
            imports = (node for node in ast.walk(ast.parse(_read(_SOURCE, path))) if isinstance(node, ast.ImportFrom))
            waiting += [node.module for node in imports if node.module and node.module.startswith(f"{_SOURCE}.")]
    return found


def _read(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text("utf-8")
