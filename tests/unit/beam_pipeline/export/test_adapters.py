"""Exported rewards, called as the trainers call them, in a Python that knows nothing of this project.

What trainers bring along (torch, ray, ...) is stood in for by the little that the adapters use of it; `make trl` runs the
real ones.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.export.command import main
from beam_pipeline.export.reward_package import NamedJudge, reward_files
from beam_pipeline.export.trainer_rows import TRAINERS
from tests.fakes.exports import finished_run, pair, written_rows
from tests.fakes.scripted_endpoint import Answer, Asked, ScriptedEndpoint

RIGHT = "<think>Is it 9?</think>It is \\boxed{7 cubic kilometres}."
ALIAS = "\\boxed{7 km3}"
WRONG = "\\boxed{8 cubic kilometres}"
SAID = [RIGHT, ALIAS, WRONG, ""]
EXPECTED = [1.0, 1.0, 0.0, 0.0]

# What rules cannot tell. The judge of these tests agrees with the first, does not with the second, and fails on the third.
UNSURE = ["7 cubic kilometres, give or take.", "Perhaps 7 cubic kilometres.", "Maybe 7 cubic kilometres."]
JUDGED = [1.0, 0.0, 1.0, 0.0, None]

# Loads as the trainers do: by the file's path, or by the name of a module on the path.
LOAD = """
import importlib.util, json, sys, types

SAID, EXPORT, JUDGED = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3] == "judged"
FOLDER = f"{EXPORT}/{sys.argv[4]}".rstrip("/")  # in which the reward stands

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
# Each defines `score(said)`: the scores of several responses, None for those of which a trainer is told that the judge failed.
CALLS = {
    "trl": """
f = load("reward.py").answer_reward
logged = []
state = dict(trainer_state=None, log_extra=print, log_metric=lambda name, value: logged.append((name, value)))
def score(said):
    columns = {name: [row[name]] * len(said) for name in row if name != "prompt"}
    completions = [[{"role": "assistant", "content": one}] for one in said]
    given = f(prompts=[row["prompt"]] * len(said), completions=completions, completion_ids=[[1]] * len(said), **columns, **state)
    assert given == f(prompts=said, completions=said, completion_ids=said, **columns), "texts count as conversations do"
    assert logged == ([("judge_failed", given.count(None) / len(given))] if JUDGED else [])
    return given
columns = {name: [row[name]] for name in row}
assert f(prompts=[], completions=[[{"role": "assistant", "content": None}]], **columns) == [0.0]
del columns["question"]
assert f(prompts=[], completions=[SAID[0]], **columns) == [1.0], "rows of older exports have no question"
""",
    "verl": """
import asyncio, inspect
f = load("reward.py").compute_score
assert inspect.iscoroutinefunction(f) == JUDGED
info = {**row["extra_info"], "num_turns": None, "rollout_reward_scores": {}}
truth = row["reward_model"]["ground_truth"]
def ask(said, info):
    given = f(data_source="x", solution_str=said, ground_truth=truth, extra_info=info, reward_router_address="host")
    if not JUDGED:
        return given
    given = asyncio.run(given)
    assert given["acc"] == given["score"] and set(given) == {"score", "acc", "judge_failed"}
    assert given["score"] == 0.0 or not given["judge_failed"]
    return None if given["judge_failed"] else given["score"]
score = lambda said: [ask(one, info) for one in said]
assert ask(SAID[0], None) == 1.0
""",
    "openrlhf": """
stand_in("torch", **torch)
from concurrent.futures import ThreadPoolExecutor
f = load("reward.py").reward_func
prompt = "<|im_start|>user\\n" + row["prompt"][-1]["content"] + " Say it in \\\\boxed{9}." * 30
prompt += "<|im_end|>\\n<|im_start|>assistant\\n"
def ask(said, cut=0, before=""):
    out = f([before + prompt[cut:] + said + "<|im_end|>"], [prompt], [row["label"]])
    assert out["rewards"] == out["scores"] and set(out["extra_logs"]) == ({"judge_failed"} if JUDGED else set())
    if out["extra_logs"].get("judge_failed") == [1.0]:
        assert out["rewards"] == [0.0]
        return None
    return out["rewards"][0]
def score(said):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(ask, said))
assert ask(SAID[0], 300) == 1.0 and ask("\\\\boxed{9}", 300) == 0.0, "a prompt that was cut at its front"
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
class Figures(list):
    __mul__ = lambda self, others: self
    mean = float = lambda self: self
    item = lambda self: 0.0
def score(said):
    logs = [[{"role": "user", "content": "<|user|>q"}, {"role": "assistant", "content": one}] for one in said]
    out = environment.step(logs, [{"ground_truth": row["output"]}] * len(said))
    assert out.terminateds == [1.0] * len(said)
    assert len(out.observations) == len(out.next_stop_strings) == len(out.metadata) == len(said)
    assert {message["role"] for message in out.observations} == {"environment"}
    _, metrics = environment.global_post_process_and_metrics({"rewards": Figures(), "is_end": Figures()})
    if JUDGED:
        assert out.rewards[-1] == 0.0 and metrics["judge_failed"] == 1.0
        return [*out.rewards[:-1], None]
    assert "judge_failed" not in metrics
    return out.rewards
""",
    "nemo_gym": """
import asyncio
from enum import Enum
from pydantic import BaseModel
class Request(BaseModel):
    responses_create_params: dict
    response: types.SimpleNamespace | None = None
    model_config = dict(arbitrary_types_allowed=True)
class Response(Request):
    reward: float
class Server:
    pass
Mode = Enum("ReverifyMode", "STATELESS UNKNOWN")
stand_in("nemo_gym")
sys.modules["nemo_gym"].base_resources_server = types.SimpleNamespace(
    BaseVerifyRequest=Request, BaseVerifyResponse=Response, BaseResourcesServerConfig=BaseModel, SimpleResourcesServer=Server,
    ReverifyMode=Mode)
app = load("app.py")
assert app.QAResourcesServer.REVERIFY_MODE is Mode.STATELESS
def message(said):
    part = types.SimpleNamespace(type="output_text", text=said)
    return types.SimpleNamespace(type="message", role="assistant", content=[part])
def ask(*said):
    output = [types.SimpleNamespace(type="reasoning", summary=[]), *map(message, said)]
    body = app.VerifyRequest.model_validate({**row, "response": types.SimpleNamespace(output=output)})
    given = asyncio.run(app.QAResourcesServer().verify(body))
    assert given.id == row["id"] and given.license == row["license"], "the row's columns go along"
    assert given.reward == 0.0 or not given.judge_failed
    return None if given.judge_failed else given.reward
score = lambda said: [ask(one) for one in said]
assert ask() == 0.0 and ask(SAID[0], "\\\\boxed{9}") == 0.0 and ask("\\\\boxed{9}", SAID[0]) == 1.0, "the last message counts"
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
assert len(make(order="easy_first")) == 1
[task] = make()
assert task.data.prompt == row["question"] and "boxed" in task.data.system_prompt and task.key == row["info"]["id"]
assert make(min_pass_rate=0.6) == [] and len(make(max_pass_rate=0.6)) == 1
def ask(said):
    try:
        return asyncio.run(task.correct(types.SimpleNamespace(last_reply=said)))
    except RuntimeError as error:
        assert "the judge has no verdict" in str(error)
        return None
score = lambda said: [ask(one) for one in said]
""",
}
END = """
assert not [name for name in sys.modules if name.partition(".")[0] in ("transforms", "prompts", "beam_pipeline", "apache_beam")]
print(json.dumps(score(SAID)))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("rewards") / "run", [pair(7, pass_rate=0.5)])


@pytest.mark.parametrize("name", TRAINERS)
def test_a_reward_needs_its_folder_only(run: Path, tmp_path: Path, name: str) -> None:
    assert main([str(run), "--format", name, "--to", str(tmp_path / "to")]) == 0
    elsewhere = (tmp_path / "to").rename(tmp_path / "copied")
    assert scores(name, elsewhere, SAID) == EXPECTED
    assert scores(name, elsewhere, [RIGHT, *UNSURE]) == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", TRAINERS)
def test_a_judge_is_asked_about_what_is_unsure(
    run: Path, tmp_path: Path, name: str, serve: Callable[..., ScriptedEndpoint]
) -> None:
    endpoint = serve(reply)
    command = [str(run), "--format", name, "--to", str(tmp_path), "--question_template", "Please: $question"]
    assert main([*command, "--judge_endpoint", endpoint.url, "--judge_model", "m"]) == 0
    said = [RIGHT, WRONG, *UNSURE]
    assert scores(name, tmp_path, said, "judged", WEBSCALE_JUDGE_KEY_ENV="THE_KEY", THE_KEY="sk-1") == JUDGED
    assert {asked.headers["Authorization"] for asked in endpoint.asked} == {"Bearer sk-1"}
    assert all("<question>How much rock did Tambora 7 throw out?</question>" in asked.text for asked in endpoint.asked)
    assert not any("boxed" in asked.text for asked in endpoint.asked)
    assert scores(name, tmp_path, said, WEBSCALE_JUDGE_ENDPOINT="") == [1.0, 0.0, 0.0, 0.0, 0.0], (
        "the environment has the last word"
    )


def reply(asked: Asked) -> Answer | str:
    if "Maybe" in asked.text:
        return Answer(status=401)
    return json.dumps({"final_answer": "x", "correct": "give or take" in asked.text})


def scores(name: str, folder: Path, said: list[str], judged: str = "", **environment: str) -> list[float | None]:
    """What a trainer is given for some responses to the first row."""
    return called(CALLS[name], TRAINERS[name].home, folder, said, judged, **environment)


def called(calls: str, home: str, folder: Path, said: list[str], judged: str = "", **environment: str) -> list[float | None]:
    """The same for the reward in a folder of the export."""
    command = [sys.executable, "-I", "-c", LOAD + calls + END, json.dumps(said), str(folder), judged, home]
    rows = "".join(json.dumps(row) + "\n" for row in written_rows(folder))
    known = {name: value for name, value in os.environ.items() if not name.startswith("WEBSCALE_")}
    done = subprocess.run(
        command, input=rows, capture_output=True, text=True, timeout=60, cwd=folder, env={**known, **environment}
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", TRAINERS)
def test_the_copied_package_is_closed_and_of_the_standard_library(name: str) -> None:
    trainer = TRAINERS[name]
    files: dict[str, Any] = dict(reward_files(trainer.adapter, trainer.reward_file))
    adapter = files.pop(trainer.reward_file)
    assert adapter.count("Judge.from_environment()") == 1
    assert {"webscale_reward/reward/score.py", "webscale_reward/prompts/reward_judge.md"} < files.keys()
    for path, text in files.items():
        if not path.endswith(".py"):
            continue
        for node in ast.parse(text, path).body:  # what is imported inside a function is for those who count tokens
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                package = module.partition(".")[0]
                path_of = module.replace(".", "/")
                ours = f"{path_of}.py" in files or f"{path_of}/__init__.py" in files
                assert ours or package in sys.stdlib_module_names, f"{path} imports {module}"


def test_names_of_a_judge_cannot_be_code() -> None:
    judge = NamedJudge("http://host/v1", "m'); import os; ('")
    text = dict(reward_files("trl", "reward.py", judge))["reward.py"]
    [call] = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and "from_environment" in ast.dump(node.func)
    ]
    assert [ast.literal_eval(argument) for argument in call.args] == list(judge)


# --- verifiers before 0.4

ENVIRONMENT = """
import asyncio
class Rubric:
    def __init__(self, funcs, weights):
        self.funcs, self.weights = funcs, weights
class Environment:
    def __init__(self, dataset, eval_dataset, rubric):
        self.dataset, self.eval_dataset, self.rubric = dataset, eval_dataset, rubric
stand_in("verifiers", Rubric=Rubric, SingleTurnEnv=Environment)
stand_in("datasets", Dataset=types.SimpleNamespace(from_list=list))
module = load("webscale_qa_environment.py")
environment = module.load_environment()
[first] = environment.dataset
assert environment.eval_dataset is None and set(first) == {"prompt", "answer", "info", "task"}
assert [message["role"] for message in first["prompt"]] == ["system", "user"]
assert module.load_environment(min_pass_rate=0.6).dataset is None
def ask(said):
    state, completion = {}, [{"role": "assistant", "content": said}]
    given = asyncio.run(environment.rubric.funcs[0](completion, first["answer"], first["info"], state))
    assert environment.rubric.weights == [1.0, 0.0]
    return None if asyncio.run(environment.rubric.funcs[1](state)) else given
score = lambda said: [ask(one) for one in said]
"""


def test_an_environment_for_older_verifiers_stands_beside(run: Path, tmp_path: Path) -> None:
    assert main([str(run), "--format", "verifiers", "--to", str(tmp_path)]) == 0
    assert called(ENVIRONMENT, "", tmp_path, SAID) == EXPECTED
