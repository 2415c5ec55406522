"""Exported rewards, called as the trainers call them, in a Python that knows nothing of this project.

What trainers bring along (torch, ray, ...) is stood in for by the little that the adapters use of it; `make trl` runs the
real ones.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.export.command import main
from beam_pipeline.export.reward_package import files_of, reward_files
from beam_pipeline.export.trainer_rows import TRAINERS
from tests.fakes.exports import finished_run, pair

RIGHT = "<think>Is it 9?</think>It is \\boxed{7 cubic kilometres}."
ALIAS = "\\boxed{7 km3}"
WRONG = "\\boxed{8 cubic kilometres}"
SAID = [RIGHT, ALIAS, WRONG, ""]
EXPECTED = [1.0, 1.0, 0.0, 0.0]

# Loads as the trainers do: by the file's path, or by the name of a module on the path.
LOAD = """
import importlib.util, json, sys, types

SAID, FOLDER = json.loads(sys.argv[1]), sys.argv[2]

def load(name):
    spec = importlib.util.spec_from_file_location("theirs", f"{FOLDER}/{name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["theirs"] = module
    spec.loader.exec_module(module)
    return module

def stand_in(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)

ROWS = [json.loads(line) for line in sys.stdin]
row = ROWS[0]
torch = dict(tensor=lambda values, dtype: values, ones_like=lambda values: [1.0] * len(values), float32="float32")
"""
CALLS = {
    "trl": """
f = load("reward.py").answer_reward
columns = {name: [row[name]] * len(SAID) for name in row if name != "prompt"}
state = dict(trainer_state=None, log_extra=print, log_metric=print)
completions = [[{"role": "assistant", "content": said}] for said in SAID]
scores = f(prompts=[row["prompt"]] * len(SAID), completions=completions, completion_ids=[[1]] * len(SAID), **columns, **state)
assert scores == f(prompts=SAID, completions=SAID, completion_ids=SAID, **columns), "texts count as conversations do"
assert f(prompts=[], completions=[[{"role": "assistant", "content": None}]], **{n: v[:1] for n, v in columns.items()}) == [0.0]
""",
    "verl": """
f = load("reward.py").compute_score
info = {**row["extra_info"], "num_turns": None, "rollout_reward_scores": {}}
truth = row["reward_model"]["ground_truth"]
scores = [f(data_source=row["data_source"], solution_str=said, ground_truth=truth, extra_info=info) for said in SAID]
assert f("x", SAID[0], truth, None, reward_router_address="host") == 1.0
""",
    "openrlhf": """
stand_in("torch", **torch)
from concurrent.futures import ThreadPoolExecutor
f = load("reward.py").reward_func
prompt = "<|im_start|>user\\n" + row["prompt"][-1]["content"] + " Say it in \\\\boxed{9}." * 30
prompt += "<|im_end|>\\n<|im_start|>assistant\\n"
def ask(said, cut=0, before=""):
    out = f([before + prompt[cut:] + said + "<|im_end|>"], [prompt], [row["label"]])
    assert out["rewards"] == out["scores"] and out["extra_logs"] == {}
    return out["rewards"][0]
with ThreadPoolExecutor(4) as pool:
    scores = list(pool.map(ask, SAID))
assert ask(SAID[0], 300) == 1.0 and ask(SAID[2], 300) == 0.0, "a prompt that was cut at its front"
assert ask(SAID[0], 0, "<s>") == 1.0
try:
    f(["something else"], [prompt], [row["label"]])
except ValueError as error:
    assert "tokenizer" in str(error)
else:
    raise AssertionError("a response that cannot be found was scored")
""",
    "nemo_rl": """
from typing import NamedTuple
from collections import namedtuple
registered, actors = [], {}
Return = namedtuple("Return", "observations metadata next_stop_strings rewards terminateds answers")
stand_in("torch", **torch)
stand_in("ray", remote=lambda **settings: lambda cls: cls)
for name in ("nemo_rl", "nemo_rl.distributed", "nemo_rl.environments"):
    stand_in(name)
stand_in("nemo_rl.distributed.ray_actor_environment_registry", ACTOR_ENVIRONMENT_REGISTRY=actors)
stand_in("nemo_rl.distributed.virtual_cluster", PY_EXECUTABLES=types.SimpleNamespace(SYSTEM="python"))
stand_in("nemo_rl.environments.interfaces", EnvironmentInterface=object, EnvironmentReturn=Return)
stand_in("nemo_rl.environments.utils", register_env=lambda *names: registered.append(names))
sys.path.append(FOLDER)
import webscale_qa_environment
webscale_qa_environment.register()
[(name, actor)] = registered
assert name == "webscale_qa" and actors == {actor: "python"}
module, _, member = actor.rpartition(".")
environment = getattr(sys.modules[module], member)({})
logs = [[{"role": "user", "content": "<|user|>q"}, {"role": "assistant", "content": said}] for said in SAID]
out = environment.step(logs, [{"ground_truth": row["output"]}] * len(SAID))
assert out.terminateds == [1.0] * len(SAID)
assert len(out.observations) == len(out.next_stop_strings) == len(out.metadata) == len(SAID)
assert {message["role"] for message in out.observations} == {"environment"}
scores = out.rewards
""",
    "verifiers": """
import asyncio
from typing import Generic, TypeVar
from pydantic import BaseModel
A, B = TypeVar("A"), TypeVar("B")
class Data(BaseModel):
    id: str | None = None
    prompt: str | None = None
    system_prompt: str | None = None
class Task(Generic[A]):
    def __init__(self, data, config):
        self.data, self.config = data, config
class Config(BaseModel):
    id: str = ""
    task: dict = {}
class Taskset(Generic[A, B]):
    def __init__(self, config):
        self.config = config
stand_in("verifiers")
stand_in("verifiers.v1", TaskData=Data, Task=Task, Taskset=Taskset, TasksetConfig=Config, Trace=object,
         stop=lambda f: f, reward=lambda weight: lambda f: f)
sys.path.append(FOLDER)
import webscale_qa
[name] = webscale_qa.__all__
make = lambda **settings: list(getattr(webscale_qa, name)(webscale_qa.QAConfig(**settings)).load())
[task] = make()
assert task.data.prompt == row["question"] and "boxed" in task.data.system_prompt and task.key == row["info"]["id"]
assert make(min_pass_rate=0.6) == [] and len(make(max_pass_rate=0.6)) == 1
score = lambda said: asyncio.run(task.correct(types.SimpleNamespace(last_reply=said)))
scores = [score(said) for said in SAID]
""",
}
END = """
assert not [name for name in sys.modules if name.partition(".")[0] in ("transforms", "beam_pipeline", "apache_beam")]
print(json.dumps(scores))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("rewards") / "run", [pair(7, pass_rate=0.5)])


@pytest.mark.parametrize("name", TRAINERS)
def test_a_reward_needs_its_folder_only(run: Path, tmp_path: Path, name: str) -> None:
    assert main([str(run), "--format", name, "--to", str(tmp_path / "to")]) == 0
    elsewhere = (tmp_path / "to").rename(tmp_path / "copied")
    command = [sys.executable, "-I", "-c", LOAD + CALLS[name] + END, json.dumps(SAID), str(elsewhere)]
    done = subprocess.run(command, input=_lines(elsewhere), capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == EXPECTED


def _lines(folder: Path) -> str:
    from tests.fakes.exports import written_rows

    return "".join(json.dumps(row) + "\n" for row in written_rows(folder))


def test_the_copied_package_is_closed_and_of_the_standard_library() -> None:
    files: dict[str, Any] = dict(reward_files("verl", "reward.py"))
    assert {f"webscale_reward/{path}" for path in files_of("transforms.reward")} < files.keys()
    for path, text in files.items():
        for node in ast.parse(text, path).body:  # what is imported inside a function is for those who count tokens
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                package = module.partition(".")[0]
                path_of = module.replace(".", "/")
                ours = f"{path_of}.py" in files or f"{path_of}/__init__.py" in files
                assert ours or package in sys.stdlib_module_names, f"{path} imports {module}"
