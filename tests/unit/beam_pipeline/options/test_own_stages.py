"""A stage of one's own as an option names it."""

import pytest

from beam_pipeline.options.command_line import parse
from beam_pipeline.options.limits import steps_of
from beam_pipeline.options.own_stages import parse_own_stage
from beam_pipeline.options.values import OptionError


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("keep_short", "keep_short"), ("KeepShort", "keep_short"), ("QAShortener", "qa_shortener"), ("Top10Only", "top10_only")],
)
def test_its_name_is_that_of_what_it_is(attribute: str, name: str) -> None:
    own = parse_own_stage(f"my_package.mine:{attribute}  after  check")
    assert (own.module, own.attribute, own.after, own.name) == ("my_package.mine", attribute, "check", name)
    assert str(own) == f"my_package.mine:{attribute} after check"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine:Short", "say what it is and which stage it follows, as in 'package.module:Name after check'"),
        ("mine after check", "say what it is"),
        ("mine:a.b after check", "say what it is"),
        ("../mine:Short after check", "say what it is"),
        ("mine:Short after options_only", "there is no stage options_only to follow"),
        ("mine:Short after chekc", "there is no stage chekc to follow; did you mean check?: read, screen"),
        ("mine:Verify after check", "a stage called verify is there already"),
    ],
)
def test_what_names_no_stage_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_own_stage(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


USUAL = ("--input=a.jsonl", "--output=out", "--demo")


def test_options_take_several_and_a_file_a_list(tmp_path: object) -> None:
    config, _ = parse([*USUAL, "--stage=m:a after check", "--stage", "m:b after check"])
    assert config.stage == ["m:a after check", "m:b after check"]
    file = f"{tmp_path}/run.yaml"
    with open(file, "w") as opened:
        opened.write("stage:\n- m:a after check\n- m:b after verify\n")
    assert [own.after for own in parse([*USUAL, f"--config={file}"])[0].own_stages] == ["check", "verify"]


@pytest.mark.parametrize(
    ("after", "remedy"),
    [
        ("ask_back", "add --ask_back"),
        ("verify_answer", "add --verify_calls 2"),
        ("decontaminate", "add --benchmarks"),
        ("mix", "add --max_pairs_per_domain or --domain_shares"),
        ("repair", "add --repairs 1"),
        ("round_trip", "add --round_trip"),
    ],
)
def test_a_stage_that_the_run_does_not_have_cannot_be_followed(after: str, remedy: str) -> None:
    off = ["--repairs=0"] if after == "repair" else []
    with pytest.raises(OptionError, match=f"--stage m:a after {after}: this run has no stage {after}; {remedy}, or follow"):
        parse([*USUAL, *off, f"--stage=m:a after {after}"])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(OptionError, match="two stages are called keep_short"):
        parse([*USUAL, "--stage=m:KeepShort after check", "--stage=n:keep_short after verify"])


def test_limits_count_on_the_stages_among_the_models() -> None:
    config, _ = parse(
        [
            *USUAL,
            *(f"--stage=m:{name} after {name[2:]}" for name in ("a_screen", "a_check", "a_verify", "a_mix")),
            "--max_pairs_per_domain=9",
        ]
    )
    stages = [step.stage for step in steps_of(config)]
    assert stages == ["filter", "classify", "synthesize", "check", "a_check", "repair", "verify", "a_verify"]
