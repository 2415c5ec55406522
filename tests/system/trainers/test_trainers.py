"""Exports in the trainers' own hands: their loaders, and the reward called by their code.

Run by `make trl`, which makes a Python with TRL in it and names it in TRAINERS_PYTHON. A trainer that this Python lacks is
skipped: install it there (verl and OpenRLHF with `pip install --no-deps` and what they then miss), or put its source on
PYTHONPATH. NeMo Gym asks for a Python of its own (3.12 or 3.13); its source, or the unpacked wheel, runs on 3.11 as well:

    make trl TRAINERS="..."    # once, then
    PYTHONPATH=SOURCE TRAINERS_PYTHON=PYTHON python -m pytest -rs tests/system/trainers

PYTHON needs `openai<=2.7.2 pydantic devtools fastapi httpx mcp itsdangerous uvicorn uvloop hydra-core omegaconf rich
mlflow-skinny aiohttp yappi ray[default] psutil datasets orjson wandb GitPython gprof2dot pydot python-multipart` for it.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.export.command import main as export
from beam_pipeline.main import main as run_pipeline
from tests.places import SAMPLE

pytestmark = [pytest.mark.trainers, pytest.mark.slow, pytest.mark.timeout(600)]

HERE = Path(__file__).resolve().parent
SPLITS = ("train", "validation", "example")


@pytest.fixture(scope="module")
def python() -> str:
    """The Python that has the trainers."""
    named = os.environ.get("TRAINERS_PYTHON", "")
    if not Path(named).is_file():
        pytest.skip("needs a Python with trainers: `make trl` makes one with TRL in it and runs these tests")
    return named


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, run."""
    output = tmp_path_factory.mktemp("trainers") / "out"
    assert run_pipeline(["--demo", "--input", str(SAMPLE), "--output", str(output)]) == 0
    return output


@pytest.fixture
def ask(python: str, finished: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Export to a format and have the trainer's Python run a script on it: what that reports."""

    def run(name: str, module: str, script: str) -> dict[str, Any]:
        known = subprocess.run([python, "-c", f"import importlib.util as u; raise SystemExit(not u.find_spec({module!r}))"])
        if known.returncode:
            pytest.skip(f"{python} has no {module}; the docstring of this file says how to get it")
        to = ["--to", str(tmp_path / "to"), "--validation_share", "0.2", "--allow_demo"]
        assert export([str(finished), "--format", name, *to]) == 0
        environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
        command = [python, str(HERE / script), str(tmp_path / "to")]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr[-4000:]
        print(done.stdout)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    return run


def test_load_dataset_opens_the_folder(ask: Callable[..., dict[str, Any]]) -> None:
    report = ask("hf", "datasets", "hf_load.py")
    assert report["splits"] == report["said_by_card"] and set(report["splits"]) == {"train", "validation"}
    assert report["card_and_files_agree"]
    assert report["question"]


def test_trl_takes_two_steps(ask: Callable[..., dict[str, Any]]) -> None:
    report = ask("trl", "trl", "trl_steps.py")
    assert report["steps"] == 2 and len(report["answer_reward"]) == 2
    assert report["half_told"] == [0.5, 0.5], "the reward knows the stored answer, and the random words are none"
    assert all(norm > 0 for norm in report["grad_norm"])
    moved, _, all_of_them = report["parameters_moved"].split()
    assert moved == all_of_them


@pytest.mark.parametrize(
    ("name", "module", "script"),
    [
        ("verl", "verl", "verl_load.py"),
        ("openrlhf", "openrlhf", "openrlhf_load.py"),
        ("nemo_rl", "nemo_rl", "nemo_rl_load.py"),
        ("nemo_gym", "nemo_gym", "nemo_gym_load.py"),
        ("verifiers", "verifiers.v1.utils.loaders", "verifiers_load.py"),  # from 0.4 on
        ("verifiers", "verifiers.envs", "verifiers_environment_load.py"),  # before
    ],
)
def test_the_others_load_and_score(ask: Callable[..., dict[str, Any]], name: str, module: str, script: str) -> None:
    report = ask(name, module, script)
    assert report["rows"] > 40 and report.get("validation", 1)
    assert set(map(str, report["right"])) <= {"1.0", "[[1.0], 1.0]"} and len(report["right"]) == 4
    assert set(map(str, report["wrong"])) <= {"0.0", "[[0.0], 0.0]"} and len(report["wrong"]) == 4
    if name == "nemo_gym":
        assert report["read_by_its_validator"] == {name: report[name if name != "train" else "rows"] for name in SPLITS}
        assert report["agent_as_exported"] and report["columns_kept"]
