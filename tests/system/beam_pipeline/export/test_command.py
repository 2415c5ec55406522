"""Exports: every pair in one split or left out for a reason, whole files or none, and nothing replaced that is not ours."""

import fcntl
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from beam_pipeline.export import command as export_module
from beam_pipeline.export.command import Selection, chosen_domains, main
from beam_pipeline.export.folder import ExportFolder, SplitFiles
from beam_pipeline.export.trainer_rows import TRAINERS, Templates, split_of
from beam_pipeline.main import main as run_pipeline
from beam_pipeline.output.kinds import SCHEMAS
from beam_pipeline.storage import row_files
from tests.fakes.exports import every_file, finished_run, pair, write_rows, written_rows
from tests.fakes.object_store import ObjectStore
from tests.places import SAMPLE

SHARD = "qa-00000-of-00001.jsonl"
FORMATS = ("hf", *TRAINERS)
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def export(run: Path | str, to: Path | str, name: str = "trl", *options: str) -> int:
    return main([str(run), "--format", name, "--to", str(to), *options])


# --- a run of the pipeline, exported to everything


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, run once, in every format with a fifth for validation."""
    folder = tmp_path_factory.mktemp("exports")
    output = str(folder / "out")
    options = ("--output_format", "parquet", "--pass_rate_samples", "1")
    assert run_pipeline(["--demo", "--input", str(SAMPLE), "--output", output, *options]) == 0
    for name in FORMATS:
        assert export(output, folder / name, name, "--validation_share", "0.2", "--allow_demo") == 0
    return folder


@pytest.mark.integration
@pytest.mark.parametrize("name", FORMATS)
def test_every_pair_is_in_one_split_with_its_document(exports: Path, name: str) -> None:
    def ids(split: str) -> set[tuple[str, str]]:
        found = set()
        for row in written_rows(exports / name, split):
            about = row.get("extra_info") or row.get("info") or row
            found.add((about["document_id"].partition("#")[0], about["id"]))
        return found

    train, validation = ids("train"), ids("validation")
    pairs = pq.read_table(exports / "out" / "qa").to_pylist()
    assert {row["id"] for row in pairs} == {pair_id for _, pair_id in train | validation}
    assert len(train) + len(validation) == len(pairs) > 50
    assert not {document for document, _ in train} & {document for document, _ in validation}
    assert train and validation
    assert validation == {(row["document_id"].partition("#")[0], row["id"]) for row in written_rows(exports / "hf", "validation")}


@pytest.mark.integration
def test_a_dataset_has_the_rows_as_they_were(exports: Path) -> None:
    rows = [row for split in ("train", "validation") for row in written_rows(exports / "hf", split)]
    by_id = {row["id"]: row for row in rows}
    assert by_id == {row["id"]: row for row in pq.read_table(exports / "out" / "qa").to_pylist()}
    file = pq.ParquetFile(exports / "hf" / "data" / "train-00000-of-00001.parquet")
    assert file.schema_arrow.remove_metadata() == SCHEMAS["qa"].remove_metadata()
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


COLUMNS = {
    "trl": {"prompt", "question", "answer", "answer_type", "aliases", "id", "document_id", "source", "domain", "pass_rate"}
    | {"prompt_variant"},
    "verl": {"data_source", "prompt", "ability", "reward_model", "extra_info"},
    "openrlhf": {"prompt", "label", "datasource", "id", "document_id", "source", "domain"}
    | {"question", "answer_type", "aliases", "pass_rate", "prompt_variant"},
    "nemo_rl": {"input", "output", "question", "answer", "id", "document_id", "source", "domain", "answer_type"}
    | {"prompt_variant"},
    "nemo_gym": {
        "responses_create_params",
        "agent_ref",
        "verifier_metadata",
        "id",
        "document_id",
        "source",
        "domain",
        "pass_rate",
    }
    | {"prompt_variant", "license", "attribution"},
    "verifiers": {"question", "system_prompt", "answer", "info", "task"},
}


@pytest.mark.integration
@pytest.mark.parametrize("name", TRAINERS)
def test_trainers_get_their_columns(exports: Path, name: str) -> None:
    rows = written_rows(exports / name)
    row = rows[0]
    assert set(row) == COLUMNS[name]
    if "prompt" in row:
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    if name == "verl":
        assert row["reward_model"]["style"] == "rule" and row["reward_model"]["ground_truth"]
        assert [each["extra_info"]["index"] for each in written_rows(exports / name)] == list(
            range(len(written_rows(exports / name)))
        )
    if name in ("openrlhf", "nemo_rl"):
        assert set(json.loads(row.get("label") or row["output"])) == {"question", "answer", "answer_type", "aliases"}
    if name == "nemo_rl":
        assert "\\boxed{}" in (exports / name / "system_prompt.txt").read_text("utf-8")
        assert all(isinstance(value, str) for value in row.values()), "a reader of JSONL guesses types from the first rows"


# --- splits


@hypothesis_settings(max_examples=60)
@given(IDS, st.integers(0, 10**6), st.floats(0, 1))
def test_chunks_share_the_split_of_their_document(document: str, chunk: int, share: float) -> None:
    assert split_of(f"{document}#{chunk}", share) == split_of(document, share)
    if split_of(document, share) == "validation":
        assert split_of(document, min(1.0, share * 1.5)) == "validation", "more validation only takes from train"


def test_the_share_is_about_what_was_asked() -> None:
    splits_of = Counter(split_of(f"document {number}", 0.1) for number in range(5000))
    assert 420 < splits_of["validation"] < 580
    assert {split_of(f"{number}", 0.0) for number in range(100)} == {"train"}


# --- what is left out


def test_rows_and_reasons_close(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        *(pair(number, pass_rate=number / 10) for number in range(11)),
        pair(20),  # not measured
        pair(21, pass_rate=0.5, domain="Math"),
        pair(22, pass_rate=0.5, answer_type="term"),
        pair(23, pass_rate=0.5, question="What does <image> show?"),
    ]
    run = finished_run(tmp_path / "run", rows)
    options = (
        "--domains",
        "natural_science",
        "--answer_types",
        "number,name",
        "--min_pass_rate",
        "0.2",
        "--max_pass_rate",
        "0.8",
    )
    assert export(run, tmp_path / "to", "openrlhf", *options, "--validation_share", "0.5") == 0
    left_out = {"domain": 1, "answer_type": 1, "pass_rate_not_measured": 1, "pass_rate": 4, "image_placeholder": 1}
    about = json.loads((tmp_path / "to" / "export.json").read_text("utf-8"))
    assert about["left_out"] == left_out
    assert sum(about["rows"].values()) + sum(left_out.values()) == len(rows)
    written = written_rows(tmp_path / "to") + written_rows(tmp_path / "to", "validation")
    assert sorted(row["pass_rate"] for row in written) == [number / 10 for number in range(2, 9)]
    said = capsys.readouterr().out
    assert all(f"{why:30}{number:>10}" in said for why, number in {**left_out, **about["rows"]}.items())


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["math"], {"Math"}),
        (["commerce_economics, MATH"], {"Commerce & Economics", "Math"}),
        (["Fire, water and earth"], {"Fire, water and earth"}),
        (["math", "fire water & earth"], None),
        ([""], None),
    ],
)
def test_domains_go_by_name_or_slug(wanted: list[str], names: set[str] | None) -> None:
    known = ("Math", "Commerce & Economics", "Fire, water and earth")
    if names is not None:
        assert chosen_domains(wanted, known) == names
    else:
        with pytest.raises(ValueError, match=r"the run has Commerce & Economics, Fire, water and earth, Math"):
            chosen_domains(wanted, known)


def test_without_a_band_unmeasured_pairs_stay() -> None:
    assert Selection().refused(pair(pass_rate=None)) == ""


# --- words around a question


def test_templates_make_the_prompt(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run", [pair(question="Is <|im_end|> a token, $question?", domain="Math")])
    asked = tmp_path / "asked.txt"
    asked.write_text("For $$1, in $domain: ${question}\n", "utf-8")
    assert export(run, tmp_path / "to", "trl", "--system_template", "", "--question_template", str(asked)) == 0
    [row] = written_rows(tmp_path / "to")
    # Nothing in a question is a placeholder, and a control token in it is none for a tokenizer.
    assert row["prompt"] == [{"role": "user", "content": "For $1, in Math: Is <\u200b|im_end|> a token, $question?"}]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"question": "$frage"}, "there is no $frage; there is $question"),
        ({"question": "Costs $5: $question"}, "write $$ for a dollar sign"),
        ({"question": "no question"}, "$question is not in it"),
        ({"system": "Answer $question"}, "belongs in --question_template"),
    ],
)
def test_templates_are_looked_at(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        Templates(**settings)
    assert message in str(refused.value)


# --- files


def test_large_exports_have_shards_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "SHARD_ROWS", 25)
    monkeypatch.setattr(row_files, "ROW_GROUP_BYTES", 10 * row_files.ROW_BYTES)
    run = finished_run(tmp_path / "run", [pair(number) for number in range(60)], "parquet", shards=3)
    assert export(run, tmp_path / "to", "hf") == 0
    files = [tmp_path / "to" / "data" / f"train-{shard:05}-of-00003.parquet" for shard in range(3)]
    groups = [
        [pq.ParquetFile(file).metadata.row_group(group).num_rows for group in range(pq.ParquetFile(file).num_row_groups)]
        for file in files
    ]
    assert groups == [[10, 10, 5], [10, 10, 5], [10]]


def test_jsonl_and_parquet_give_the_same(tmp_path: Path) -> None:
    rows = [pair(number, attributes={"crawl": "7"}, pass_rate=0.25) for number in range(5)]
    for file_format in ("jsonl", "parquet"):
        assert export(finished_run(tmp_path / file_format, rows, file_format), tmp_path / f"to-{file_format}", "hf") == 0
    assert written_rows(tmp_path / "to-jsonl") == written_rows(tmp_path / "to-parquet")
    assert written_rows(tmp_path / "to-jsonl")[0]["attributes"] == '{"crawl":"7"}'


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_surrogate_pair_does_not_end_an_export(tmp_path: Path, name: str) -> None:
    assert export(finished_run(tmp_path / "run", [pair(question="What is \ud800?")]), tmp_path / "to", name) == 0
    assert "What is \\\\ud800?" in json.dumps(written_rows(tmp_path / "to")[0])


def test_whole_numbers_over_64_bits_do_not_end_an_export(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    with ExportFolder(str(file)) as folder:
        with SplitFiles(folder, None, "{split}.jsonl", 10) as files:
            files.write("train", {"answer": 2**70})
        folder.commit({})
    assert written_rows(file) == [{"answer": 2**70}]


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_of_nothing_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    run = finished_run(tmp_path / "run", [pair(1)])
    assert export(run, tmp_path / "to", name, "--min_pass_rate", "0.5") == 1
    assert "left by these options: the pass rate was not measured; nothing" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()


def test_a_stream_is_exported_as_far_as_its_windows_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path / "run", [pair(1)], streaming=True)
    (run / "summary.json").unlink()
    (run / "qa" / SHARD).unlink()
    (run / "summaries").mkdir()
    for hour in (6, 7):
        window = f"20261121T0{hour}0000Z-20261121T0{hour}1000Z-6b01b1f4-pane0-00000-of-00001.jsonl"
        write_rows(run / "qa" / f"qa-{window}", [pair(hour)])
        summary = json.loads((finished_run(tmp_path / f"{hour}", [pair(hour)]) / "summary.json").read_text("utf-8"))
        summary |= {"window": {"start": f"2026-11-21T0{hour}:00:00Z", "end": f"2026-11-21T0{hour}:10:00Z"}}
        (run / "summaries" / f"summaries-{window}").write_text(json.dumps(summary) + "\n", "utf-8")
    with open(run / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert export(run, tmp_path / "running", "hf") == 0
    assert "the stream goes on" in capsys.readouterr().out
    assert export(run, tmp_path / "ended", "trl", "--domains", "Natural Science") == 0
    assert "the stream goes on" not in capsys.readouterr().out
    assert [row["document_id"] for row in written_rows(tmp_path / "ended")] == ["volcano-6", "volcano-7"]


def test_overwrite_replaces_what_an_export_wrote_and_nothing_else(tmp_path: Path) -> None:
    run, to = finished_run(tmp_path / "run", [pair(1)]), tmp_path / "to"
    assert export(run, to, "trl") == 0
    (to / "notes.md").write_text("mine", "utf-8")
    assert export(run, to, "verifiers") == 2, "not without --overwrite"
    assert export(run, to, "verifiers", "--overwrite") == 0
    files = every_file(to)
    assert {"notes.md", "train.jsonl", "webscale_qa.py"} <= files
    assert not {"train.parquet", "reward.py"} & files
    (to / "README.md").write_text("mine", "utf-8")
    before = every_file(to)
    assert export(run, to, "hf", "--overwrite") == 2, "a file of the user is in the way of the card"
    assert every_file(to) == before and (to / "README.md").read_text("utf-8") == "mine"


def test_what_a_killed_export_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "to" / "beam-temp-export-0a1b2c3d"
    left.mkdir(parents=True)
    (left / "00000").write_text("half", "utf-8")
    assert export(finished_run(tmp_path / "run", [pair(1)]), tmp_path / "to", "hf") == 0
    assert not left.exists() and len(written_rows(tmp_path / "to")) == 1


def test_an_object_store_takes_an_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, to = finished_run(tmp_path / "run", [pair(1)]), tmp_path / "to"
    assert export(f"store:/{run}", f"store:/{to}", "hf") == 0
    assert every_file(to) == {"README.md", "data/train-00000-of-00001.parquet", "export.json"}
    assert export(run, f"store:/{to}", "trl", "--overwrite") == 0
    assert "README.md" not in every_file(to) and len(written_rows(to)) == 1
    ObjectStore.failing.add("rename")
    try:
        assert export(run, f"store:/{tmp_path / 'failed'}") == 2
    finally:
        ObjectStore.failing.clear()
    assert every_file(tmp_path / "failed") == set()
    assert "cannot be written: the store is away: rename" in capsys.readouterr().err


# --- refusals


def _no_qa(run: Path) -> None:
    (run / "qa" / SHARD).unlink()
    (run / "qa").rmdir()


def _bad_row(run: Path) -> None:
    with open(run / "qa" / SHARD, "a") as file:
        file.write(json.dumps(pair(2, answer=" ")) + "\n")


def _not_json(run: Path) -> None:
    with open(run / "qa" / SHARD, "a") as file:
        file.write('{"id": ')


BROKEN = {
    "no qa/": (_no_qa, "there is no qa/ in it"),
    "no summary": (lambda run: (run / "summary.json").unlink(), "its run has not ended; go on with it by --resume"),
    "no run's summary": (lambda run: (run / "summary.json").write_text("[]"), "holds no summary.json of a run that ended"),
    "lost file": (
        lambda run: (run / "qa" / SHARD).write_text(""),
        "qa/ holds 0 pairs and summary.json says 1",
    ),
    "no file": (lambda run: (run / "qa" / SHARD).rename(run / "qa" / "x"), "no .jsonl or .parquet file"),
    "bad row": (_bad_row, "qa-00000-of-00001.jsonl:2: answer is no text"),
    "not JSON": (_not_json, "qa-00000-of-00001.jsonl:2: not JSON"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_finished_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str) -> None:
    run = finished_run(tmp_path / "run", [pair(1)])
    change, message = BROKEN[broken]
    change(run)
    assert export(run, tmp_path / "to", "hf") == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and message in said.err and said.err.count("\n") == 1
    assert not (tmp_path / "to").exists() or every_file(tmp_path / "to") == set(), "no half export is left"


def test_a_run_that_goes_on_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path / "run", [pair(1)])
    with open(run / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert export(run, tmp_path / "to") == 2
    assert "a run is writing there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--format", "jax"], 2, "--format: invalid choice: 'jax'"),
        ([], 2, "--format"),
        (["--format", "trl", "--validation_share", "1"], 2, "--validation_share 1: leaves nothing to train on"),
        (["--format", "trl", "--validation_share", "nan"], 2, "--validation_share nan: must be from 0 to 1"),
        (["--format", "trl", "--min_pass_rate", "-0.1"], 2, "--min_pass_rate -0.1: must be from 0 to 1"),
        (["--format", "trl", "--min_pass_rate", "0.5", "--max_pass_rate", "0.4"], 2, "--min_pass_rate 0.5 is above"),
        (["--format", "trl", "--domains", "alchemy"], 2, "--domains alchemy: the run has Natural Science"),
        (["--format", "trl", "--answer_types", "essay"], 2, "--answer_types essay: there is number,"),
        (["--format", "trl", "--answer_types", "place"], 1, "no pair of"),
        (["--format", "trl", "--licence", "cc0-1.0"], 2, "--licence: does nothing for --format trl"),
        (["--format", "hf", "--judge_model", "m"], 2, "--judge_model: does nothing for --format hf"),
        (["--format", "trl", "--judge_model", "m"], 2, "--judge_endpoint: is missing"),
        (["--format", "trl", "--judge_endpoint", "http://h/v1", "--judge_model", " "], 2, "--judge_model: is missing"),
        (["--format", "trl", "--judge_endpoint", "http://h", "--judge_model", "m"], 2, "--judge_endpoint: must be a base URL"),
        (["--format", "trl", "--judge_endpoint", "http://u:p@h/v1", "--judge_model", "m"], 2, "(value not shown)"),
        (["--format", "hf", "--system_template", "x"], 2, "--system_template: does nothing for --format hf"),
        (["--format", "hf", "--licence", "my own!"], 2, "--licence my own!: an identifier such as cc-by-4.0"),
        (["--format", "nemo_rl", "--system_template", "On $domain"], 2, "nemo_rl reads it from one file for all rows"),
        (["--format", "trl", "--question_template", "nowhere.txt"], 2, "--question_template nowhere.txt: cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_options_cost_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    run = finished_run(tmp_path / "run", [pair(1)])
    assert main([str(run), "--to", str(tmp_path / "to"), *arguments]) == code
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and message in said.err and said.err.count("\n") == 1
    assert not (tmp_path / "to").exists() or every_file(tmp_path / "to") == set()


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_a_folder_with_files_of_others_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], overwrite: tuple[str, ...]
) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "thesis.tex").write_text("years of work", "utf-8")
    assert export(finished_run(tmp_path / "run", [pair(1)]), tmp_path / "to", "hf", *overwrite) == 2
    assert "thesis.tex" in capsys.readouterr().err
    assert every_file(tmp_path / "to") == {"thesis.tex"}


def test_help_lists_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said: Any = capsys.readouterr().out
    assert "--validation_share" in said and "verifiers" in said


# --- NeMo Gym, curricula, variants


def test_nemo_gym_gets_its_folder(tmp_path: Path) -> None:
    rows = [pair(number, attributes={"meta.license": "CC-BY-4.0", "url": f"https://x.org/{number}"}) for number in range(30)]
    run = finished_run(tmp_path / "run", rows)
    assert export(run, tmp_path / "to", "nemo_gym", "--validation_share", "0.3", "--licence", "cc-by-4.0") == 0
    home = tmp_path / "to" / "resources_servers" / "webscale_qa"
    config = yaml.safe_load((home / "configs" / "webscale_qa.yaml").read_text("utf-8"))
    [agent] = [name for name in config if name != "webscale_qa"]
    datasets = config[agent]["responses_api_agents"]["simple_agent"]["datasets"]
    assert [dataset["type"] for dataset in datasets] == ["train", "validation", "example"]
    for dataset in datasets:
        lines = (tmp_path / "to" / dataset["jsonl_fpath"]).read_text("utf-8").splitlines()
        assert len(lines) == 5 if dataset["type"] == "example" else len(lines) > 5
        assert dataset.get("license") == (
            None if dataset["type"] == "example" else "Creative Commons Attribution 4.0 International"
        )
    for row in written_rows(tmp_path / "to"):
        assert row["agent_ref"] == {"type": "responses_api_agents", "name": agent}
        assert row["license"] == "CC-BY-4.0" and row["attribution"]["url"].startswith("https://x.org/")
        assert [message["role"] for message in row["responses_create_params"]["input"]] == ["system", "user"]
    assert {"app.py", "requirements.txt", "webscale_reward/reward/score.py"} <= every_file(home)


def test_a_curriculum_has_the_training_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [pair(number, pass_rate=None if number % 3 == 0 else number % 5 / 4) for number in range(40)]
    run = finished_run(tmp_path / "run", rows)
    assert export(run, tmp_path / "to", "verifiers", "--curriculum", "--validation_share", "0.3") == 0
    measured = {row["info"]["id"]: row["info"]["pass_rate"] for row in written_rows(tmp_path / "to")}
    unmeasured = sum(rate is None for rate in measured.values())
    lines = [json.loads(line) for line in (tmp_path / "to" / "curriculum.jsonl").read_text("utf-8").splitlines()]
    assert {line["id"]: line["pass_rate"] for line in lines} == {key: rate for key, rate in measured.items() if rate is not None}
    assert json.loads((tmp_path / "to" / "starting_pass_rates.json").read_text("utf-8")) == {
        line["id"]: line["pass_rate"] for line in lines
    }
    assert f"{unmeasured} training pairs have no pass rate" in capsys.readouterr().out


def test_a_curriculum_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path / "run", [pair(1), pair(2)])
    assert export(run, tmp_path / "to", "trl", "--curriculum") == 2
    assert "--curriculum: no training pair has a pass rate; run the pipeline with --pass_rate_samples" in capsys.readouterr().err
    assert not (tmp_path / "to").exists() or not every_file(tmp_path / "to")


def test_variants_vary_and_exclude_templates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(tmp_path / "run", [pair(number) for number in range(40)])
    assert export(run, tmp_path / "to", "trl", "--prompt_variants", "4") == 0
    assert {row["prompt_variant"] for row in written_rows(tmp_path / "to")} == {"box", "line", "tag", "hashes"}
    assert export(run, tmp_path / "rl", "nemo_rl", "--prompt_variants", "4") == 0
    assert "system_prompt.txt" not in every_file(tmp_path / "rl")
    assert export(run, tmp_path / "no", "trl", "--prompt_variants", "40") == 2
    assert export(run, tmp_path / "no", "trl", "--prompt_variants", "4", "--system_template", "x") == 2
    assert export(run, tmp_path / "no", "hf", "--prompt_variants", "4") == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and "--system_template: --prompt_variants brings its own words" in said[1]
