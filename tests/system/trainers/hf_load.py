"""`datasets.load_dataset` on an exported dataset, as it is: `python hf_load.py EXPORT`."""

import json
import sys
from pathlib import Path

from datasets import Features, load_dataset, load_dataset_builder
from pyarrow.parquet import read_schema

EXPORT = sys.argv[1]
dataset = load_dataset(EXPORT)
card = load_dataset_builder(EXPORT).info
columns = Features.from_arrow_schema(read_schema(next(Path(EXPORT).glob("data/train-*.parquet"))))
report = {
    "splits": dataset.num_rows,
    "said_by_card": {name: split.num_examples for name, split in card.splits.items()},
    "card_and_files_agree": card.features == columns == dataset["train"].features,
    "question": dataset["train"][0]["question"],
}
print(json.dumps(report))
