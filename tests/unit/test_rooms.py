"""The order of the rooms: a file imports from its own room and from lower ones, and no two files need each other.

`ROOMS` is the table, lowest first. A room is a folder, or a file that is one by itself. Rooms of one line stand side by
side and do not import each other.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.places import ROOT

ROOMS: tuple[tuple[str, ...], ...] = (
    ("transforms/said",),
    (
        *("transforms/text", "transforms/errors", "transforms/stages", "transforms/lazy_names", "transforms/base_url"),
        "beam_pipeline/__init__",
        "beam_pipeline/command_parser",
        "beam_pipeline/exit_codes",
        "beam_pipeline/said_streams",
    ),
    ("transforms/__init__", "transforms/records", "transforms/shingles"),
    ("transforms/languages",),
    ("prompts",),
    ("transforms/english",),
    ("transforms/answers",),
    ("transforms/grounding", "transforms/reward"),
    ("transforms/judge",),
    ("transforms/reward_with_judge",),
    (
        *("transforms/document_rules", "transforms/pair_rules", "transforms/benchmarks", "transforms/clean_draft"),
        "transforms/doubt",
    ),
    ("transforms/duplicates",),
    ("transforms/flow",),
    ("transforms/inference/config",),
    ("transforms/inference/client",),
    ("transforms/inference/journal",),
    ("transforms/inference/scheduling",),
    ("transforms/inference/runtime",),
    ("transforms/inference/serving",),
    ("transforms/inference",),
    ("transforms/verifier_votes",),
    (
        *("transforms/screen", "transforms/filter", "transforms/classify", "transforms/synthesize", "transforms/check"),
        *("transforms/verify", "transforms/ask_back", "transforms/round_trip", "transforms/deduplicate"),
        *("transforms/decontaminate", "transforms/mix", "transforms/pass_rate", "transforms/key_doubt", "transforms/fill_in"),
    ),
    ("transforms/own_stage",),
    ("transforms/repair", "transforms/review"),  # drafts as synthesize does, and looks at the draft as check does
    ("beam_pipeline/storage",),
    ("beam_pipeline/options",),
    ("beam_pipeline/reading",),
    ("beam_pipeline/summary",),
    ("beam_pipeline/output",),
    ("beam_pipeline/streaming",),
    ("beam_pipeline/engines",),
    ("beam_pipeline/bigquery",),
    ("beam_pipeline/review",),
    ("beam_pipeline/plan",),
    ("beam_pipeline/pipeline", "beam_pipeline/report", "beam_pipeline/demo_endpoint", "beam_pipeline/doubt"),
    ("beam_pipeline/run", "beam_pipeline/beam_yaml"),
    ("beam_pipeline/main",),
    (
        *(
            "beam_pipeline/replay",
            "beam_pipeline/estimate",
            "beam_pipeline/export",
            "beam_pipeline/exemplars",
            "beam_pipeline/pack",
        ),
        *("beam_pipeline/reverify", "beam_pipeline/compare"),
    ),
    ("beam_pipeline/audit",),  # reads rows as reverify reads rollouts
    ("beam_pipeline/cli",),
    ("beam_pipeline/__main__", "beam_pipeline/sample"),
)
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}

BEAM = "apache_beam"
NETWORK = {"aiohttp", "google", "grpc", "http", "httpx", "httpx2", "openai", "requests", "socket", "urllib.request", "urllib3"}
# What runs without Beam, and of it what runs without a network as well.
WITHOUT_BEAM = (
    *(
        "transforms/said",
        "transforms/text",
        "transforms/errors",
        "transforms/base_url",
        "transforms/stages",
        "transforms/records",
        "transforms/shingles",
        "prompts",
        *("transforms/languages", "transforms/english", "transforms/answers"),
    ),
    *("transforms/grounding", "transforms/reward", "transforms/document_rules", "transforms/pair_rules"),
    *("transforms/clean_draft", "transforms/benchmarks", "transforms/duplicates", "transforms/doubt"),
    *("transforms/inference/config", "transforms/inference/client"),
    *("transforms/inference/journal", "transforms/inference/scheduling", "transforms/inference/runtime"),
)
STANDARD_LIBRARY = (
    "transforms.reward",
    "transforms.reward_with_judge",
    "transforms.answers",
    "transforms.grounding",
    "transforms.languages",
)
# Object stores are reached through Beam's file systems.
EXCEPTIONS = {"transforms/inference/journal/object_store.py": {f"{BEAM}.io.filesystems", f"{BEAM}.io.filesystems.FileSystems"}}


def source_files(root: Path = ROOT) -> list[str]:
    """Every Python file of the packages, as a path from the root."""
    packages = ("prompts", "transforms", "beam_pipeline")
    return sorted(path.relative_to(root).as_posix() for package in packages for path in (root / package).rglob("*.py"))


def room_of(path: str) -> str:
    """The room of a file: the longest name in the table that it begins with.

    Raises:
        LookupError: the table does not know it.
    """
    stem = path.removesuffix(".py")
    rooms = [room for room in FLOOR if stem == room or stem.startswith(f"{room}/")]
    if not rooms:
        raise LookupError(f"{path} stands in no room: give it one in tests/unit/test_rooms.py, or move it into one")
    return max(rooms, key=len)


def imported_modules(path: str, root: Path = ROOT) -> Iterator[str]:
    """The absolute names of everything that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse((root / path).read_text("utf-8"), path)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                package = Path(path).parts[: -node.level] if node.level else ()
                module = ".".join((*package, *(node.module or "").split("."))).rstrip(".")
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_files(path: str, root: Path = ROOT) -> set[str]:
    """The project's files that a file imports, itself and the bare packages on the way left out."""
    names = set(imported_modules(path, root))
    found = set()
    for name in names:
        place = name.replace(".", "/")
        for file in (f"{place}.py", f"{place}/__init__.py"):
            # `from package import module` names the package too, of which nothing is taken then.
            taken = not any(other.startswith(f"{name}.") and _is_module(other, root) for other in names)
            if (root / file).is_file() and file != path and (taken or not file.endswith("__init__.py")):
                found.add(file)
    return found


def _is_module(name: str, root: Path) -> bool:
    place = root / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


def circles(graph: dict[str, set[str]]) -> set[str]:
    """The nodes of a graph that lead back to themselves."""
    found = set()
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for following in graph.get(waiting.pop(), set()) - seen:
                seen.add(following)
                waiting.append(following)
        if start in seen:
            found.add(start)
    return found


def test_rooms_have_an_order() -> None:
    graph = {path: imported_files(path) for path in source_files()}
    rising = [
        f"{path} imports {file}: {room_of(file)} is {'beside' if FLOOR[room_of(file)] == FLOOR[room_of(path)] else 'above'} it"
        for path, files in graph.items()
        for file in sorted(files)
        if room_of(file) != room_of(path) and FLOOR[room_of(file)] >= FLOOR[room_of(path)]
    ]
    own = [
        f"{path} imports its own room's __init__; import the module" for path, files in graph.items()
        if path.rpartition("/")[0] + "/__init__.py" in files
    ]  # fmt: skip
    assert not rising and not own, "\n".join(rising + own)
    assert not circles(graph), "these files need each other: " + ", ".join(sorted(circles(graph)))


def test_every_room_of_the_table_is_there() -> None:
    missing = [room for room in FLOOR if not (ROOT / room).is_dir() and not (ROOT / f"{room}.py").is_file()]
    assert not missing, f"the table names rooms that are gone: {missing}"


def test_only_inference_talks_to_an_endpoint() -> None:
    outside = [path for path in source_files() if not path.startswith("transforms/inference/")]
    asking = [path for path in outside if any(name.partition(".")[0] == "openai" for name in imported_modules(path))]
    assert not asking, f"these ask a model past transforms/inference, so past its gate and retries: {asking}"


def test_rules_and_runtime_load_without_beam() -> None:
    files = [path for path in source_files() if room_of(path) in WITHOUT_BEAM]
    for path in files:
        beam = {name for name in imported_modules(path) if name.partition(".")[0] == BEAM} - EXCEPTIONS.get(path, set())
        assert not beam, f"{path} must work without {beam}"
        if not room_of(path).startswith("transforms/inference"):
            reached = {name for name in imported_modules(path) if name in NETWORK or name.partition(".")[0] in NETWORK}
            assert not reached, f"{path} must work without a network, and imports {reached}"
    modules = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files]
    assert BEAM not in _loaded(modules)


def test_the_reward_needs_the_standard_library_only() -> None:
    roots = {name.partition(".")[0] for name in _loaded(STANDARD_LIBRARY)}
    assert roots - set(sys.stdlib_module_names) <= {"transforms", "prompts", "__mp_main__"} | _loaded_by_python()


def _loaded(modules: tuple[str, ...] | list[str]) -> set[str]:
    """The modules that a fresh Python holds after importing some."""
    code = f"import sys, {', '.join(modules)}\nprint(*sys.modules)" if modules else "import sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _loaded_by_python() -> set[str]:
    return {name.partition(".")[0] for name in _loaded([])}


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


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {"b", "c"}
