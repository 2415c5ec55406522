"""--screening: every threshold of the screen can be reached, and a wrong one is one line before anything runs."""

from pathlib import Path

import pytest

from beam_pipeline.exit_codes import UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.thresholds import OWN_OPTIONS, THRESHOLDS, read_thresholds
from beam_pipeline.plan import screen_config
from transforms.screen import DEFAULT, ScreenConfig

NEEDED = ["--input=a.jsonl", "--output=out", "--tokenizer=estimate"]


def config(*flags: str) -> ScreenConfig:
    return screen_config(parse([*NEEDED, *flags])[0])


def test_without_it_the_defaults_hold() -> None:
    assert config() == DEFAULT


@pytest.mark.parametrize("name", THRESHOLDS)
def test_every_threshold_can_be_set(name: str) -> None:
    default = THRESHOLDS[name]
    wanted = not default if isinstance(default, bool) else default / 2 if default <= 1 else default + 1
    changed = config(f"--screening={name}={str(wanted).lower()}")
    assert getattr(changed, name) == wanted
    assert [field for field in (*THRESHOLDS, *OWN_OPTIONS) if getattr(changed, field) != getattr(DEFAULT, field)] == [name]


def test_several_and_other_options_beside_them() -> None:
    chosen = config("--screening", "max_pitch_share=0.1, min_words = 20", "--min_document_tokens=7")
    assert (chosen.max_pitch_share, chosen.min_words, chosen.min_tokens) == (0.1, 20, 7)


def test_a_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "strict.yaml"
    path.write_text("max_pitch_share: 0.1\nexact_duplicates: false\n", "utf-8")
    assert read_thresholds(str(path)) == {"max_pitch_share": 0.1, "exact_duplicates": False}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("max_pitch_shar=0.1", "no threshold 'max_pitch_shar'; did you mean max_pitch_share?"),
        ("nonsense", "no threshold 'nonsense'; write name=value"),
        ("max_pitch_share=", "max_pitch_share must be a number (got '')"),
        ("max_pitch_share=10%", "must be a number"),
        ("max_pitch_share=1.5", "a share from 0 to 1"),
        ("min_words=2.5", "min_words must be a whole number"),
        ("min_words=-1", "must be at least 0"),
        ("min_mean_word_chars=nan", "must be at least 0"),
        ("min_mean_word_chars=20", "min_mean_word_chars 20 is above max_mean_word_chars 12"),
        ("exact_duplicates=maybe", "must be true or false"),
        ("min_words=1,min_words=2", "stands twice"),
        ("source_languages=de", "source_languages has an option of its own: --inputs"),
        ("min_tokens=3", "min_tokens has an option of its own: --min_document_tokens"),
        ("nowhere.yaml", "nowhere.yaml: cannot be read"),
    ],
)
def test_a_wrong_one_is_one_line(given: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        config(f"--screening={given}")
    assert message in str(caught.value) and str(caught.value).startswith("--screening: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", "a: [1]", "a: {", "just words"])
def test_a_file_that_is_no_list_of_thresholds(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"wrong\.yaml") as caught:
        read_thresholds(str(path))
    assert "\n" not in str(caught.value)


def test_nothing_runs_with_a_wrong_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--input=a.jsonl", f"--output={tmp_path / 'out'}", "--screening=min_words=x"]) == UNUSABLE
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()
