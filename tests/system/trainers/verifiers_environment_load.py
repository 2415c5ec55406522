"""verifiers before 0.4: its own loader, data set and rubric on an export: `python verifiers_environment_load.py EXPORT`."""

import asyncio
import json
import sys

import verifiers as vf

EXPORT = sys.argv[1]
sys.path.append(EXPORT)
environment = vf.load_environment("webscale_qa_environment")
rows, validation = environment.get_dataset(), environment.get_eval_dataset()


def score(row, said: str) -> float:
    """The reward that the environment's rubric gives for one answer to a row."""
    state = vf.State(input=dict(row), **dict(row), completion=[{"role": "assistant", "content": said}], timing={}, trajectory=[])
    asyncio.run(environment.rubric.score_rollout(state))
    return float(state["reward"])


report = {
    "rows": len(rows),
    "validation": len(validation),
    "columns": sorted(rows.column_names),
    "roles": [message["role"] for message in rows[0]["prompt"]],
    "right": [score(rows[number], f"So it is \\boxed{{{rows[number]['answer']}}}.") for number in range(4)],
    "wrong": [score(rows[number], "\\boxed{none of these}") for number in range(4)],
}
print(json.dumps(report))
