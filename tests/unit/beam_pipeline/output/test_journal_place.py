"""What `--journal` names must be able to hold files, before anything is paid."""

from pathlib import Path

import pytest

from beam_pipeline.output.folder import check_journal


def test_a_folder_that_is_or_can_be_made_is_taken(tmp_path: Path) -> None:
    for place in ("", str(tmp_path), str(tmp_path / "a" / "b")):
        check_journal(place)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/journal", "{}/file", "{}/file/journal", "{}/a*", "nofs://b/journal"])
def test_what_is_no_folder_is_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    place = place.format(tmp_path)
    with pytest.raises(ValueError, match=f"--journal {place}".replace("*", r"\*")) as caught:
        check_journal(place)
    assert "\n" not in str(caught.value)
