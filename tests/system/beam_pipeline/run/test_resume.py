"""Paid replies serve the next run: after a stop, a kill, a changed later stage, a fault that went away."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.output.saved_options import save_options
from beam_pipeline.reading.journal import journal_files
from beam_pipeline.replay import main as replay
from tests.places import SAMPLE

pytestmark = pytest.mark.integration


def run(output: Path, endpoint: str, *arguments: str) -> int:
    given = ["--input", str(SAMPLE), "--output", str(output), "--endpoint", endpoint, *arguments]
    return main(given)


def pair_ids(output: Path) -> list[str]:
    lines = (line for path in output.glob("qa/*.jsonl") for line in path.read_text("utf-8").splitlines())
    return sorted(json.loads(line)["id"] for line in lines)


def journal_keys(output: Path) -> Counter[str]:
    keys: Counter[str] = Counter()
    for path in output.glob("journal/*.jsonl"):
        for line in path.read_bytes().splitlines():
            try:
                keys[json.loads(line)["key"]] += 1
            except ValueError:
                continue
    return keys


def calls(output: Path) -> dict[str, int]:
    tokens = json.loads((output / "summary.json").read_text("utf-8"))["tokens"]
    return {stage: row["calls"] for stage, row in tokens.items()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("whole") / "out"
    with DemoEndpoint.start() as endpoint:
        assert run(output, endpoint.url) == OK
    return output


def test_the_index_is_no_journal_file(uninterrupted: Path) -> None:
    assert list(uninterrupted.glob("journal/index/*.index"))
    [path] = uninterrupted.glob("journal/*.jsonl")
    assert journal_files(str(uninterrupted / "journal")) == [str(path)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_killed_run_resumed_pays_only_for_what_was_not_answered(
    share: float, tmp_path: Path, uninterrupted: Path, until: Any
) -> None:
    whole = sum(journal_keys(uninterrupted).values())
    output = tmp_path / "out"
    with DemoEndpoint.start(slots=8, latency_median_s=0.1) as endpoint:
        command = [
            sys.executable,
            "-m",
            "beam_pipeline",
            "--input",
            str(SAMPLE),
            "--output",
            str(output),
            "--endpoint",
            endpoint.url,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: sum(journal_keys(output).values()) >= share * whole)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        answered = journal_keys(output)
        assert 0 < sum(answered.values()) < whole
        assert run(output, endpoint.url, "--resume") == OK
    assert pair_ids(output) == pair_ids(uninterrupted)
    assert set(journal_keys(output).values()) == {1}, "something that was answered was asked again"
    assert calls(output)["total"] == whole - sum(answered.values())


def test_a_changed_later_stage_asks_only_from_there(tmp_path: Path, uninterrupted: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    with DemoEndpoint.start() as endpoint:
        assert run(output, endpoint.url, "--resume", "--verify_temperature", "0.3") == OK
    asked = calls(output)
    assert (asked["filter"], asked["classify"], asked["synthesize"]) == (0, 0, 0)
    assert asked["verify"] == calls(uninterrupted)["verify"]


def test_damage_in_the_journal_costs_itself_only(tmp_path: Path, uninterrupted: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    [path] = output.glob("journal/*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b"\x00\xff garbage\n"
    lines[10] = lines[10][: len(lines[10]) // 2] + b"\n"
    path.write_bytes(b"".join(lines) + b'{"key": "half')
    with DemoEndpoint.start() as endpoint:
        assert run(output, endpoint.url, "--resume") == OK
    assert calls(output)["total"] == 2
    assert pair_ids(output) == pair_ids(uninterrupted)


def test_a_journal_of_an_earlier_version_serves_without_its_index(tmp_path: Path, uninterrupted: Path) -> None:
    """And what a process could not know at once, because there is too much of it."""
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    shutil.rmtree(output / "journal" / "index")
    with DemoEndpoint.start() as endpoint:
        assert run(output, endpoint.url, "--resume") == OK
    assert calls(output)["total"] == 0
    assert pair_ids(output) == pair_ids(uninterrupted)


def test_what_a_resumed_run_cost_is_what_all_of_it_cost(tmp_path: Path, uninterrupted: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    for path in output.glob("journal/*.jsonl"):
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:100]))
    (output / "summary.json").unlink()
    shutil.rmtree(output / "journal" / "index")
    prices = ("--price_in", "1", "--price_cached", "1", "--price_out", "1", "--resume")
    costs = []
    with DemoEndpoint.start() as endpoint:
        for _ in range(2):
            assert run(output, endpoint.url, *prices) == OK
            costs.append(json.loads((output / "summary.json").read_text("utf-8"))["cost"]["total"])
    whole = json.loads((uninterrupted / "summary.json").read_text("utf-8"))["tokens"]["total"]
    paid = (whole["prompt_tokens"] + whole["completion_tokens"]) / 1e6
    assert costs == [pytest.approx(paid, abs=1e-4)] * 2


def test_a_replay_asks_again_for_what_had_no_reply(tmp_path: Path, uninterrupted: Path, serve: Any) -> None:
    output = tmp_path / "out"
    with DemoEndpoint.start(fault_malformed=0.3) as endpoint:
        run(output, endpoint.url, "--max_reasks", "0")
    dead = json.loads((output / "summary.json").read_text("utf-8"))["documents"]["dead_lettered"]
    assert dead > 0
    with DemoEndpoint.start() as endpoint:
        assert replay([str(output), "--endpoint", endpoint.url]) == OK
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["documents"]["dead_lettered"] == 0
    assert 0 < summary["tokens"]["total"]["calls"] < sum(calls(uninterrupted).values()) / 2
    assert pair_ids(output) == pair_ids(uninterrupted)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--api_key_secret", "projects/p/secrets/s/versions/1"],
        ["--api_key_env", "MY_KEY", "--verify_endpoint", "http://h/v1", "--endpoint_keys", "http://h/v1=env:OTHER_KEY"],
        ["--verify_temperature", "0.3", "--languages", "no", "--languages", "en", "--id_field="],
        ["--extra_body", '{"top_p": 0.9}', "--price_in", "1e-05", "--near_duplicates", "0"],
    ],
    ids=["least", "secret", "keys", "texts", "numbers"],
)
def test_the_options_of_a_run_can_be_read_back(arguments: list[str], tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    (tmp_path / "out").mkdir()
    config, _ = parse(["--input", str(SAMPLE), "--output", output, "--resume", *arguments])
    save_options(config)
    again, _ = parse(["--config", f"{output}/options.yaml", "--output", output, "--resume"])
    assert {**again.flat(), "config": ""} == config.flat()


def test_saved_paths_hold_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    given = [
        "--input",
        "a*.jsonl",
        "--input",
        "gs://b/c.jsonl",
        "--output",
        "out",
        "--domains",
        "d.yaml",
        "--exemplars",
        "e.jsonl",
    ]
    save_options(parse(given)[0])
    config, _ = parse(["--config", "out/options.yaml"])
    here = str(tmp_path)
    assert config.input == [f"{here}/a*.jsonl", "gs://b/c.jsonl"]
    assert (config.output, config.domains, config.exemplars) == (f"{here}/out", f"{here}/d.yaml", [f"{here}/e.jsonl"])


def test_a_default_that_nobody_chose_is_not_kept(tmp_path: Path) -> None:
    save_options(parse(["--input", str(SAMPLE), "--output", str(tmp_path), "--max_personas", "2"])[0])
    assert yaml.safe_load((tmp_path / "options.yaml").read_text()) == {
        "input": [str(SAMPLE)],
        "output": str(tmp_path),
        "max_personas": 2,
    }


@pytest.mark.parametrize("arguments", [[], ["--resume"], ["no such folder"]], ids=["nothing", "a flag", "no run"])
def test_a_replay_of_nothing_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(arguments) == UNUSABLE
    assert "usage: webscale-qa replay OUT" in capsys.readouterr().err


@pytest.mark.parametrize("kept", ["", "a: b: c", "- a list"], ids=["empty", "no YAML", "a list"])
def test_a_replay_without_the_options_of_its_run_is_refused(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "options.yaml").write_text(kept)
    assert replay([str(tmp_path)]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}/options.yaml: ")


@pytest.mark.slow
def test_faults_change_nothing(tmp_path: Path, uninterrupted: Path) -> None:
    # With 0.02 of replies cut, the draw of this sample cuts one call's reply three times in a row: a dead letter, for a replay.
    faults = {"fault_429": 0.05, "fault_500": 0.02, "fault_malformed": 0.03, "fault_truncated": 0.01, "fault_hang": 0.005}
    output = tmp_path / "out"
    with DemoEndpoint.start(slots=16, latency_median_s=0.05, **faults) as endpoint:
        assert run(output, endpoint.url, "--request_timeout_s", "2") == OK
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert pair_ids(output) == pair_ids(uninterrupted)
    assert summary["documents"]["dead_lettered"] == 0
    assert sum(sum(summary["tokens"][stage]["faults"].values()) for stage in ("filter", "classify", "synthesize", "verify")) > 5


@pytest.mark.slow
def test_a_replica_killed_and_restarted_changes_nothing(tmp_path: Path, uninterrupted: Path, until: Any) -> None:
    output = tmp_path / "out"
    settings = {"slots": 2, "latency_median_s": 0.25, "latency_sigma": 0.4}
    replicas = [DemoEndpoint.start(**settings) for _ in range(3)]
    try:
        victim = random.Random(0).choice(replicas)
        command = [sys.executable, "-m", "beam_pipeline", "--input", str(SAMPLE), "--output", str(output)]
        command += [argument for replica in replicas for argument in ("--endpoint", replica.url)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(lambda: sum(replica.stats()["replies"] for replica in replicas) >= 40)
        port = int(victim.url.rpartition(":")[2].partition("/")[0])
        victim.stop()
        others = [replica for replica in replicas if replica is not victim]
        asked = sum(replica.stats()["replies"] for replica in others)
        until(lambda: sum(replica.stats()["replies"] for replica in others) >= asked + 8)
        restarted = DemoEndpoint.start(port=port, **settings)
        replicas[replicas.index(victim)] = restarted
        assert process.wait(timeout=150) == OK
        assert restarted.stats()["replies"] > 1, "its own documents came back to it"
    finally:
        for replica in replicas:
            replica.stop()
    assert pair_ids(output) == pair_ids(uninterrupted)
    assert set(journal_keys(output).values()) == {1}


def test_the_folder_alone_goes_on_and_other_input_is_refused(
    tmp_path: Path, uninterrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, other = tmp_path / "out", tmp_path / "other.jsonl"
    shutil.copytree(uninterrupted, output)
    options = output / "options.yaml"
    options.write_text(yaml.safe_dump(yaml.safe_load(options.read_text()) | {"output": str(output)}))
    shutil.copy(SAMPLE, other)
    pairs = pair_ids(output)
    with DemoEndpoint.start() as endpoint:
        assert main(["--resume", str(output), "--endpoint", endpoint.url]) == OK
        assert endpoint.stats()["requests"] == 1, "the preflight"
        assert pair_ids(output) == pairs
        capsys.readouterr()
        assert main(["--resume", str(output), "--endpoint", endpoint.url, "--input", str(other)]) == UNUSABLE
        [line] = capsys.readouterr().err.splitlines()
        assert f"{output} was made from --input {SAMPLE}" in line and "--other_input" in line
        assert pair_ids(output) == pairs, "nothing is touched"
        given = ["--endpoint", endpoint.url, "--input", str(other), "--other_input"]
        assert main(["--resume", str(output), *given]) == OK
        assert yaml.safe_load(options.read_text())["input"] == [str(other)], "from now on it is that"
        assert main(["--resume", str(output), "--endpoint", endpoint.url]) == OK
        assert endpoint.stats()["requests"] == 3, "the same documents, so all is known"


def test_overwriting_keeps_what_was_paid_for_unless_told(tmp_path: Path, uninterrupted: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    (output / "journal" / "notes.txt").write_text("mine")
    with DemoEndpoint.start() as endpoint:
        assert run(output, endpoint.url, "--overwrite") == OK
        assert endpoint.stats()["requests"] == 1, "the preflight"
        assert run(output, endpoint.url, "--overwrite", "--delete_journal") == OK
        assert endpoint.stats()["requests"] == 2 + sum(journal_keys(uninterrupted).values())
    assert (output / "journal" / "notes.txt").read_text() == "mine"
