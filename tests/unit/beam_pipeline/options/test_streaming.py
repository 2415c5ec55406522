"""Which options go together in a stream: what is refused, in one line, and what is chosen where nothing is said."""

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from beam_pipeline.options.command_line import parse
from beam_pipeline.options.config import LOCAL_RUNNER, STREAM_RUNNER, PipelineConfig
from beam_pipeline.options.values import OptionError
from beam_pipeline.streaming.read_stream import stream_windows
from beam_pipeline.streaming.windows import Windows

SUBSCRIPTION = "projects/project/subscriptions/sub"
QUEUE = ("--streaming", f"--input_subscription={SUBSCRIPTION}")
WATCH = ("--streaming", "--input=in/*.jsonl", "--watch_until_s=9")


def parsed(*arguments: str) -> tuple[PipelineConfig, str]:
    """What options mean, and the runner that is taken."""
    config, options = parse(["--output=out", *arguments])
    return config, options.view_as(StandardOptions).runner


def refusal(*arguments: str) -> str:
    with pytest.raises(OptionError) as raised:
        parsed(*arguments)
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input=a", "--window_s=60"], "--window_s needs --streaming"),
        (["--input=a", "--event_time=field:at"], "--event_time needs --streaming"),
        (["--input=a", "--output_topic=projects/p/topics/t"], "--output_topic needs --streaming"),
        (["--input=a", "--watch_until_s=5"], "--watch_until_s needs --streaming"),
        ([f"--input_subscription={SUBSCRIPTION}"], "--input_subscription needs --streaming"),
        (["--streaming"], "give one of them"),
        ([*QUEUE, "--input=a"], "give one of them"),
        (["--streaming", "--input_subscription=sub"], "'sub' must be a full name, projects/P/subscriptions/S"),
        ([*QUEUE, "--output_topic=t"], "'t' must be a full name, projects/P/topics/T"),
        ([*QUEUE, "--watch_interval_s=5"], "--watch_interval_s is for files"),
        ([*QUEUE, "--input_format=text"], "--input_format is for files"),
        ([*WATCH, "--event_time=attribute:ts"], "files have fields"),
        ([*QUEUE, "--event_time=publish"], "must be arrival, attribute:NAME or field:NAME"),
        ([*QUEUE, "--allowed_lateness_s=5"], "on arrival nothing is late"),
        ([*QUEUE, "--window_s=0"], "greater than or equal to 0.001"),
        ([*QUEUE, "--window_s=1e-9"], "greater than or equal to 0.001"),
        ([*QUEUE, "--window_s=1e12"], "less than or equal to 31622400"),
        ([*QUEUE, "--event_time=field:at", "--allowed_lateness_s=1e12"], "less than or equal to 31622400"),
        ([*QUEUE, "--deduplicate_ttl_s=1e13"], "less than or equal to 31622400"),
        ([*QUEUE, "--deduplicate_ttl_s=0"], "greater than 0"),
        ([*QUEUE, "--max_pairs_per_domain=5"], "has no end"),
        ([*QUEUE, "--domain_shares=math=0.5"], "has no end"),
        ([*QUEUE, "--near_duplicates=0.9"], "compares a whole corpus"),
        ([*QUEUE, "--near_duplicate_questions"], "compares the whole output"),
        ([*QUEUE, "--runner=FnApiRunner"], "cannot read Pub/Sub"),
        ([*QUEUE, "--runner=prism"], "cannot read Pub/Sub"),
        ([*QUEUE, "--runner=FlinkRunner"], "cannot read Pub/Sub"),
        (["--streaming", "--input=a"], "give --watch_until_s"),
        ([*WATCH, "--runner=BundleBasedDirectRunner"], "cannot watch a folder"),
        ([*WATCH, "--runner=beam_pipeline.engines.local_stream.LocalStreamRunner"], "cannot watch a folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused(arguments: list[str], said: str) -> None:
    assert said in refusal(*arguments)


def test_the_runner_that_can_read_it() -> None:
    assert parsed(*QUEUE)[1] == STREAM_RUNNER
    assert parsed(*WATCH)[1] == LOCAL_RUNNER
    assert parsed(*QUEUE, "--runner=DataflowRunner")[1] == "DataflowRunner"
    assert parsed("--streaming", "--input=a", "--runner=PrismRunner")[1] == "PrismRunner"
    assert parsed("--input=a")[1] == LOCAL_RUNNER


FLINK = ("--runner=PortableRunner", "--job_endpoint=h:1", "--flink_master=h:2")
SECONDS = "--max_bundle_time_mills=5000"


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        ([*WATCH, *FLINK], [SECONDS]),
        ([*WATCH, "--runner=FlinkRunner", "--window_s=30"], ["--max_bundle_time_mills=3000"]),
        ([*WATCH, *FLINK, "--window_s=5"], []),
        ([*WATCH, *FLINK, "--", "--max_bundle_time_mills=700"], ["--max_bundle_time_mills=700"]),
        (["--input=a", *FLINK], []),
        ([*WATCH, "--runner=PrismRunner"], []),
    ],
    ids=["flink", "short windows", "very short ones", "given", "batch", "prism"],
)
def test_a_stream_on_flink_has_bundles_of_some_seconds(arguments: list[str], added: list[str]) -> None:
    """Else it is an endpoint's first seconds that are idle: each bundle waits for the last answer to it."""
    _, options = parse(["--output=out", *arguments])
    assert [flag for flag in options._flags if "bundle_time" in flag] == added


def test_defaults_given_in_words_do_no_harm() -> None:
    config, _ = parsed("--input=a", "--window_s=600", "--event_time=arrival", "--watch_until_s=0")
    assert not config.streaming
    assert config.stream_ttl_s == 0
    config, _ = parsed(*QUEUE, "--near_duplicates=0", "--near_duplicate_questions=false", "--max_pairs_per_domain=0")
    assert config.streaming
    assert config.stream_ttl_s == 86_400


@pytest.mark.parametrize(
    ("arguments", "windows"),
    [
        ([], Windows(600)),
        (["--window_s=60"], Windows(60)),
        (["--window_s=60", "--event_time=field:at"], Windows(60, 60)),
        (["--event_time=attribute:ts", "--allowed_lateness_s=5"], Windows(600, 5)),
        (["--event_time=attribute:ts", "--allowed_lateness_s=0"], Windows(600, 0)),
    ],
)
def test_windows_are_cut_as_the_options_say(arguments: list[str], windows: Windows) -> None:
    assert stream_windows(parsed(*QUEUE, *arguments)[0]) == windows


def test_streaming_is_no_option_of_ours(tmp_path: object) -> None:
    config, _ = parsed(*QUEUE)
    assert "streaming" not in config.flat()
    assert "streaming" not in config.given()
    assert set(config.given()) == {"output", "input_subscription"}
