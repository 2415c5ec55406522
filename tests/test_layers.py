"""A file imports only from lower floors, or its own; stages never import each other.

0 facts: no Beam, no network. 1 plumbing. 2 stages. 3 assembly. 4 entry points and tests.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("prompts", "transforms", "beam_pipeline")

# Where a folder holds one floor, the folder is enough.
FOLDERS = {"prompts": 0, "transforms/english": 0, "transforms/inference": 1, "beam_pipeline": 3, "templates": 4, "tests": 4}
FILES = {
    "setup.py": 4,
    "beam_pipeline/__init__.py": 0,
    "beam_pipeline/__main__.py": 4,
    "beam_pipeline/export.py": 4,
    "beam_pipeline/main.py": 4,
    "beam_pipeline/replay.py": 4,
    "beam_pipeline/report/__main__.py": 4,
    "beam_pipeline/estimate.py": 4,
    "beam_pipeline/worker.py": 4,
}
TRANSFORMS = {
    0: (
        "__init__",
        "abbreviations",
        "address",
        "advertising",
        "answer_rules",
        "answers",
        "benchmark_index",
        "boilerplate",
        "choices",
        "chunk",
        "consensus",
        "contamination",
        "copies",
        "dates",
        "errors",
        "expressions",
        "final_answer",
        "folding",
        "formal",
        "formula",
        "grounding",
        "judge",
        "language",
        "leak_numbers",
        "leak_words",
        "leakage",
        "lists",
        "markup",
        "mentions",
        "minhash",
        "modifiers",
        "mojibake",
        "near_questions",
        "number_patterns",
        "objections",
        "offered",
        "paraphrase",
        "plain_words",
        "prose",
        "quantities",
        "question_rules",
        "question_words",
        "quality",
        "quotes",
        "records",
        "regions",
        "reward",
        "shelf",
        "statement",
        "text",
        "units",
    ),
    1: ("coders", "digest", "diversity", "first_seen", "outcome", "wake"),
    2: ("check", "classify", "decontaminate", "deduplicate", "filter", "mix", "screen", "semantic", "synthesize", "verify"),
}
TRANSFORMS[1] += ("sampling",)
TRANSFORMS[2] += ("pass_rate", "round_trip", "verify_question")
FILES |= {f"transforms/{name}.py": floor for floor, names in TRANSFORMS.items() for name in names}

NETWORK = {"aiohttp", "google", "grpc", "http", "httpx", "httpx2", "openai", "requests", "socket", "urllib.request", "urllib3"}
BEAM = "apache_beam"
# The transforms among the plumbing: where Beam meets an endpoint, and where documents meet their replies.
MEETS_BEAM = tuple(f"transforms/inference/{name}.py" for name in ("call", "embed", "recall", "serve"))
# Modules of Beam that one file may use all the same: object stores are reached through its file systems.
EXCEPTIONS = {"transforms/inference/objects.py": {"apache_beam.io.filesystems", "apache_beam.io.filesystems.FileSystems"}}
SKIPPED = {".venv", "build", "dist", "demo_output", "output", "out"}


def sources() -> list[str]:
    """Every Python file of the project, as a path from its root."""
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    return sorted(path.as_posix() for path in paths if not (SKIPPED & set(path.parts) or path.parts[0].startswith(".")))


def floor_of(path: str) -> int | None:
    """The floor of a file; None where nobody has given it one."""
    if path in FILES:
        return FILES[path]
    folders = [folder for folder in FOLDERS if path.startswith(f"{folder}/")]
    return FOLDERS[max(folders, key=len)] if folders else None


def imported_modules(path: str, root: Path = ROOT) -> Iterator[str]:
    """The absolute names of everything that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse((root / path).read_text("utf-8"), path)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case ast.ImportFrom():
                package = Path(path).parts[: -node.level]
                module = ".".join((*package, *(node.module or "").split("."))).rstrip(".")
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)


def file_of(module: str) -> str | None:
    """The project file that a module name stands for."""
    if module.partition(".")[0] not in (*PACKAGES, "tests"):
        return None
    path = module.replace(".", "/")
    return next((file for file in (f"{path}.py", f"{path}/__init__.py") if (ROOT / file).is_file()), None)


def imported_files(path: str) -> set[str]:
    """The project files that a file imports, itself left out."""
    return {file for module in imported_modules(path) if (file := file_of(module)) and file != path}


def reachable(path: str) -> set[str]:
    """Everything that is loaded when a file is imported, packages on the way included."""
    found, pending = set(), [path]
    while pending:
        current = pending.pop()
        if current in found:
            continue
        found.add(current)
        parents = [f"{parent.as_posix()}/__init__.py" for parent in Path(current).parents if parent != Path(".")]
        pending += [*imported_files(current), *(parent for parent in parents if (ROOT / parent).is_file())]
    return found


def imports_any(path: str, names: set[str]) -> set[str]:
    """Which of the outside modules in `names` a file imports."""
    return {name for name in names for module in imported_modules(path) if module == name or module.startswith(f"{name}.")}


@pytest.mark.parametrize("path", sources())
def test_has_a_floor(path: str) -> None:
    assert floor_of(path) is not None, f"{path} has no floor: give it one in tests/test_layers.py, in FILES or TRANSFORMS"


@pytest.mark.parametrize("path", [path for path in sources() if floor_of(path) is not None])
def test_imports_point_down(path: str) -> None:
    floor = floor_of(path)
    assert floor is not None
    above = {file: floor_of(file) for file in imported_files(path) if (floor_of(file) or 0) > floor}
    assert not above, f"{path} is on floor {floor} and imports from above: {above}"
    if floor == 2:
        stages = {file for file in imported_files(path) if floor_of(file) == 2}
        assert not stages, f"{path} is a stage and imports other stages: {stages}"


@pytest.mark.parametrize("path", [path for path in sources() if floor_of(path) == 0])
def test_facts_need_neither_beam_nor_network(path: str) -> None:
    for file in reachable(path):
        found = imports_any(file, NETWORK | {BEAM})
        assert not found, f"{path} must work without {found}, which {file} imports"


INFERENCE = [path for path in sources() if path.startswith("transforms/inference/") and path not in MEETS_BEAM]


@pytest.mark.parametrize("path", INFERENCE)
def test_inference_meets_beam_in_one_place(path: str) -> None:
    for file in reachable(path):
        found = {module for module in imported_modules(file) if module.partition(".")[0] == BEAM} - EXCEPTIONS.get(file, set())
        assert not found, f"{path} must work without {found}, which {file} imports; that belongs in {MEETS_BEAM[0]}"


def test_facts_and_inference_load_without_beam() -> None:
    paths = [path for path in sources() if floor_of(path) == 0 or path in INFERENCE]
    modules = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
    code = f"import sys, {', '.join(modules)}\nassert {BEAM!r} not in sys.modules"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [path for path in sources() if path.startswith(PACKAGES)])
def test_only_inference_talks_to_an_endpoint(path: str) -> None:
    if not path.startswith("transforms/inference/"):
        assert not imports_any(path, {"openai"}), f"{path} asks a model past transforms/inference, so past its gate and retries"


def test_the_list_holds_no_file_twice() -> None:
    names = [name for names in TRANSFORMS.values() for name in names]
    assert len(names) == len(set(names))


def test_relative_and_nested_imports_are_seen(tmp_path: Path) -> None:
    (tmp_path / "transforms").mkdir()
    (tmp_path / "transforms" / "new.py").write_text(
        "def f():\n    from . import text\n    from .errors import X\n    import a.b\n"
    )
    assert set(imported_modules("transforms/new.py", tmp_path)) == {
        "transforms",
        "transforms.text",
        "transforms.errors",
        "transforms.errors.X",
        "a.b",
    }
