"""Rows as trainers read them: for each trainer its columns, its files, and what its reward is handed.

Sources, as of 2026: TRL 1.16 (GRPOTrainer), verl 0.9 (RLHFDataset, reward managers), OpenRLHF 0.11 (PromptDataset,
SingleTurnAgentExecutor), NeMo-RL (ResponseDataset, math_hf_data_processor), NeMo Gym 0.4 and 0.5 (TrainDataProcessor,
SimpleResourcesServer), verifiers 0.4 (v1 Taskset) and 0.1 (Environment), prime-rl (DifficultyPoolSampler).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

import pyarrow as pa

from beam_pipeline.export.attribution import carried, credits_of, licence_of
from beam_pipeline.export.nemo_gym import AGENT, EXAMPLE_ROWS, HOME, gym_files
from beam_pipeline.storage.row_files import Row
from transforms.text import neutralise, stable_seed

DATA_SOURCE = "webscale_qa"
SPLITS = ("train", "validation")
# The reward reads \boxed{}, "the answer is", and a last line that says the answer alone.
SYSTEM_TEMPLATE = "Think first if it helps. Then give the final answer, and nothing else, in \\boxed{}."
QUESTION_TEMPLATE = "$question"
PLACEHOLDERS = ("question", "domain", "answer_type")
# What is worth having of a pair beside its prompt, as far as it is text.
_NAMES = ("id", "document_id", "source", "domain", "question", "answer_type")
_CHUNK = re.compile(r"#\d+\Z")
_HASHES = 1 << 64


def split_of(document_id: str, validation_share: float) -> str:
    """The split of all rows of a document, its chunks together: a hash decides, so another run agrees."""
    whole = _CHUNK.sub("", document_id)
    return SPLITS[stable_seed("split", whole) < validation_share * _HASHES]


@dataclass(frozen=True)
class Templates:
    """The words around a question, with `$question`, `$domain` and `$answer_type` in them; `$$` is a dollar sign.

    Raises:
        ValueError: a placeholder is none of these, or the question has no place.
    """

    system: str = SYSTEM_TEMPLATE
    question: str = QUESTION_TEMPLATE

    def __post_init__(self) -> None:
        for name, template in (("system", self.system), ("question", self.question)):
            if unknown := sorted(_placeholders(name, template) - set(PLACEHOLDERS)):
                known = ", ".join(f"${known}" for known in PLACEHOLDERS)
                raise ValueError(f"--{name}_template: there is no ${unknown[0]}; there is {known}, and $$ for a dollar sign")
        if "question" not in _placeholders("question", self.question):
            raise ValueError("--question_template: $question is not in it")
        if "question" in _placeholders("system", self.system):
            raise ValueError("--system_template: the question belongs in --question_template")

    def asked(self, row: Row) -> str:
        """What the user says; control tokens of chat templates in it are made inert, for the question is untrusted."""
        return self._filled(self.question, row)

    def told(self, row: Row) -> str:
        """What the system says; "" for nothing."""
        return self._filled(self.system, row)

    def _filled(self, template: str, row: Row) -> str:
        return Template(template).substitute({name: neutralise(row[name]) for name in PLACEHOLDERS})

    def messages(self, row: Row) -> list[dict[str, str]]:
        """The prompt as a conversation."""
        told = self.told(row)
        said = [{"role": "system", "content": told}] if told else []
        return [*said, {"role": "user", "content": self.asked(row)}]

    def variant_of(self, row: Row) -> str:
        """The name of the row's prompt variant; "" where all rows have the same words."""
        return ""

    @property
    def said_by_system(self) -> str | None:
        """What the system says in every row; None where that differs."""
        return None if _placeholders("system", self.system) else Template(self.system).substitute()


def _placeholders(name: str, template: str) -> set[str]:
    found = list(Template.pattern.finditer(template))
    if any(match["invalid"] is not None for match in found):
        raise ValueError(f"--{name}_template: a $ that begins no placeholder; write $$ for a dollar sign")
    return {match["named"] or match["braced"] for match in found} - {None}


def _label(row: Row) -> str:
    """What the reward needs to know, for trainers that hand over one text."""
    return json.dumps({name: row[name] for name in ("question", "answer", "answer_type", "aliases")}, ensure_ascii=False)


def _about(row: Row, templates: Templates) -> dict[str, Any]:
    """What is worth having beside a prompt, for logs and for mixing by difficulty."""
    return {**{name: row[name] for name in (*_NAMES, "aliases", "pass_rate")}, "prompt_variant": templates.variant_of(row)}


def trl_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """TRL: `prompt`, and columns that reach the reward by their names."""
    return {"prompt": templates.messages(row), "answer": row["answer"], **_about(row, templates)}


def verl_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """verl: its five columns; the reward gets `extra_info`."""
    return {
        "data_source": DATA_SOURCE,
        "prompt": templates.messages(row),
        "ability": row["domain"],
        "reward_model": {"style": "rule", "ground_truth": row["answer"]},
        "extra_info": {"split": split, "index": index, **_about(row, templates)},
    }


def openrlhf_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """OpenRLHF: a conversation and a label, which is all that its reward gets."""
    return {"prompt": templates.messages(row), "label": _label(row), "datasource": DATA_SOURCE, **_about(row, templates)}


def nemo_rl_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """NeMo-RL: the user's words and, as `output`, what its environment gets as ground truth.

    Texts only: a reader of JSONL guesses a column's type from the first rows, which may hold nulls and empty lists.
    """
    about = {**{name: row[name] for name in _NAMES}, "prompt_variant": templates.variant_of(row)}
    return {"input": templates.asked(row), "output": _label(row), "answer": row["answer"], **about}


def nemo_gym_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """NeMo Gym: the prompt as a request of the Responses API, who answers it, and what the resources server is handed.

    Licence and attribution are those of the document, as far as they were carried.
    """
    attributes = carried(row)
    return {
        "responses_create_params": {"input": templates.messages(row)},
        "agent_ref": {"type": "responses_api_agents", "name": AGENT},
        "verifier_metadata": {name: row[name] for name in ("question", "answer", "answer_type", "aliases")},
        **{name: row[name] for name in ("id", "document_id", "source", "domain", "pass_rate")},
        "prompt_variant": templates.variant_of(row),
        "license": licence_of(attributes),
        "attribution": credits_of(attributes, row["source"]),
    }


def verifiers_row(row: Row, templates: Templates, split: str, index: int) -> Row:
    """verifiers: `question` with the words around it, `answer`, `info` and `task`; what lies beside the data reads them."""
    return {
        "question": templates.asked(row),
        "system_prompt": templates.told(row),
        "answer": row["answer"],
        "info": _about(row, templates),
        "task": DATA_SOURCE,
    }


_TEXT = pa.string()
_MESSAGES = pa.list_(pa.struct([("role", _TEXT), ("content", _TEXT)]))
_ABOUT = [
    *((name, _TEXT) for name in _NAMES),
    ("aliases", pa.list_(_TEXT)),
    ("pass_rate", pa.float64()),
    ("prompt_variant", _TEXT),
]
_TRL = pa.schema([("prompt", _MESSAGES), ("answer", _TEXT), *_ABOUT])
_OPENRLHF = pa.schema([("prompt", _MESSAGES), ("label", _TEXT), ("datasource", _TEXT), *_ABOUT])
_VERL = pa.schema(
    [
        ("data_source", _TEXT),
        ("prompt", _MESSAGES),
        ("ability", _TEXT),
        ("reward_model", pa.struct([("style", _TEXT), ("ground_truth", _TEXT)])),
        ("extra_info", pa.struct([("split", _TEXT), ("index", pa.int64()), *_ABOUT])),
    ]
)


def _says_image(row: Row) -> str:
    # OpenRLHF puts an image in the place of these letters.
    return "image_placeholder" if "<image>" in row["question"] else ""


@dataclass(frozen=True)
class Trainer:
    """How a trainer reads an export."""

    to_row: Callable[[Row, Templates, str, int], Row]  # from pair, templates, split, and index in the split
    schema: pa.Schema | None  # of its Parquet files; None where it reads JSONL
    adapter: str  # the file of `adapters/` with its reward
    reward_file: str = "reward.py"  # what that is called in the export
    system_file: bool = False  # whether the system's words stand in a file of their own instead of the rows
    refused: Callable[[Row], str] = lambda row: ""  # why this trainer cannot take a pair, "" if it can
    more_adapters: Mapping[str, str] = field(default_factory=dict)  # other files of `adapters/`, by what each is called
    home: str = ""  # the folder in the export for the reward, ending in "/"
    data: str = "{split}"  # a file of rows, without its suffix
    example_rows: int = 0  # the first rows of train that stand in a file "example" as well
    files: Callable[[Iterable[str], str], Iterator[tuple[str, str]]] | None = None  # others, from splits and licence
    starting_rates: bool = False  # whether a curriculum comes with pass rates by task key as well


TRAINERS: Mapping[str, Trainer] = {
    "trl": Trainer(trl_row, _TRL, "trl"),
    "verl": Trainer(verl_row, _VERL, "verl"),
    "openrlhf": Trainer(openrlhf_row, _OPENRLHF, "openrlhf", refused=_says_image),
    "nemo_rl": Trainer(nemo_rl_row, None, "nemo_rl", "webscale_qa_environment.py", system_file=True),
    "nemo_gym": Trainer(
        nemo_gym_row,
        None,
        "nemo_gym",
        "app.py",
        home=HOME,
        data=f"{HOME}data/{{split}}",
        example_rows=EXAMPLE_ROWS,
        files=gym_files,
    ),
    "verifiers": Trainer(
        verifiers_row,
        None,
        "verifiers",
        "webscale_qa.py",
        more_adapters={"verifiers_environment": "webscale_qa_environment.py"},
        starting_rates=True,
    ),
}
