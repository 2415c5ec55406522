"""Options: what a command line, a config file and a Flex Template launch become, and what they are told when wrong."""

import json
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from beam_pipeline.options import describe
from beam_pipeline.options.checks import check_somebody_answers
from beam_pipeline.options.command_line import FIRST, OPTIONS, beam_flags, parse, validate
from beam_pipeline.options.config import PipelineConfig, StageOptions
from beam_pipeline.options.gone import GONE
from beam_pipeline.options.values import (
    SERVE,
    STAGE,
    STREAMING,
    TABLES,
    OptionError,
    looks_like_key,
    split_commas,
    split_paths,
)
from beam_pipeline.plan import screen_config
from tests.places import ROOT
from transforms.records import DEMO_MODEL
from transforms.screen import ScreenConfig
from transforms.stages import DEFAULT_MODEL_STAGES, MODEL_STAGES

NEEDED = ["--input", "a.jsonl", "--output", "out"]
SENTINEL = "sk-sentinel-0123456789abcdef0123456789abcdef"


def settings(*arguments: str) -> PipelineConfig:
    return parse([*NEEDED, *arguments])[0]


def refusal(*arguments: str, needed: list[str] = NEEDED) -> str:
    """The message of a refused command line: one line, without the sentinel key."""
    with pytest.raises(OptionError) as caught:
        parse([*needed, *arguments])
    message = str(caught.value)
    assert message and "\n" not in message
    assert SENTINEL not in message
    return message


@pytest.fixture
def config_file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "run.yaml"
        path.write_text(text, "utf-8")
        return str(path)

    return write


# What is loaded


def test_the_room_of_the_options_loads_little() -> None:
    listed = "print(*(name for name in sys.modules if name.partition('.')[0] in ('beam_pipeline', 'transforms', 'prompts')))"

    def loaded(statement: str) -> list[str]:
        code = f"import sys\n{statement}\n{listed}"
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True
        ).stdout.split()

    assert 0 < len(loaded("import beam_pipeline.options")) < 15
    declared = loaded("from beam_pipeline.options import PipelineConfig")
    rooms = {name.split(".")[1] for name in declared if name.startswith("beam_pipeline.")}
    assert rooms == {"options"} and len(declared) < 20, "a declaration needs none of what it declares"


# Flags


def test_defaults() -> None:
    config = settings()
    assert (config.input, config.output) == (["a.jsonl"], "out")
    assert (config.languages, config.max_personas, config.near_duplicates) == (["en"], 3, 0.85)
    assert config.flat().keys() == OPTIONS.keys()


@pytest.mark.parametrize("group", dict.fromkeys(option.group for option in OPTIONS.values()))
def test_every_flag_changes_its_option_and_no_other(group: str, tmp_path: Path) -> None:
    others = {}
    for name, option in OPTIONS.items():
        if option.group == group:
            try:
                _changes_itself(name, tmp_path)
            except (AssertionError, OptionError) as error:
                others[name] = str(error)
    assert others == {}


def _changes_itself(name: str, tmp_path: Path) -> None:
    option = OPTIONS[name]
    (tmp_path / "empty.yaml").touch()
    samples = {
        "languages": "de",
        "question_language": "de",
        "tokenizer": "o200k_base",
        "config": str(tmp_path / "empty.yaml"),
        "api_key_secret": "projects/p/secrets/s/versions/1",
        "endpoint_keys": "http://g/v1=env:KEY",
        "endpoint": "http://h/v1",
        "extra_body": '{"top_p": 0.9}',
        "max_document_tokens": "2",
        "worker_processes": "2",
        "repairs": "0",
        "questions_per_persona": "2",
        "stage": "mine:Name after check",
        "verify_calls": "1",
        "verifiers": "2",
        "ask_back": "false",
        "round_trip": "false",
        "fill_in_the_middle": "false",
        "options_only_samples": "2",
        "pass_rate_samples": "3",
        "min_pass_rate": "0.5",
        "max_pass_rate": "0.5",
        "near_duplicate_questions": "false",
        "report": "false",
        "decontamination": "ngram=8",
        "stop_after": "check",
        "edits_stage": "check",
        "embedding_endpoint": "http://h/v1",
        "input_subscription": "projects/p/subscriptions/s",
        "output_topic": "projects/p/topics/t",
        "event_time": "field:at",
        "screening": "min_words=5",
        "input_table": "project:d.t",
        "output_table": "project:d.u",
        "serve_command": "serve {port}",
        "serve_accelerator": "nvidia-h100-80gb:8",
    }
    kinds = {"NUMBER": "1", "BOOLEAN": "true", "ENUM": option.choices[0] if option.choices else ""}
    value = samples.get(name) or samples.get(option.setting) or kinds.get(option.param_type, "Name")
    value = option.choices[-1] if value == option.default else value
    needed = {
        "input": "a",
        "output": "o",
        "endpoint": "http://g/v1",
        "domains": "d",
        "exemplars": "e",
        "min_document_tokens": "0",
        # so that every stage is there to have settings of its own
        "verify_calls": "2",
        "verifiers": "3",
        "ask_back": "true",
        "round_trip": "true",
        "fill_in_the_middle": "true",
        "pass_rate_samples": "2",
        "benchmarks": "b",
        "embedding_endpoint": "http://g/v1",
    }
    if option.group == TABLES:
        needed |= {"output_table": "project:d.v", "temp_location": "gs://b/t", "project": "project"}  # the last two are Beam's
    instead = {"input": ""} if name in ("input_table", "input_query") else {}
    if option.group == SERVE:
        del needed["endpoint"]
        needed |= {} if name == "serve_model" else {"serve_model": "Name"}
    if name == "demo":
        del needed["endpoint"]
    if name == "max_cost":  # cannot foresee what comes last, and goes by prices
        needed |= {"pass_rate_samples": "0", "fill_in_the_middle": "false", "price_in": "1"}
    if name in ("target_accepted", "stop_after"):
        needed["fill_in_the_middle"] = "false"
    switches = {"delete_journal": {"overwrite": "true"}, "other_input": {"resume": "true"}, "edits_stage": {"edits": "e.jsonl"}}
    needed |= switches.get(name, {})
    if option.group == STREAMING:
        _changes_in_a_stream(name, value)
        return
    if name == "inputs":  # instead of --input, and of its source
        needed["inputs"] = "some.yaml"
        del needed["input"]
    before, after = validate_text(needed), validate_text({**needed, **instead, name: value})
    assert {key for key in OPTIONS if before.flat()[key] != after.flat()[key]} == {name, *instead}


def _changes_in_a_stream(name: str, value: str) -> None:
    needed = {"input": ["a"], "output": "o", "streaming": True, "event_time": "field:at"}
    instead = {"input": []} if name == "input_subscription" else {}
    value = "field:then" if name == "event_time" else value
    before, after = validate(needed), validate({**needed, **instead, name: value})
    assert {key for key in OPTIONS if before.flat()[key] != after.flat()[key]} == {name, *instead}


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--extra_body=[1]", "--extra_body: must be a JSON object"),
        ("--extra_body={", "--extra_body: must be a JSON object"),
        ('--extra_body={"model": "x"}', "--extra_body: must not hold model"),
        ("--session_header=x y", "--session_header: 'x y' is no name of a header"),
    ],
)
def test_what_is_sent_with_every_request_is_checked(flag: str, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        settings(flag)


def validate_text(values: dict[str, str]) -> PipelineConfig:
    return parse([f"--{name}={value}" for name, value in values.items()])[0]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), False),
        (("--overwrite",), True),
        (("--overwrite=true",), True),
        (("--overwrite", "true"), True),
        (("--overwrite=True",), True),
        (("--overwrite=false",), False),
        (("--overwrite", "--max_personas=2"), True),
    ],
)
def test_flags_without_value_and_as_a_flex_template_passes_them(flags: tuple[str, ...], expected: bool) -> None:
    assert settings(*flags).overwrite is expected


def test_lists_are_repeated_flags_or_one_value() -> None:
    assert settings("--languages", "en", "--languages=de,fr").languages == ["en", "de", "fr"]
    asked = [
        settings(*flags).question_language for flags in ((), ("--question_language=french",), ("--question_language=zh-cn",))
    ]
    assert asked == ["document", "fr", "zh-cn"]
    assert settings("--endpoint=http://a/v1,http://b:8000/v1/").endpoint == ["http://a/v1", "http://b:8000/v1"]
    assert settings("--exemplars=gs://b/{x,y}/*.jsonl,gs://c/z.jsonl").exemplars == ["gs://b/{x,y}/*.jsonl", "gs://c/z.jsonl"]
    assert settings("--input", "b.jsonl").input == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a,b.jsonl", ["a,b.jsonl"]),
        ("gs://b/{a,b}.jsonl", ["gs://b/{a,b}.jsonl"]),
        ("gs://b/[a,/]*.jsonl", ["gs://b/[a,/]*.jsonl"]),
        ("gs://a/1, gs://b/2", ["gs://a/1", "gs://b/2"]),
        ("x.jsonl,/data/y.jsonl", ["x.jsonl", "/data/y.jsonl"]),
        ("", []),
    ],
)
def test_split_paths(text: str, paths: list[str]) -> None:
    assert split_paths(text) == paths


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters=",{}[] \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f/:"), min_size=1)))
def test_full_paths_survive_joining(names: list[str]) -> None:
    paths = [f"gs://bucket/{name}" for name in names]
    assert split_paths(",".join(paths)) == paths
    assert split_commas(",".join(names)) == names


def test_a_value_may_begin_with_anything() -> None:
    assert settings("--source=--x").source == "--x"
    assert settings("--source=a=b").source == "a=b"


# Beam's options


def test_beam_options_go_to_beam() -> None:
    config, options = parse([*NEEDED, "--runner", "DataflowRunner", "--temp_location=gs://b/t", "--project", "p"])
    assert options.view_as(GoogleCloudOptions).temp_location == "gs://b/t"
    assert options.view_as(StandardOptions).runner == "DataflowRunner"
    assert config.input == ["a.jsonl"]


def test_the_local_runner_is_named() -> None:
    assert parse(NEEDED)[1].view_as(StandardOptions).runner == "FnApiRunner"


def test_no_flag_of_beam_is_declared_again() -> None:
    # Beam's own --dry_run is for the tests of its runners, which then submit nothing; with ours nothing reaches a runner.
    assert {f"--{name}" for name in OPTIONS} & set(beam_flags()) == {"--dry_run"}


def test_our_options_are_not_registered_with_beam() -> None:
    registered = {option.__module__ for option in PipelineOptions.__subclasses__()}
    assert not any(module.startswith("beam_pipeline.") for module in registered)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--max_persona", "3"], "unknown option --max_persona; did you mean --max_personas?"),
        (["--max-personas=3"], "did you mean --max_personas?"),
        (["--temp_locaton=gs://b"], "did you mean --temp_location?"),
        (["--verify=3"], "did you mean --verifiers?"),
        (["--worker_zon=z"], "did you mean --worker_zone?"),
        (["--qqqqqq"], "unknown option --qqqqqq"),
        (["--api_key", SENTINEL], "unknown option --api_key"),
        (["--api_key=" + SENTINEL], "unknown option --api_key"),
        (["documents.jsonl"], "unexpected argument 'documents.jsonl'"),
        ([SENTINEL], "unexpected argument '(not shown)'"),
        (["--runner=FlinkRuner"], "did you mean FlinkRunner?"),
        (["--num_workers=many"], "--num_workers: invalid int value: 'many'"),
        (["--model"], "--model: expected one argument"),
    ],
)
def test_what_nobody_knows_is_refused(flags: list[str], says: str) -> None:
    assert says in refusal(*flags)


def test_a_runners_own_options_pass_after_two_dashes() -> None:
    options = parse([*NEEDED, "--runner=FlinkRunner", "--", "--checkpointing_interval=10000"])[1]
    assert options.get_all_options(retain_unknown_options=True)["checkpointing_interval"] == "10000"


def test_flags_that_a_template_launcher_adds_pass() -> None:
    parse([*NEEDED, "--runner=DataflowRunner", "--template_location=gs://b/t", "--added_by_launcher=1"])


# Values


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--max_personas=4"], "--max_personas: must be less than or equal to 3 (got '4')"),
        (["--max_personas=0"], "--max_personas: must be greater than or equal to 1"),
        (["--near_duplicates=1.5"], "--near_duplicates"),
        (["--temperature=nan"], "--temperature"),
        (["--verify_temperature=hot"], "--verify_temperature: must be a valid number"),
        (["--request_timeout_s=0"], "--request_timeout_s: must be greater than 0"),
        (["--long_documents=split"], "must be 'chunk', 'cut' or 'reject'"),
        (["--overwrite=maybe"], "--overwrite: must be a valid boolean"),
        (["--languages=german"], "write de"),
        (["--languages="], "--languages"),
        (["--languages=english"], "'english' is no language code"),
        (["--question_language=Germann"], "neither document nor a language (de, German); did you mean German?"),
        (["--tokenizer=o200k"], "must be one of auto, estimate, "),
        (["--overwrite", "--resume"], "--overwrite and --resume contradict each other"),
        (["--max_document_tokens=10"], "--max_document_tokens must be at least twice --min_document_tokens, 100"),
        (["--max_document_tokens=99"], "--max_document_tokens must be at least twice --min_document_tokens, 100"),
        (["--max_document_tokens=1", "--min_document_tokens=0"], "--max_document_tokens: must be greater than or equal to 2"),
        (["--domains_mode=replace"], "--domains_mode needs --domains: there is nothing to put in their place"),
        (["--exemplars_mode=replace"], "--exemplars_mode needs --exemplars"),
        (["--text_field="], "--text_field"),
        (["--verify_calls=3"], "--verify_calls: must be less than or equal to 2"),
        (["--verifiers=0"], "--verifiers: must be greater than or equal to 1"),
        (["--verifier_agreement=all"], "--verifier_agreement needs --verifiers 2 or more"),
        (["--verifier_agreement=most", "--verifiers=3"], "must be 'majority' or 'all'"),
        (["--verifiers=2", "--verifier_models=a,b,c", "--endpoint=http://h/v1"], "give --verifiers 3 or more"),
        (["--verifier_models=a,b,c,d,e,f,g,h,i,j", "--endpoint=http://h/v1"], "9 verifiers are the most"),
        (
            ["--verifiers=2", "--verifier_models=a,b", "--verify_model=c", "--endpoint=http://h/v1"],
            "--verify_model and --verifier_models both name the verifiers",
        ),
        (["--verifiers=2", "--verifier_models=a", "--demo"], "and the rules of --demo are called demo-rules"),
        (["--min_pass_rate=0.1"], "--min_pass_rate needs --pass_rate_samples"),
        (["--max_pass_rate=0.9"], "--max_pass_rate needs --pass_rate_samples"),
        (
            ["--pass_rate_samples=8", "--min_pass_rate=0.9", "--max_pass_rate=0.1"],
            "--min_pass_rate 0.9 is above --max_pass_rate 0.1",
        ),
        (["--min_key_confidence=0.5"], "--min_key_confidence needs answers of others"),
        (
            ["--min_key_confidence=0.5", "--pass_rate_samples=4", "--target_accepted=9"],
            "and --min_key_confidence leaves pairs out when all are there",
        ),
        (["--pass_rate_samples=8", "--pass_rate_temperature=0"], "gives the same sample again and again"),
        (["--decontamination=ngram=9"], "--decontamination needs --benchmarks"),
        (["--embedding_endpoint=http://h/v1"], "--embedding_endpoint needs --benchmarks"),
        (["--embedding_model=e"], "--embedding_model needs --embedding_endpoint"),
        (["--round_trip_max_tokens=9"], "--round_trip_max_tokens is for a stage that this run does not have; add --round_trip"),
        (["--pass_rate_model=m"], "add --pass_rate_samples"),
        (["--verify_question_temperature=1"], "add --verify_calls 2"),
    ],
)
def test_values_out_of_bounds(flags: list[str], says: str) -> None:
    assert says in refusal(*flags)


@given(st.integers(0, 10), st.integers(1, 25))
def test_what_the_options_allow_the_screen_can_do(shortest: int, longest: int) -> None:
    values = {"input": ["a"], "output": "o", "min_document_tokens": shortest, "max_document_tokens": longest}
    try:
        ScreenConfig(min_tokens=shortest, max_document_tokens=longest)
    except ValueError:
        with pytest.raises(OptionError, match="--max_document_tokens"):
            validate(values)
    else:
        screen_config(validate(values))


def test_input_and_output_are_needed() -> None:
    assert refusal(needed=[]).startswith("--input is missing")
    assert refusal(needed=["--input=a"]).startswith("--output is missing")
    assert refusal(needed=["--input=", "--output=o"]).startswith("--input is missing")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://host:8000", "must be a base URL, such as one ending in /v1; write http://host:8000/v1"),
        ("http://host:8000/", "write http://host:8000/v1"),
        ("https://h/v1/chat/completions", "write https://h/v1"),
        ("https://h/openai/v1/models", "write https://h/openai/v1"),
        ("host:8000/v1", "must begin with http:// or https://"),
        ("http://h:port/v1", "must begin with http:// or https://"),
        ("http://[::1/v1", "must begin with http:// or https://"),
        (f"http://user:{SENTINEL}@h/v1", "must not hold a user name or password"),
        (f"http://h/v1?key={SENTINEL}", "write http://h/v1"),
    ],
)
def test_endpoints(url: str, says: str) -> None:
    assert says in refusal("--endpoint", url)
    assert says in refusal("--verify_endpoint", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/v1",
        "https://h:8443/v1/",
        "http://[::1]:8000/v1",
        "https://gate/team/v1",
        "http://h/v1/proxy/v1",
        "https://h/v1beta/openai/",
        "https://h/api/paas/v4",
    ],
)
def test_endpoints_that_are_right(url: str) -> None:
    assert settings("--endpoint", url, "--endpoint", url).endpoint == [url.rstrip("/")]


# Secrets


@pytest.mark.parametrize("flag", ["--api_key_env", "--api_key_secret"])
@pytest.mark.parametrize("value", [SENTINEL, "hf_" + "aB3" * 11, "AIza" + "Sy0" * 12, "my key"])
def test_a_key_in_place_of_its_name(flag: str, value: str) -> None:
    message = refusal(flag, value)
    assert "name" in message and "value not shown" in message
    assert value not in message


def test_a_key_in_a_config_file_is_not_repeated(config_file: Callable[[str], str]) -> None:
    for line in (f"api_key_env: {SENTINEL}", f"api_key: {SENTINEL}", f"{SENTINEL}: x", f"temperature: {SENTINEL}"):
        refusal("--config", config_file(line))


def test_a_key_is_not_in_pydantics_own_message() -> None:
    with pytest.raises(ValidationError) as caught:
        PipelineConfig.model_validate({"input": ["a"], "output": "o", "api_key_env": SENTINEL})
    assert SENTINEL not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": SENTINEL},
        {"metadata": {"authorization": f"Bearer {SENTINEL}"}},
        {"headers": [{"x": SENTINEL}]},
        {SENTINEL: 1},
    ],
    ids=["flat", "nested", "in a list", "as a name"],
)
def test_a_key_in_the_body_of_requests(body: dict[str, object], config_file: Callable[[str], str]) -> None:
    text = json.dumps(body)
    for message in (refusal("--extra_body", text), refusal("--config", config_file(f"extra_body: '{text}'"))):
        assert "must not hold a key (value not shown)" in message
        assert "--api_key_env" in message


def test_a_body_without_a_key_passes() -> None:
    body = '{"top_p": 0.9, "stop": ["</answer>"], "guided_decoding_backend": "xgrammar", "chat_template_kwargs": {"a": true}}'
    assert settings("--extra_body", body).extra_body == body


def test_names_of_variables_do_not_look_like_keys() -> None:
    for name in ("OPENAI_API_KEY", "team1_production_openai_api_key_2", "VLLM_KEY", "CONFIDENTIALINTERNALGATEWAYKEY"):
        assert not looks_like_key(name)
        assert settings("--api_key_env", name).api_key_env == name


def test_one_name_for_the_key() -> None:
    secret = "projects/p/secrets/s/versions/latest"
    assert settings("--api_key_secret", secret).model_of("filter").api_key == f"secret:{secret}"
    assert "give one" in refusal("--api_key_secret", secret, "--api_key_env", "KEY")


# Stages


def test_a_stage_has_the_general_values() -> None:
    stage = settings("--endpoint=http://h/v1", "--model=m", "--temperature=0.5", "--max_tokens=9", "--concurrency=7").model_of(
        "verify"
    )
    assert (stage.endpoints, stage.model, stage.temperature) == (("http://h/v1",), "m", 0.5)
    assert (stage.max_tokens, stage.api_key, stage.concurrency) == (9, "env:OPENAI_API_KEY", 7)


def test_a_stage_may_have_its_own() -> None:
    config = settings(
        "--endpoint=http://h/v1",
        "--model=small",
        "--temperature=0.5",
        "--verify_model=big",
        "--verify_endpoint=http://i/v1,http://j/v1",
        "--verify_temperature=0",
        "--verify_max_tokens=64",
        "--endpoint_keys=http://i/v1=env:OTHER,http://j/v1=env:OTHER",
    )
    stage = config.model_of("verify")
    assert (stage.endpoints, stage.model, stage.temperature) == (("http://i/v1", "http://j/v1"), "big", 0.0)
    assert (stage.max_tokens, stage.api_key) == (64, "env:OTHER")
    assert config.model_of("filter").model == "small"


def test_a_run_has_the_stages_that_its_options_say() -> None:
    assert settings().model_stages == DEFAULT_MODEL_STAGES
    everything = settings("--verify_calls=2", "--ask_back", "--round_trip", "--fill_in_the_middle", "--pass_rate_samples=4")
    assert everything.model_stages == tuple(stage for stage in MODEL_STAGES if stage != "verify")
    assert settings("--round_trip").model_stages == (*DEFAULT_MODEL_STAGES, "round_trip")
    filling = settings("--fill_in_the_middle")
    assert filling.model_stages == (*DEFAULT_MODEL_STAGES, "fill_in", "options_only", "fill_in_read")
    assert settings("--ask_back").model_stages == (*DEFAULT_MODEL_STAGES, "ask_back")


@pytest.mark.parametrize("limit", ["--target_accepted=5", "--max_cost=5"])
def test_a_limit_that_cannot_foresee_the_calls_of_fill_in_the_middle_is_refused(limit: str) -> None:
    assert "cannot foresee --fill_in_the_middle" in refusal(
        "--endpoint=http://h/v1", "--fill_in_the_middle", "--price_in=1", limit
    )


def test_who_chooses_without_the_text_chooses_with_it() -> None:
    config = settings("--endpoint=http://h/v1", "--fill_in_the_middle", "--options_only_model=big", "--fill_in_model=writer")
    assert config.model_of("fill_in_read").model == config.model_of("options_only").model == "big"
    assert config.model_of("fill_in").model == "writer"


def test_a_draft_is_mended_by_whom_it_was_written() -> None:
    config = settings("--endpoint=http://h/v1", "--model=small", "--synthesize_model=big", "--synthesize_temperature=0.4")
    assert config.model_of("repair") == config.model_of("synthesize")
    assert "repair" not in settings("--repairs=0").model_stages
    assert "unknown option" in refusal("--repair_model=other")


def test_the_two_calls_of_verification_have_the_settings_of_verify_unless_they_have_their_own() -> None:
    config = settings(
        *("--endpoint=http://h/v1", "--model=small", "--verify_calls=2", "--verify_model=big", "--verify_temperature=0.2"),
        *("--verify_question_model=other", "--verify_question_endpoint=http://i/v1"),
    )
    answer, question = config.model_of("verify_answer"), config.model_of("verify_question")
    assert (answer.model, answer.temperature, answer.endpoints) == ("big", 0.2, ("http://h/v1",))
    assert (question.model, question.temperature, question.endpoints) == ("other", 0.2, ("http://i/v1",))


@pytest.mark.parametrize(
    ("flags", "count"),
    [
        ([], 1),
        (["--verifiers=3"], 3),
        (["--verifier_models=a", "--verifier_models=b"], 2),
        (["--verifier_models=a,b", "--verifiers=5"], 5),
        (["--verifier_models=a"], 1),
    ],
)
def test_there_are_as_many_verifiers_as_models_unless_a_number_is_given(flags: list[str], count: int) -> None:
    assert settings("--endpoint=http://h/v1", *flags).verifier_count == count


def test_a_model_verifies_under_one_name_once() -> None:
    config = settings("--endpoint=http://h/v1", "--verifiers=3", "--verifier_models=a,b", "--verifier_models=a")
    assert config.verifier_models == ["a", "b"]
    assert config.model_of("verify").model == "a"


def test_an_empty_setting_of_a_stage_that_is_off_is_none() -> None:
    assert settings("--round_trip_model=").model_stages == DEFAULT_MODEL_STAGES


def test_a_solver_samples_and_has_room_to_think() -> None:
    solver = settings("--pass_rate_samples=4").model_of("pass_rate")
    assert (solver.temperature, solver.max_tokens) == (1.0, 2048)
    warmer = settings("--pass_rate_samples=4", "--temperature=0.3", "--max_tokens=4000").model_of("pass_rate")
    assert (warmer.temperature, warmer.max_tokens) == (0.3, 4000)
    own = settings("--pass_rate_samples=4", "--pass_rate_temperature=0.6", "--pass_rate_max_tokens=100").model_of("pass_rate")
    assert (own.temperature, own.max_tokens) == (0.6, 100)


def test_a_stage_that_is_off_needs_no_endpoint() -> None:
    own = [f"--{stage}_endpoint=http://h/v1" for stage in DEFAULT_MODEL_STAGES if stage != "repair"]
    check_somebody_answers(settings("--model=m", *own))
    with pytest.raises(ValueError, match="--demo"):
        check_somebody_answers(settings("--model=m", "--round_trip", *own))


def test_an_endpoints_own_key_wins_over_the_general_secret() -> None:
    config = settings(
        *("--api_key_secret=projects/p/secrets/s/versions/1", "--endpoint=http://g/v1", "--verify_endpoint=http://h/v1/"),
        "--endpoint_keys=http://h/v1=env:OTHER",
    )
    assert config.model_of("verify").api_key == "env:OTHER"
    assert config.model_of("filter").api_key == "secret:projects/p/secrets/s/versions/1"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("http://h/v1", "must be URL=env:NAME"),
        (f"http://h/v1={SENTINEL}", "must be URL=env:NAME or URL=secret:"),
        (f"http://h/v1=env:{SENTINEL}", "takes the name of an environment variable"),
        ("http://h/v1=secret:mine", "must be the name projects/P/secrets/S/versions/V of a secret"),
        ("http://h=env:KEY", "write http://h/v1"),
        ("http://h/v1=env:A,http://h/v1/=env:B", "--endpoint_keys: http://h/v1 stands twice"),
        ("http://k/v1=env:A", "--endpoint_keys names http://k/v1, and no stage of this run asks there"),
        ("http://i/v1=env:A", "http://h/v1, http://i/v1 are replicas of one model, and need one key"),
    ],
)
def test_keys_of_endpoints_that_are_not_right(keys: str, says: str) -> None:
    assert says in refusal("--endpoint=http://h/v1,http://i/v1", f"--endpoint_keys={keys}")


def test_every_stage_has_every_setting_but_one_that_has_those_of_another() -> None:
    names = {option.name for option in OPTIONS.values() if option.group == STAGE}
    stages = [stage for stage in MODEL_STAGES if stage not in ("verify_answer", "repair", "fill_in_read")]
    assert names == {f"{stage}_{setting}" for stage in stages for setting in StageOptions.model_fields}


@pytest.mark.parametrize("name", GONE)
def test_an_option_that_is_gone_says_what_does_its_work(name: str, config_file: Callable[[str], str]) -> None:
    assert name not in OPTIONS
    assert refusal(f"--{name}=7") == f"--{name} is gone: {GONE[name].instead}"
    if name != "progress":
        path = config_file(f"{name}: 7.5")
        assert refusal("--config", path) == f"{path} line 1: {name} is gone: {GONE[name].instead}"
    default = GONE[name].default
    given = settings("--config", config_file(f"{name}: {'' if default is None else default}")).given()
    assert given.keys() == {"input", "output", "config"}, "what an older run kept says what is done anyway"


def test_rules_answer_only_where_a_demo_is_asked_for() -> None:
    assert settings("--demo").model_of("filter").model == DEMO_MODEL
    assert settings("--endpoint=http://h/v1").model_of("filter").model == ""
    for asked in ("--demo", "--endpoint=http://h/v1", "--serve_model=m"):
        check_somebody_answers(settings(asked))
    for asked in ([], ["--demo=false"], ["--model=qwen"], ["--verify_endpoint=http://h/v1"]):
        with pytest.raises(ValueError, match=r"--endpoint .* --demo"):
            check_somebody_answers(settings(*asked))


@pytest.mark.parametrize("option", ["endpoint", "serve_model", "verify_endpoint"])
def test_a_demo_asks_no_model_besides(option: str) -> None:
    assert f"--demo and --{option} contradict each other" in refusal("--demo", f"--{option}=http://h/v1")
    assert "stage filter asks the model 'qwen'" in refusal("--demo", "--model=qwen")


def test_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch, config_file: Callable[[str], str]) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://e/v1/")
    assert settings().endpoint == settings("--demo=false").endpoint == ["http://e/v1"]
    assert settings().given()["endpoint"] == ["http://e/v1"], "it is kept for a replay"
    assert settings("--endpoint=http://h/v1").endpoint == ["http://h/v1"]
    assert settings("--config", config_file("endpoint: http://h/v1")).endpoint == ["http://h/v1"]
    assert settings("--demo").endpoint == settings("--serve_model=m").endpoint == []
    monkeypatch.setenv("OPENAI_BASE_URL", "http://e/")
    assert refusal().startswith("OPENAI_BASE_URL: must be a base URL, such as one ending in /v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert settings().endpoint == []


def test_settings_travel_to_workers_as_plain_values() -> None:
    stage = settings("--endpoint=http://h/v1").model_of("filter")
    data = pickle.dumps(stage)
    assert pickle.loads(data) == stage
    assert b"pydantic" not in data


def test_a_configuration_is_frozen(config: Callable[..., PipelineConfig]) -> None:
    with pytest.raises(ValidationError):
        config().output = "elsewhere"  # type: ignore[misc]


def test_flat_values_make_the_same_configuration() -> None:
    given_flags = settings("--endpoint=http://h/v1", "--verify_temperature=0.3", "--languages=de")
    flat = {name: value for name, value in given_flags.flat().items() if value is not None}
    assert validate(flat).flat() == given_flags.flat()


@pytest.mark.parametrize("arguments", [[], ["--api_key_secret=projects/p/secrets/s/versions/1"], ["--verify_model=demo-rules"]])
def test_what_was_given_makes_the_same_configuration(arguments: list[str]) -> None:
    config = settings(*arguments)
    assert config.given().keys() == {"input", "output", *(argument[2:].partition("=")[0] for argument in arguments)}
    assert validate(config.given()) == config


# Config files


def test_a_config_file_has_the_same_keys_and_flags_win(config_file: Callable[[str], str]) -> None:
    path = config_file("""
input: [x.jsonl, "y,z.jsonl"]
output: from_file
max_personas: 2
overwrite: yes
report: off
languages: [no, en]
verify_temperature: 0.7
domains:
""")
    config, _ = parse(["--config", path, "--output", "from_flag"])
    assert (config.input, config.output) == (["x.jsonl", "y,z.jsonl"], "from_flag")
    assert (config.max_personas, config.overwrite, config.report) == (2, True, False)
    assert config.languages == ["no", "en"]
    assert config.model_of("verify").temperature == 0.7
    assert config.domains == ""


def test_an_empty_config_file(config_file: Callable[[str], str]) -> None:
    assert settings("--config", config_file("# nothing yet\n")).max_personas == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("output: o\nmax_persona: 2", "line 2: unknown option max_persona; did you mean max_personas?"),
        ("max-personas: 2", "line 1: unknown option max-personas; did you mean max_personas?"),
        ("\nmax_personas: 9", "line 2: max_personas: must be less than or equal to 3 (got '9')"),
        ("verify_temperature: hot", "line 1: verify_temperature: must be a valid number"),
        ("verify:\n  model: x", "line 1: verify is a stage: write verify_model"),
        ("runner: FlinkRunner", "line 1: runner is an option of Beam"),
        ("config: other.yaml", "line 1: config cannot stand in a config file"),
        ("model: a\nmodel: b", "line 2: model stands twice"),
        ("model: [a]", "line 1: model: takes one value"),
        ("input: {a: b}", "line 1: input: takes a value or a list of values"),
        ("model: {a: b}", "line 1: model: takes a value"),
        ("- a\n- b", "line 1: must hold 'option: value' lines"),
        ("model: a\noutput: [", "not YAML"),
        ("model: a\n  output: b", "line 2: not YAML"),
        ("a: b\n--- \nc: d", "line 2: not YAML"),
        ("model: \x07", "not YAML"),
    ],
)
def test_a_wrong_config_file_names_file_and_line(config_file: Callable[[str], str], text: str, says: str) -> None:
    path = config_file(text)
    message = refusal("--config", path)
    assert message.startswith(f"{path} line ") and says in message


def test_a_config_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal("--config", str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes("model: é".encode("latin-1"))
    assert "not text" in refusal("--config", str(tmp_path / "latin.yaml"))


# What is generated


def test_generated_files_are_what_the_options_say() -> None:
    assert not describe.stale(ROOT), "run 'make options'"


def test_the_table_names_every_flag() -> None:
    table = describe.options_table()
    for option in OPTIONS.values():
        flag = f"`--<stage>_{option.setting}`" if option.stage else f"`--{option.name}`"
        assert flag in table
    assert len({line.count("|") for line in table.splitlines()}) == 1


def shown_by(flag: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        parse([flag])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Examples:\n  webscale-qa run --input ")
    return shown


def test_help_shows_what_most_runs_need(capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_by("--help", capsys)
    flags = re.findall(r"^  --([a-z_]+)", shown, re.MULTILINE)
    assert sorted(flags) == sorted((*FIRST, "version", "help")) and len(FIRST) == 13
    assert shown.count("\n") < 60, "it fits a screen"


def test_all_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_by("--help-all", capsys)
    assert all(f"--{name}" in shown for name in OPTIONS)
    assert all(option.group in shown for option in OPTIONS.values())


def test_describe_rewrites_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / describe.PAGE
    page.parent.mkdir(parents=True)
    shutil.copy(ROOT / describe.PAGE, page)
    assert describe.main(["--check"], tmp_path) == 1
    assert "templates/metadata.json is not what the options say: run 'make options'" in capsys.readouterr().err
    assert describe.main([], tmp_path) == 0
    assert describe.main(["--check"], tmp_path) == 0
    page.write_text(page.read_text("utf-8").replace("`--model`", "`--modle`"), "utf-8")
    assert describe.main(["--check"], tmp_path) == 1
    assert describe.main([], tmp_path) == 0
    assert page.read_text("utf-8") == (ROOT / describe.PAGE).read_text("utf-8")


def test_describe_needs_a_page_with_markers(tmp_path: Path) -> None:
    assert describe.main([], tmp_path) == 2
    with pytest.raises(ValueError, match="needs the lines"):
        describe.with_table("no markers", "table")


def test_every_option_was_declared_in_full() -> None:
    for option in OPTIONS.values():
        assert option.description.endswith("."), option.name
        assert option.group and option.param_type
