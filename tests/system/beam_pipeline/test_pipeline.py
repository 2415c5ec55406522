"""The whole graph on real text, with the embedded endpoint or a scripted one."""

import gzip
import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import FAILED, OK
from beam_pipeline.main import main
from beam_pipeline.replay import main as replay
from beam_pipeline.summary.as_table import summary_table
from tests.places import ROOT, SAMPLE
from transforms.answers.agreement import answers_match
from transforms.check import find_leak
from transforms.flow.outcome import WATCHERS
from transforms.grounding.find import find_in_text
from transforms.records import QAPair, VerifiedQA, document_of

SHARED = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.integration

ROW_FIELDS = {
    "qa": "id document_id source domain persona question answer answer_type aliases quote verdicts provenance",
    "rejected": "stage reason document_id persona item",
    "dead_letters": "stage error message where item attempts",
}


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    """All rows of one kind that a run wrote."""
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def run(output: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command line; returns its exit code and the summary it wrote."""
    code = main(["--output", str(output), *arguments])
    return code, json.loads((output / "summary.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("sample")
    code, summary = run(output, "--demo", "--input", str(SAMPLE))
    assert code == OK
    return output, summary


def test_the_sample_gives_pairs_over_most_domains(sample_run: tuple[Path, dict[str, Any]]) -> None:
    _, summary = sample_run
    assert summary["pairs"] >= 25
    assert sum(row.get("accepted", 0) > 0 for row in summary["domains"].values()) >= 6


def test_every_document_and_task_ends_in_one_place(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, summary = sample_run
    documents, tasks = summary["documents"], summary["tasks"]
    assert summary["balanced"]
    assert documents["read"] == len(SAMPLE.read_text("utf-8").splitlines())
    assert documents["read"] == documents["accepted"] + documents["rejected"] + documents["dead_lettered"]
    assert tasks["read"] == tasks["accepted"] + tasks["rejected"] + tasks["dead_lettered"]
    assert summary["pairs"] == len(rows(output, "qa")) == tasks["accepted"]
    assert sum(summary["reasons"].values()) == len(rows(output, "rejected"))
    assert summary["tokens"]["total"]["calls"] == sum(summary["tokens"][stage]["calls"] for stage in summary["tokens"]) / 2


def test_rows_have_the_promised_fields(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    for kind in ("qa", "rejected"):
        for row in rows(output, kind):
            assert set(ROW_FIELDS[kind].split()) <= set(row)


def test_every_pair_is_grounded_and_does_not_leak(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    texts = {row["id"]: row["text"] for row in map(json.loads, SAMPLE.read_text("utf-8").splitlines())}
    for row in rows(output, "qa"):
        text = texts[row["document_id"]]
        assert row["quote"] in text
        assert answers_match(row["answer"], row["answer"], row["answer_type"], row["aliases"])
        if row["answer_type"] != "yes_no":
            assert find_in_text(row["answer"], text, row["answer_type"]), row
        assert find_leak(row["question"], row["answer"], row["aliases"], text, row["answer_type"]) is None, row


def test_provenance_names_every_model_and_prompt(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = sample_run
    for row in rows(output, "qa"):
        calls = row["provenance"]["calls"]
        assert [call["stage"] for call in calls] == ["filter", "classify", "synthesize", "verify"]
        assert all(call["model"] == "demo-rules" and call["prompt_version"] >= 1 for call in calls)


def test_a_second_run_gives_the_same_ids_from_any_format(sample_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    first = sorted(row["id"] for row in rows(sample_run[0], "qa"))
    packed = tmp_path / "documents.jsonl.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    code, _ = run(tmp_path / "out", "--demo", "--input", str(packed), "--output_format", "parquet")
    found = [row for path in (tmp_path / "out" / "qa").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert code == OK
    assert sorted(row["id"] for row in found) == first


def test_a_finished_run_resumed_asks_nothing_and_gives_the_same(sample_run: tuple[Path, dict[str, Any]]) -> None:
    output, summary = sample_run
    before = sorted(row["id"] for row in rows(output, "qa"))
    code, again = run(output, "--demo", "--input", str(SAMPLE), "--resume")
    assert code == OK
    assert again["tokens"]["total"]["calls"] == 0
    assert again["tokens"]["total"]["replayed"] == summary["tokens"]["total"]["calls"]
    assert sorted(row["id"] for row in rows(output, "qa")) == before


# --- further gates

GATES = ("--verify_calls", "2", "--verifiers", "3", "--ask_back", "--round_trip", "--pass_rate_samples", "4")
GATE_STAGES = ("verify_answer", "verify_question", "ask_back", "round_trip", "pass_rate")


@pytest.fixture(scope="module")
def gated_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("gated")
    code, summary = run(output, "--demo", "--input", str(SAMPLE), *GATES)
    assert code == OK
    return output, summary


@pytest.mark.parametrize(
    ("options", "readers", "last"),
    [
        ((), ["check"], "verify"),
        (("--verify_calls", "2"), ["check"], "verify_question"),
        (("--round_trip",), ["check", "verify"], "round_trip"),
    ],
)
def test_the_text_of_a_document_stays_behind_the_last_stage_that_reads_it(
    options: tuple[str, ...], readers: list[str], last: str, tmp_path: Path
) -> None:
    texts: dict[str, set[bool]] = {}

    def watch(stage: str, result: Any) -> None:
        if isinstance(result, QAPair | VerifiedQA):
            texts.setdefault(stage, set()).add(bool(document_of(result).text))

    few = tmp_path / "few.jsonl"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:6]), "utf-8")
    WATCHERS.append(watch)
    try:
        run(tmp_path / "out", "--demo", "--input", str(few), *options)
    finally:
        WATCHERS.remove(watch)
    assert all(texts[stage] == {True} for stage in readers)
    assert texts[last] == texts["deduplicate"] == {False}


def test_with_every_gate_the_counts_close(gated_run: tuple[Path, dict[str, Any]]) -> None:
    output, summary = gated_run
    assert summary["balanced"]
    assert summary["pairs"] == len(rows(output, "qa")) == summary["tasks"]["accepted"] > 20
    stages = summary["stages"]
    assert "verify" not in stages
    assert stages["round_trip"]["rejected"] > 0, "the second reader never erred, so nothing was shown"
    flow = ["check", "repair", "verify_answer", "verify_question", "ask_back", "round_trip", "deduplicate", "pass_rate"]
    for before, after in pairwise(flow):
        assert stages[before]["passed"] == sum(stages[after].values()), after
    tokens = summary["tokens"]
    assert tokens["verify_answer"]["calls"] == 3 * stages["repair"]["passed"]
    assert tokens["verify_question"]["calls"] == 3 * stages["verify_answer"]["passed"]
    assert tokens["ask_back"]["calls"] == stages["verify_question"]["passed"]
    assert tokens["round_trip"]["calls"] == stages["ask_back"]["passed"]
    assert tokens["pass_rate"]["calls"] == 4 * stages["deduplicate"]["passed"]


def test_every_gate_leaves_its_verdicts_and_calls_on_the_row(gated_run: tuple[Path, dict[str, Any]]) -> None:
    output, _ = gated_run
    asked = [*["correct", "quoted"] * 3, "consensus", *["no_leak", "self_contained", "unambiguous", "safe"] * 3, "consensus"]
    for row in rows(output, "qa"):
        assert [verdict["check"] for verdict in row["verdicts"]] == [*asked, "ask_back", "round_trip", "pass_rate"]
        said = [verdict for verdict in row["verdicts"] if verdict["check"] != "consensus"]
        assert all(verdict["model"] == "demo-rules" and verdict["prompt_version"] >= 1 for verdict in said)
        assert [verdict["verifier"] for verdict in said[:6]] == [1, 1, 2, 2, 3, 3]
        assert row["answer_type"] == "yes_no" or row["answer_end"] > row["answer_start"] >= 0
        assert [call["stage"] for call in row["provenance"]["calls"]] == ["filter", "classify", "synthesize", *GATE_STAGES]
        assert row["pass_rate_samples"] == 4
        reread = next(verdict["detail"] for verdict in row["verdicts"] if verdict["check"] == "round_trip")
        assert answers_match(reread, row["answer"], row["answer_type"], row["aliases"])
    assert {row["pass_rate"] for row in rows(output, "qa")} >= {0.0}


MENUS = """A short menu is a promise, and a long menu is an excuse. Whoever writes a menu of forty dishes has to keep food in the
cold store for days, because nobody can tell which of them will be asked for tonight. The cook of a short menu buys in the morning
what he sells in the evening. My uncle kept a menu with four lines in a frame by the door, and he changed the menu only when the
market changed. Guests who wanted a longer menu were sent to the inn across the square, which had a menu as thick as a hymn book.
He never spoke badly of that menu, since most of its readers came back to him after one dinner. I have kept his habit with books
and with friends, and I would keep it with words if I could. A menu that fits on one hand can be remembered and wished for.
""".replace("\n", " ")


@pytest.mark.parametrize("fill", [True, False])
def test_a_document_without_a_short_answer_becomes_a_question_with_options_by_request(tmp_path: Path, fill: bool) -> None:
    """The counts close whatever the solvers choose."""
    few = tmp_path / "few.jsonl"
    texts = [MENUS, *(MENUS.replace("uncle", who).replace("four", number) for who, number in (("aunt", "five"), ("cook", "six")))]
    lines = SAMPLE.read_text("utf-8").splitlines()[:2]
    few.write_text("\n".join([*lines, *(json.dumps({"id": f"m{n}", "text": text}) for n, text in enumerate(texts))]), "utf-8")
    option = ["--fill_in_the_middle", "--near_duplicates", "0"] if fill else []
    code, summary = run(tmp_path / "out", "--demo", "--input", str(few), *option)
    assert code == OK and summary["balanced"]
    pairs = [row for row in rows(tmp_path / "out", "qa") if row["answer_type"] == "option"]
    if not fill:
        assert not pairs and summary["reasons"]["filter/not_informative"] >= 1
        assert "fill_in" not in summary["stages"]
        return
    assert pairs and all(row["quote"] in MENUS or row["quote"] in texts for row in pairs)
    stages = summary["stages"]
    assert stages["filter"].get("rejected", 0) == 0
    for before, after in pairwise(("fill_in", "options_only", "fill_in_read")):
        assert stages[before]["passed"] == sum(stages[after].values())
    assert summary["tokens"]["options_only"]["calls"] == 3 * stages["fill_in"]["passed"]
    for row in pairs:
        assert [call["stage"] for call in row["provenance"]["calls"]] == ["filter", "fill_in", "options_only", "fill_in_read"]
        assert row["answer_end"] > row["answer_start"] > 0


def test_a_gated_run_resumed_asks_nothing(gated_run: tuple[Path, dict[str, Any]]) -> None:
    """Not even behind the grouping, where a pair may be in another process than its document was."""
    output, summary = gated_run
    before = sorted(json.dumps(row) for row in rows(output, "qa"))
    code, again = run(output, "--demo", "--input", str(SAMPLE), *GATES, "--resume")
    assert code == OK
    assert again["tokens"]["total"]["calls"] == 0
    assert again["tokens"]["total"]["replayed"] == summary["tokens"]["total"]["calls"]
    assert sorted(json.dumps(row) for row in rows(output, "qa")) == before


def test_gates_added_to_a_finished_run_cost_only_themselves(sample_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(sample_run[0], output)
    code, summary = run(
        output, "--demo", "--input", str(SAMPLE), "--resume", "--verifiers", "2", "--round_trip", "--pass_rate_samples", "2"
    )
    tokens, verified = summary["tokens"], sample_run[1]["tokens"]["verify"]["calls"]
    assert code == OK
    assert [tokens[stage]["calls"] for stage in ("filter", "classify", "synthesize")] == [0, 0, 0]
    assert (tokens["verify"]["calls"], tokens["verify"]["replayed"]) == (verified, verified)


def test_the_band_drops_what_is_too_hard(tmp_path: Path) -> None:
    code, summary = run(
        tmp_path / "out",
        "--demo",
        "--input",
        str(SAMPLE),
        "--pass_rate_samples",
        "3",
        "--min_pass_rate",
        "0.2",
        "--max_pass_rate",
        "0.9",
    )
    assert summary["balanced"]
    assert summary["reasons"]["pass_rate/too_hard"] == summary["stages"]["pass_rate"]["rejected"] > 0
    assert all(0.2 <= row["pass_rate"] <= 0.9 for row in rows(tmp_path / "out", "qa"))
    assert code == (OK if summary["pairs"] else FAILED)


def test_doubtful_keys_are_left_out_before_caps_are_counted(tmp_path: Path) -> None:
    given = ("--demo", "--input", str(SAMPLE), "--pass_rate_samples", "3", "--round_trip", "true")
    _, summary = run(tmp_path / "out", *given, "--min_key_confidence", "0.5", "--max_pairs_per_domain", "2")
    assert summary["balanced"] and summary["key_doubt"]["rows"] == summary["pairs"] > 0
    stages = summary["stages"]
    assert sum(stages["mix"].values()) == stages["key_doubt"]["passed"] <= stages["pass_rate"]["passed"]
    for row in rows(tmp_path / "out", "qa"):
        [verdict] = [verdict for verdict in row["verdicts"] if verdict["check"] == "key_doubt"]
        assert verdict["passed"] and float(verdict["detail"].partition(":")[0]) >= 0.5


def test_samples_and_verifiers_that_fail_lose_no_pair_and_a_replay_completes_them(
    gated_run: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with DemoEndpoint.start(fault_malformed=0.25) as endpoint:
        given = ("--input", str(SAMPLE), "--endpoint", endpoint.url, "--model", "demo-rules")
        _, summary = run(output, *given, "--max_reasks", "0", *GATES)
    assert summary["balanced"]
    assert any(error.startswith(GATE_STAGES) for error in summary["errors"])
    letters = [row for row in rows(output, "dead_letters") if row["stage"] in GATE_STAGES]
    assert {row["item_type"] for row in letters} <= {"QAPair", "VerifiedQA"}
    with DemoEndpoint.start() as endpoint:
        assert replay([str(output), "--endpoint", endpoint.url]) == OK
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["balanced"]
    assert summary["errors"] == {}
    found = {row["id"]: row for row in rows(output, "qa")}
    assert found.keys() == {row["id"] for row in rows(gated_run[0], "qa")}
    assert {row["pass_rate_samples"] for row in found.values()} == {4}


def test_caps_hold_for_what_a_band_leaves(tmp_path: Path) -> None:
    given = ("--demo", "--input", str(SAMPLE), "--pass_rate_samples", "3", "--max_pairs_per_domain", "2")
    code, summary = run(tmp_path / "band", *given, "--max_pass_rate", "0.5")
    assert code == OK and summary["balanced"]
    assert sum(summary["stages"]["mix"].values()) == summary["stages"]["pass_rate"]["passed"]
    assert summary["stages"]["mix"]["rejected"] > 0
    assert max(Counter(row["domain"] for row in rows(tmp_path / "band", "qa")).values()) == 2
    table = summary_table(summary, "out")
    assert table.index("\npass_rate") < table.index("\nmix")
    code, measured = run(tmp_path / "measured", *given)
    table = summary_table(measured, "out")
    assert table.index("\nmix") < table.index("\npass_rate")
    assert measured["tokens"]["pass_rate"]["calls"] == 3 * measured["stages"]["mix"]["passed"]


def test_bad_rows_cost_themselves_only(tmp_path: Path) -> None:
    good = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()][:4]
    lines = [
        b"\xef\xbb\xbf" + json.dumps(good[0]).encode() + b"\r",
        b'{"id": "broken", "text": ',
        b'{"id": "no text"}',
        b'{"id": "number", "text": 7}',
        b'{"id": "null byte", "text": "a\\u0000b"}',
        b'{"id": "latin-1", "text": "caf\xe9"}',
        b"",
        json.dumps(good[1]).encode(),
        b"[1, 2]",
        json.dumps({**good[1], "text": "Quite another text."}).encode(),
        json.dumps({"id": "long", "text": "The tower is 300 metres high. " * 170_000}).encode(),
        json.dumps(good[2]).encode(),
    ]
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\n".join(lines))
    code, summary = run(tmp_path / "out", "--demo", "--input", str(path))
    letters = {row["where"]: row["error"] for row in rows(tmp_path / "out", "dead_letters")}
    assert code == OK
    assert letters == {
        f"{path}:2": "InvalidJson",
        f"{path}:3": "MissingText",
        f"{path}:4": "WrongType",
        f"{path}:5": "NullByte",
        f"{path}:6": "InvalidUtf8",
        f"{path}:9": "WrongType",
        f"{path}:10": "DuplicateId",
    }
    assert summary["balanced"]
    assert summary["documents"]["read"] == 11
    reached = {row["document_id"] for kind in ("qa", "rejected") for row in rows(tmp_path / "out", kind)}
    assert reached == {row["id"] for row in good[:3]} | {"long"}


def test_nothing_accepted_is_a_failure_that_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "junk.jsonl"
    path.write_text('{"text": "Loading..."}\n{"text": "Home\\nAbout\\nContact"}\n', "utf-8")
    code, summary = run(tmp_path / "out", "--demo", "--input", str(path))
    assert code == FAILED
    assert summary["balanced"]
    assert "nothing was accepted: screen/too_short (2)" in capsys.readouterr().out


def test_a_failing_stage_leaves_dead_letters_that_can_be_read(tmp_path: Path, serve: Any) -> None:
    endpoint = serve(lambda asked: "not json" if "Task:" in asked.text else {"ready": True})
    code, summary = run(tmp_path / "out", "--input", str(SAMPLE), "--endpoint", endpoint.url, "--model", "m", "--max_reasks", "0")
    letters = rows(tmp_path / "out", "dead_letters")
    assert code == FAILED
    assert summary["balanced"]
    assert Counter(row["error"] for row in letters) == {"ReplyInvalid": summary["documents"]["dead_lettered"]}
    assert {row["reply"] for row in letters} == {"not json"}
    assert all(row["item"]["text"] for row in letters)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the labelled documents, which are not part of the project")
def test_the_labelled_documents(tmp_path: Path) -> None:
    code, summary = run(tmp_path / "out", "--demo", "--input", str(SHARED / "documents.jsonl"))
    labelled = {row["id"]: row for row in map(json.loads, (SHARED / "documents.jsonl").read_text("utf-8").splitlines())}
    accepted = {row["document_id"].partition("#")[0] for row in rows(tmp_path / "out", "qa")}
    early = {
        row["document_id"].partition("#")[0]
        for row in rows(tmp_path / "out", "rejected")
        if row["stage"] in ("read", "screen", "filter")
    }
    drop = {name for name, row in labelled.items() if row["expect"] == "drop"}
    keep = {name for name, row in labelled.items() if row["expect"] == "keep"}
    assert code == OK
    assert summary["documents"]["read"] == len(labelled) == 471
    assert summary["pairs"] >= 250
    assert len(drop - accepted) >= 0.8 * len(drop)
    assert len(keep - (early - accepted)) >= 0.95 * len(keep)
    for row in rows(tmp_path / "out", "qa"):
        text = labelled[row["document_id"].partition("#")[0]]["text"]
        assert find_leak(row["question"], row["answer"], row["aliases"], text, row["answer_type"]) is None


# --- decontamination and mix


def write_benchmark(path: Path, questions: list[str]) -> Path:
    path.write_text("".join(json.dumps({"id": n, "question": text}) + "\n" for n, text in enumerate(questions)), "utf-8")
    return path


def test_what_a_benchmark_asks_is_taken_out_and_named(sample_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    asked = sorted(row["question"] for row in rows(sample_run[0], "qa"))[:2]
    benchmark = write_benchmark(tmp_path / "bench.jsonl", [asked[0].upper(), f"Question: {asked[1]}"])
    with DemoEndpoint.start() as endpoint:
        given = ("--endpoint", endpoint.url, "--embedding_endpoint", endpoint.url, "--benchmarks", str(benchmark))
        code, summary = run(tmp_path / "out", "--input", str(SAMPLE), *given)
        assert code == OK
        assert summary["balanced"]
        assert summary["reasons"]["decontaminate/benchmark_overlap"] == 2
        details = [row["detail"] for row in rows(tmp_path / "out", "rejected") if row["stage"] == "decontaminate"]
        assert all("bench.jsonl:" in detail for detail in details)
        assert not {row["question"] for row in rows(tmp_path / "out", "qa")} & set(asked[:2])
        in_other_words = summary["reasons"].get("decontaminate/benchmark_paraphrase", 0)
        assert summary["tokens"]["embed"]["texts"] == 2 + summary["pairs"] + in_other_words
        code, again = run(tmp_path / "out", "--input", str(SAMPLE), *given, "--resume")
        assert (code, again["pairs"]) == (OK, summary["pairs"])
        assert (again["tokens"]["embed"]["calls"], again["tokens"]["total"]["calls"]) == (0, 0)


def test_caps_and_shares_leave_pairs_out_and_count_them(tmp_path: Path) -> None:
    given = ("--demo", "--input", str(SAMPLE), "--max_pairs_per_document", "2", "--max_pairs_per_domain", "3")
    code, summary = run(tmp_path / "out", *given)
    assert code == OK
    assert summary["balanced"]
    pairs = rows(tmp_path / "out", "qa")
    assert max(Counter(row["document_id"] for row in pairs).values()) == 2
    assert max(Counter(row["domain"] for row in pairs).values()) == 3
    assert summary["stages"]["mix"] == {"passed": len(pairs), "rejected": summary["stages"]["deduplicate"]["passed"] - len(pairs)}
    assert summary["diversity"]["pairs"] == len(pairs)


def test_a_document_can_have_more_questions_than_personas(sample_run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(sample_run[0] / "journal", output / "journal")
    code, summary = run(output, "--demo", "--input", str(SAMPLE), "--resume", "--questions_per_persona", "3")
    assert (code, summary["balanced"]) == (OK, True)
    assert summary["tasks"]["read"] == 3 * sample_run[1]["tasks"]["read"]
    of_document = Counter(row["document_id"] for row in rows(output, "qa"))
    assert max(of_document.values()) > 3
    first = {row["id"] for row in rows(sample_run[0], "qa")}
    assert first <= {row["id"] for row in rows(output, "qa")}, "the first questions are as they were"
    tokens = summary["tokens"]
    assert (tokens["filter"]["calls"], tokens["classify"]["calls"]) == (0, 0), "and cost nothing again"
    assert tokens["synthesize"]["calls"] == 2 * sample_run[1]["tokens"]["synthesize"]["calls"]
