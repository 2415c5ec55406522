"""verifiers' own loader and scoring on an export: `python verifiers_load.py EXPORT`."""

import asyncio
import json
import sys

import verifiers.v1 as vf
from verifiers.v1.utils.loaders import load_taskset, taskset_class

EXPORT = sys.argv[1]
sys.path.append(EXPORT)
config = taskset_class("webscale_qa").__orig_bases__[0].__args__[1]
tasks = list(load_taskset(config(id="webscale_qa")))
easy_first = [task.data.pass_rate for task in load_taskset(config(id="webscale_qa", order="easy_first"))]
validation = list(load_taskset(config(id="webscale_qa", split="validation")))


async def score(task: vf.Task, said: str) -> float:
    """The reward of a conversation in which the model said one thing."""
    trace = vf.Trace.model_construct(root_reply=said, nodes=[], rewards={}, metrics={}, errors=[])
    return await task.correct(trace)


report = {
    "rows": len(tasks),
    "validation": len(validation),
    "prompt": tasks[0].data.prompt,
    "system": tasks[0].data.system_prompt,
    "easy_first": easy_first == sorted(easy_first, key=lambda rate: 2.0 if rate is None else 1 - rate),
    "keys": len({task.key for task in tasks}),
    "rewards_found": [hook.__name__ for hook in tasks[0].hooks("reward")],
    "stops_found": [hook.__name__ for hook in tasks[0].hooks("stop")],
    "right": [asyncio.run(score(task, f"So it is \\boxed{{{task.data.answer}}}.")) for task in tasks[:4]],
    "wrong": [asyncio.run(score(task, "\\boxed{none of these}")) for task in tasks[:4]],
}
print(json.dumps(report))
