"""The card: figures that are those of the files, front matter that readers know, and no word of a document that does anything."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from beam_pipeline.export.command import main
from beam_pipeline.export.dataset_card import features, plain, size_category
from beam_pipeline.output.kinds import SCHEMAS
from tests.fakes.exports import finished_run, pair

EVIL = '<script>alert("x")</script> | {{7*7}} ```\n# Heading [link](javascript:alert(1)) http://evil.example $$x$$'


def card_of(run: Path, to: Path, *options: str) -> tuple[dict, str]:
    """(front matter, body) of a run's card."""
    assert main([str(run), "--format", "hf", "--to", str(to), *options]) == 0
    _, front, body = (to / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), body


def test_a_card_says_what_is_there(tmp_path: Path) -> None:
    rows = [pair(number, pass_rate=0.5 if number else None) for number in range(40)]
    options = {
        "benchmarks": ["/data/secret-project/gsm8k.jsonl", "gs://our-bucket/evals/math500.parquet"],
        "endpoint": ["http://gpu-0.internal:8000/v1"],
        "languages": ["en", "de"],
        "benchmark_ngram": 9,
    }
    run = finished_run(tmp_path / "run", rows, **options)
    front, body = card_of(run, tmp_path / "to", "--licence", "CC-BY-4.0", "--title", "Volcanoes", "--validation_share", "0.3")
    splits = {split["name"]: split["num_examples"] for split in front["dataset_info"]["splits"]}
    assert (front["license"], front["pretty_name"], front["size_categories"]) == ("cc-by-4.0", "Volcanoes", ["n<1K"])
    assert front["language"] == ["en", "de"]
    assert sum(splits.values()) == 40 and set(splits) == {"train", "validation"}
    assert [entry["split"] for entry in front["configs"][0]["data_files"]] == ["train", "validation"]
    for line in (
        "| Natural Science | 40 | 100.0% |",
        f"| train | {splits['train']} |",
        "| number | 40 |",
        f"| synthesize | writer-7b | 2 | {'ab' * 6} | 40 |",
        f"| verify | judge-70b | 3 | {'cd' * 6} | 40 |",
        "- gsm8k.jsonl",
        "- math500.parquet",
        "9 words in a row",
        "The pass rate was not measured for 1 of 40 rows.",
    ):
        assert line in body, line
    assert not re.search(r"secret-project|our-bucket|gpu-0|" + re.escape(str(tmp_path)), f"{front}{body}")
    assert "not for training" not in body and "demo" not in front["tags"]


def test_a_card_names_packs_with_their_version_where_the_run_wrote_it_down(tmp_path: Path) -> None:
    options = {"benchmarks": ["/evals/gsm8k.pack", "/evals/math500.parquet"]}
    run = finished_run(tmp_path / "run", [pair(1)], **options)
    _, body = card_of(run, tmp_path / "before")
    assert "- math500.parquet\n- gsm8k.pack" in body and "looked for by rules" not in body
    summary = json.loads((run / "summary.json").read_text())
    packs = ["gsm8k 2021-11, 1,187 items, digest ba6cc647631e"]
    (run / "summary.json").write_text(json.dumps({**summary, "decontamination": {"rephrased": 1.1, "packs": packs}}))
    _, body = card_of(run, tmp_path / "after")
    assert "- math500.parquet\n- gsm8k 2021-11, 1,187 items, digest ba6cc647631e" in body and "gsm8k.pack" not in body
    assert "Other words for the same were looked for by rules" in body and "from likeness 1.1 on" in body


@pytest.mark.parametrize("name", ["hf", "trl"])
def test_an_export_says_how_often_the_reward_errs(tmp_path: Path, name: str) -> None:
    run, to = finished_run(tmp_path / "run", [pair(1)]), tmp_path / "to"
    assert main([str(run), "--format", name, "--to", str(to)]) == 0
    page = (to / ("README.md" if name == "hf" else "webscale_reward/README.md")).read_text("utf-8")
    assert resources.files("beam_pipeline.export").joinpath("reward_error.md").read_text("utf-8") in page
    assert re.search(r"^\| answers of chat models .*\d%", page, re.MULTILINE)


def test_languages_that_a_list_of_inputs_names_are_not_told_wrong(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run", [pair(1)], inputs="inputs.yaml", languages=["en"])
    assert "language" not in card_of(run, tmp_path / "to")[0]


def test_a_card_says_what_a_limit_or_a_weight_left_out(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run", [pair(1)])
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    summary["documents"] |= {"read": 481, "accepted": 13, "rejected": 97, "not_started": 361, "not_sampled": 10}
    (run / "summary.json").write_text(json.dumps(summary), "utf-8")
    _, body = card_of(run, tmp_path / "to")
    assert "0 failed, 10 left out by the weights and caps of the inputs, 361 not started when a limit stopped the run. Of" in body


def test_a_demo_is_called_one(tmp_path: Path) -> None:
    row = pair(1)
    row["provenance"]["calls"][0]["model"] = "demo-rules"
    front, body = card_of(finished_run(tmp_path / "run", [row]), tmp_path / "to", "--allow_demo")
    assert "**A demo, not for training.**" in body and "demo" in front["tags"]
    assert front["license"] == "unknown" and "No licence was named" in body
    assert "None: the questions were not compared with any benchmark." in body


def test_words_of_documents_do_nothing(tmp_path: Path) -> None:
    row = pair(1, domain=EVIL, question=EVIL, quote=EVIL)
    row["provenance"]["calls"][0]["model"] = EVIL
    run = finished_run(tmp_path / "run", [row], benchmarks=[f"x/{EVIL.replace('/', '')}"])
    front, body = card_of(run, tmp_path / "to", "--title", EVIL)
    assert front["pretty_name"] == " ".join(EVIL.split())
    assert "<" not in re.sub(r"`<[^>`]*>`", "", body), "no tag can begin"
    fence, example = re.findall(r"^(```json)\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)[-1]
    assert fence and "\\u003cscript>" in example, "the example is shown as the JSON that it is"
    outside = body.replace(example, "")
    assert "javascript:alert" not in outside and "http:" not in outside
    for line in outside.splitlines():
        if line.startswith("|"):
            assert line.count("|") in (3, 4, 5, 6), f"a cell of its own: {line}"
    assert len(re.findall(r"^#", outside, re.MULTILINE)) == 1 + outside.count("\n## ")


@hypothesis_settings(max_examples=100)
@given(st.text(max_size=60))
def test_plain_text_is_one_line_without_markup(text: str) -> None:
    shown = plain(text)
    assert not re.search(r"[<>|\n\r]|(?<!\\)[`*\[\]{}$~]|https?:", re.sub(r"\\\\", "", shown))


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (123_456, "100K<n<1M"), (10**6, "1M<n<10M"), (10**9, "n>1B")],
)
def test_sizes_have_the_names_that_hubs_know(rows: int, category: str) -> None:
    assert size_category(rows) == category


def test_features_are_those_of_the_columns() -> None:
    made = {feature.pop("name"): feature for feature in features(SCHEMAS["qa"])}
    assert list(made) == SCHEMAS["qa"].names
    assert made["question"] == {"dtype": "string"}
    assert made["aliases"] == {"list": "string"}
    assert made["pass_rate"] == {"dtype": "float64"}
    assert made["verdicts"]["list"][1] == {"name": "passed", "dtype": "bool"}
    assert made["provenance"]["struct"][2]["list"][2] == {"name": "prompt_version", "dtype": "int32"}
