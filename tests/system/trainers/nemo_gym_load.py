"""NeMo Gym's own config, data preparation and resources server on an export: `python nemo_gym_load.py EXPORT`.

What would need a model is left out: the rollouts are made up, in the form of its responses.
"""

import importlib.util
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

EXPORT = Path(sys.argv[1])
os.chdir(EXPORT)  # it looks for resources_servers/ in the folder that it is started from
SERVER = Path("resources_servers/webscale_qa")

from fastapi.testclient import TestClient  # noqa: E402
from nemo_gym.base_resources_server import BaseResourcesServerConfig, SimpleResourcesServer  # noqa: E402
from nemo_gym.global_config import GlobalConfigDictParserConfig, get_global_config_dict  # noqa: E402
from nemo_gym.server_utils import BaseServerConfig, ServerClient  # noqa: E402
from nemo_gym.train_data_utils import TrainDataProcessor  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

known = {"config_paths": [f"{SERVER}/configs/webscale_qa.yaml"], "output_dirpath": "prepared", "mode": "train_preparation"}
start = OmegaConf.merge(GlobalConfigDictParserConfig.NO_MODEL_GLOBAL_CONFIG_DICT, known)
parsing = GlobalConfigDictParserConfig(initial_global_config_dict=start, skip_load_from_cli=True, skip_load_from_dotenv=True)
with redirect_stdout(sys.stderr):
    config = get_global_config_dict(global_config_dict_parser_config=parsing)
    TrainDataProcessor().run(config)
    TrainDataProcessor().run(OmegaConf.merge(config, {"mode": "example_validation"}))
prepared = {
    split: Path(f"prepared/{split}.jsonl").read_text("utf-8").splitlines() for split in ("train", "validation", "example")
}
metrics = {split: json.loads(Path(f"prepared/{split}_metrics.json").read_text("utf-8")) for split in prepared}
rows = [json.loads(line) for line in prepared["train"]]
first = [json.loads(line) for line in (SERVER / "data/train.jsonl").read_text("utf-8").splitlines()]

spec = importlib.util.spec_from_file_location("app", SERVER / "app.py")
app = importlib.util.module_from_spec(spec)
sys.modules["app"] = app
spec.loader.exec_module(app)
assert issubclass(app.QAResourcesServer, SimpleResourcesServer)
settings = OmegaConf.to_container(config["webscale_qa"]["resources_servers"]["webscale_qa"])
settings |= {"name": "webscale_qa", "host": "localhost", "port": 1}
clients = ServerClient(head_server_config=BaseServerConfig(host="localhost", port=2), global_config_dict=config)
server = app.QAResourcesServer(config=BaseResourcesServerConfig.model_validate(settings), server_client=clients)
client = TestClient(server.setup_webserver())


def verify(row, said):
    """What /verify gives for a response that says one thing, after its reasoning."""
    thought = {"id": "r", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Is it \\boxed{9}?"}]}
    content = [{"type": "output_text", "text": said, "annotations": []}]
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": content}
    response = {"id": "resp", "created_at": 0.0, "model": "none", "object": "response", "output": [thought, message]}
    response |= {"parallel_tool_calls": False, "tool_choice": "none", "tools": []}
    reply = client.post("/verify", json={**row, "response": response})
    assert reply.status_code == 200, reply.text
    return reply.json()


right = [verify(row, f"So it is \\boxed{{{row['verifier_metadata']['answer']}}}.") for row in rows[:4]]
wrong = [verify(row, "\\boxed{none of these}") for row in rows[:4]]
figures = client.post(
    "/aggregate_metrics",
    json={
        "verify_responses": [
            {**reply, "_ng_task_index": 0, "_ng_rollout_index": number} for number, reply in enumerate(right + wrong)
        ]
    },
)
report = {
    "rows": len(rows),
    "validation": len(prepared["validation"]),
    "example": len(prepared["example"]),
    "read_by_its_validator": {split: about["Number of examples"] for split, about in metrics.items()},
    "agent_as_exported": all(row["agent_ref"] == old["agent_ref"] for row, old in zip(rows, first, strict=True)),
    "license": sorted({row["license"] for row in rows}),
    "right": [reply["reward"] for reply in right],
    "wrong": [reply["reward"] for reply in wrong],
    "columns_kept": right[0]["id"] == rows[0]["id"],
    "mean_of_both": figures.json().get("agent_metrics", {}).get("mean/reward"),
}
print(json.dumps(report))
