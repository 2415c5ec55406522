"""`--resume OUT`: the options of a run that goes on are those that it had, but for those that are given now."""

from typing import Any

import pytest

from beam_pipeline.options.command_line import parse
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import OptionError

KEPT: dict[str, Any] = {
    "input": ["/data/a.jsonl"],
    "output": "/data/out",
    "endpoint": ["http://h/v1"],
    "model": "m",
    "max_personas": 2,
    "languages": ["no"],
}


def resumed(*arguments: str, **kept: Any) -> PipelineConfig:
    asked: list[str] = []

    def kept_by(folder: str) -> dict[str, Any]:
        asked.append(folder)
        return KEPT | kept

    config, _ = parse(arguments, kept_by)
    assert asked in ([], ["out"], ["out/"]), "one folder is asked for, once"
    return config


@pytest.mark.parametrize(
    "arguments", [("--resume", "out"), ("--resume=out",), ("--resume", "--output=out"), ("--resume", "out/")]
)
def test_the_folder_alone_says_all(arguments: tuple[str, ...]) -> None:
    config = resumed(*arguments)
    assert config.resume and config.output in ("out", "out/")
    assert (config.input, config.model, config.max_personas, config.languages) == (["/data/a.jsonl"], "m", 2, ["no"])


def test_what_is_given_now_wins(tmp_path: Any) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("max_personas: 3\nmodel: of the file\n")
    config = resumed("--resume", "out", "--model=now", f"--config={file}")
    assert (config.model, config.max_personas) == ("now", 3)
    assert resumed("--resume", "out", "--input=b.jsonl").input == ["b.jsonl"], "it is looked at later"
    assert resumed("--resume", "out", "--input_table=project:d.t").input == [], "one source takes the place of another"


@pytest.mark.parametrize("word", ["true", "True", "1", "yes"])
def test_a_flag_is_still_a_flag(word: str) -> None:
    config = resumed(f"--resume={word}", "--input=b", "--output=out", "--demo")
    assert config.resume and config.model == "" and config.max_personas == 3
    assert not resumed("--resume=false", "--input=b", "--output=out", "--demo").resume


def test_a_stream_goes_on_as_a_stream() -> None:
    kept = {"streaming": True, "watch_until_s": 9}
    assert resumed("--resume", "out", **kept).streaming
    assert resumed("--resume", "out", "--streaming", **kept).streaming


def test_another_engine_is_named_again() -> None:
    with pytest.raises(OptionError, match="that run had --runner=FlinkRunner, whose options are not kept"):
        resumed("--resume", "out", runner="FlinkRunner")
    assert resumed("--resume", "out", "--runner=FnApiRunner", runner="FlinkRunner").model == "m"


def test_what_cannot_be_gone_on_with_is_one_line() -> None:
    with pytest.raises(OptionError, match=r"--resume out: there is no options\.yaml of a run"):
        parse(["--resume", "out"])
    with pytest.raises(OptionError, match="both name the output folder"):
        resumed("--resume", "out", "--output=elsewhere")
    with pytest.raises(OptionError, match=r"out/options\.yaml: max_personas: must be"):
        resumed("--resume", "out", max_personas=9)
    with pytest.raises(OptionError, match=r"--delete_journal needs --overwrite"):
        resumed("--input=a", "--output=o", "--demo", "--delete_journal")
    with pytest.raises(OptionError, match=r"--other_input needs --resume"):
        resumed("--input=a", "--output=o", "--demo", "--other_input")
