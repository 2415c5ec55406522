"""What `setup.py` packs is the whole project: installed elsewhere, it loads its data and runs a stage."""

import ast
import os
import re
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import beam_pipeline
from tests.places import ROOT

PACKAGES = ("prompts", "transforms", "beam_pipeline")
DATA_SUFFIXES = {".md", ".yaml", ".jsonl", ".css", ".js"}

RUN_ELSEWHERE = """
import sys
from importlib import metadata, resources

import prompts
import transforms.flow.coders
import beam_pipeline.options

commands = [found for found in metadata.entry_points(group="console_scripts") if found.value.startswith("beam_pipeline")]
assert commands
assert all(callable(found.load()) for found in commands), commands

for module in (prompts, transforms.flow.coders, beam_pipeline.options):
    assert module.__file__.startswith(sys.argv[1]), module.__file__

loaded = prompts.load_prompts()
assert [prompt.name for prompt in loaded.prompts] == ["system", "filter", "classify", "synthesize", "repair", "verify"]
banks = {entry.name for entry in resources.files("prompts").joinpath("exemplars").iterdir()}
assert banks >= {f"{domain.slug}.jsonl" for domain in loaded.domains}, banks
assert resources.files("beam_pipeline").joinpath("sample").joinpath("documents.jsonl").read_text("utf-8")

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to
from transforms.flow.outcome import apply_rules, as_outcome
from transforms.records import Document, reject

def keep_long(document):
    yield document if len(document.text) > 3 else reject("screen", "too_short", document)

with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
    documents = pipeline | beam.Create([Document("a", "long enough"), Document("b", "no")])
    outcome = as_outcome(documents | "Screen" >> apply_rules("screen", keep_long, Document))
    assert_that(outcome.passed | beam.Map(lambda document: document.id), equal_to(["a"]), "Passed")
    assert_that(outcome.rejected | "Reasons" >> beam.Map(lambda rejection: rejection.reason), equal_to(["too_short"]), "Rejected")
print("ran a stage")
"""


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a command; its output is the message where it fails."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, f"{' '.join(command[:6])} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, built from a copy so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "setup.py", "-q", "egg_info", "-e", str(folder), "sdist", "-d", str(folder), cwd=ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.mark.integration
def test_sdist_holds_every_data_file(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"LICENSE", "README.md", "requirements.txt", "setup.py"}
    wanted |= {f"requirements-{extra}.txt" for extra in ("crawl", "llm", "report")}
    for package in PACKAGES:
        files = (path for path in (ROOT / package).rglob("*") if path.suffix in {".py", *DATA_SUFFIXES})
        wanted |= {path.relative_to(ROOT).as_posix() for path in files}
    assert wanted <= packed, sorted(wanted - packed)


@pytest.mark.integration
def test_installed_elsewhere_it_runs_a_stage(sdist: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), str(sdist), cwd=elsewhere)
    output = run(sys.executable, "-W", "ignore", "-c", RUN_ELSEWHERE, str(site), cwd=elsewhere, PYTHONPATH=str(site))
    assert output.endswith("ran a stage\n")


def test_version_is_the_package_version() -> None:
    done = run(sys.executable, "-W", "ignore", "setup.py", "--version", cwd=ROOT)
    assert done.split()[-1] == beam_pipeline.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", beam_pipeline.__version__)


@pytest.mark.integration
def test_workers_get_no_test_tools(sdist: Path) -> None:
    wanted = (sdist.parent / "webscale_qa.egg-info" / "requires.txt").read_text("utf-8").partition("\n[")[0].split()
    names = {re.split(r"[\[=<>]", requirement)[0] for requirement in wanted}
    assert {"apache-beam", "openai", "pydantic", "langdetect", "tiktoken", "google-cloud-storage"} <= names
    assert not names & {"pytest", "hypothesis", "ruff", "mypy", "matplotlib", "scikit-learn", "trafilatura", "-r"}


def test_every_package_that_is_imported_is_declared() -> None:
    """By this project itself, and not by a package that happens to bring it; the trainers' own are where they are loaded."""
    brought = {"pydantic_core": "pydantic", "matplotlib": "", "sklearn": ""}
    listed = [line for name in ("", "-crawl") for line in (ROOT / f"requirements{name}.txt").read_text("utf-8").splitlines()]
    declared = {canonicalize_name(re.split(r"[\[=<>]", line)[0]) for line in listed if line[:1] not in ("", "#")}
    packages = metadata.packages_distributions()
    for path in [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.parent.name != "adapters"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for top in {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - set(PACKAGES):
                if top not in brought:
                    assert {canonicalize_name(name) for name in packages[top]} & declared, f"{path}: {top}"
