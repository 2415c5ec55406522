"""The folder of a resources server as NeMo Gym wants it, around the rows and the reward of an export.

    EXPORT/resources_servers/webscale_qa/app.py             the server, whose /verify is the reward
                                         configs/...yaml    server, agent and datasets
                                         data/*.jsonl       the splits, and a few rows as an example
                                         requirements.txt
                                         webscale_reward/

NeMo Gym looks for this path in the folder that it is started from, then in its own, so it runs from EXPORT as it is, or from a
copy of `resources_servers/webscale_qa`.

Source: NeMo Gym 0.4 and 0.5 (DatasetConfig, TrainDataProcessor, SimpleResourcesServer), as of 2026.
"""

from collections.abc import Iterable, Iterator

import yaml

NAME = "webscale_qa"
AGENT = f"{NAME}_simple_agent"
HOME = f"resources_servers/{NAME}/"
EXAMPLE_ROWS = 5
# Licences of a dataset that NeMo Gym has a name for, by their names on hubs. It takes no other than these.
_LICENCES = {
    "apache-2.0": "Apache 2.0",
    "mit": "MIT",
    "cc-by-4.0": "Creative Commons Attribution 4.0 International",
    "cc-by-sa-4.0": "Creative Commons Attribution-ShareAlike 4.0 International",
    "cc-by-nc-3.0": "CC BY-NC 3.0",
    "gpl-3.0": "GNU General Public License v3.0",
}
_NOT_NAMED = "TBD"
_REQUIREMENTS = "-e nemo-gym[dev] @ ../../\n"  # what NeMo Gym replaces by its own version outside a checkout
_README = """\
# {name}

Questions with short answers, and a resources server whose `/verify` pays 1.0 for the stored answer.

Start it with a model, from the folder that holds `resources_servers/`:

```bash
gym env start --config {home}configs/{name}.yaml --model-type openai_model
gym eval run --no-serve --agent {agent} --input {home}data/example.jsonl --output rollouts.jsonl
gym dataset collate "+config_paths=[{home}configs/{name}.yaml]" +output_dirpath=data +mode=train_preparation
```

## Rows

- `responses_create_params.input`: the prompt. `agent_ref`: the agent that answers it.
- `verifier_metadata`: what the reward reads: `question`, `answer`, `answer_type`, `aliases`.
- `license` and `attribution`: what the source of the row's document carried, "" where it did not. The config's licence is that
  of the whole data set.
- `id`, `document_id`, `source`, `domain`, `pass_rate`, `prompt_variant`.

## Licensing information

Code (`app.py`, `webscale_reward/`): Apache 2.0. Data: {licence}, and each row's `license`.
"""


def dataset_licence(licence: str) -> str:
    """A licence as NeMo Gym writes it; "TBD" for one that it has no name for."""
    return _LICENCES.get(licence, _NOT_NAMED)


def gym_files(splits: Iterable[str], licence: str) -> Iterator[tuple[str, str]]:
    """(path in the export, text) of the files around the rows of these splits."""
    yield f"{HOME}configs/{NAME}.yaml", yaml.safe_dump(_config(splits, dataset_licence(licence)), sort_keys=False)
    yield f"{HOME}requirements.txt", _REQUIREMENTS
    yield f"{HOME}README.md", _README.format(name=NAME, home=HOME, agent=AGENT, licence=licence)
    yield f"{HOME}__init__.py", ""


def _config(splits: Iterable[str], licence: str) -> dict[str, object]:
    def dataset(split: str) -> dict[str, str]:
        about = {"name": split, "type": split, "jsonl_fpath": f"{HOME}data/{split}.jsonl"}
        return about if split == "example" else {**about, "license": licence}

    server = {
        "entrypoint": "app.py",
        "domain": "knowledge",
        "verified": False,
        "description": "Questions with short answers that a document says",
        "value": "Improve factual and short-answer reasoning",
    }
    agent = {
        "entrypoint": "app.py",
        "resources_server": {"type": "resources_servers", "name": NAME},
        "model_server": {"type": "responses_api_models", "name": "policy_model"},
        "datasets": [dataset(split) for split in (*splits, "example")],
    }
    return {
        NAME: {"resources_servers": {NAME: server}},
        AGENT: {"responses_api_agents": {"simple_agent": agent}},
    }
