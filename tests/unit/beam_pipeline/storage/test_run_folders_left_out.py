"""What a run wrote is no corpus: left out below a folder, refused where it is all that an input has."""

from pathlib import Path

import pytest

from beam_pipeline.output.folder import check_no_run
from beam_pipeline.storage.matching import match_pattern

RUN = ("options.yaml", "summary.json", "journal/host-1-0a0b0c0d.jsonl", "qa/qa-00000-of-00001.jsonl")
MORE = ("rejected/rejected-00000-of-00001.jsonl", "preview/qa-00001.jsonl", "journal/host-1-0a0b0c0d-000001.jsonl")


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")


def test_a_run_below_a_folder_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", "out/mine.jsonl", "qa/qa-00000-of-00001.jsonl", *(f"out/{name}" for name in (*RUN, *MORE)))
    found = {path.removeprefix(f"{tmp_path}/") for path in match_pattern(str(tmp_path))}
    assert found == {"a.jsonl", "out/mine.jsonl", "qa/qa-00000-of-00001.jsonl"}


@pytest.mark.parametrize("end", ["", "/"])
def test_the_folder_of_a_run_is_refused(tmp_path: Path, end: str) -> None:
    write(tmp_path, *RUN, *MORE)
    with pytest.raises(ValueError, match=r"is the output folder of a run, and no corpus.*/qa/\*"):
        match_pattern(f"{tmp_path}{end}")


def test_a_glob_over_a_run_is_refused_and_one_kind_of_rows_is_not(tmp_path: Path) -> None:
    write(tmp_path, *RUN, *MORE)
    check_no_run(match_pattern(f"{tmp_path}/qa/*.jsonl"))
    for pattern in ("**.jsonl", "journal/*"):
        with pytest.raises(ValueError, match="the output folder of a run"):
            check_no_run(match_pattern(f"{tmp_path}/{pattern}"))
    (tmp_path / "options.yaml").unlink()
    check_no_run(match_pattern(f"{tmp_path}/**.jsonl"))
