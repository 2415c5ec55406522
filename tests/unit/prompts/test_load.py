"""Prompts: files that fit their front matter, versions that follow the text, one shape for every request."""

import hashlib
import re
from dataclasses import replace
from importlib import resources
from string import Template
from typing import Any

import pytest

from prompts.load import (
    Domain,
    Prompt,
    PromptError,
    PromptSet,
    load_domains,
    load_prompt,
    load_prompts,
    parse_domains,
    parse_prompt,
)
from transforms.stages import DEFAULT_MODEL_STAGES, MODEL_STAGES

# Version and hash of every prompt as it stands. Both are on every record, so a text that changes
# under an old version makes records of two kinds look alike.
RECORDED = {
    "system": (2, "d954c8654105b9619009c0b6ab51ec7c00d52ae1da34439bb109d9750033c3e0"),
    "filter": (3, "8ae7c5f311c0762beaa1ed469a7a7f1937ded3f8588a758f9a2739334f253256"),
    "classify": (3, "501ec72b14d2b90cb4d152f13082027c5befa08af3331f35c8993f0198afabef"),
    "synthesize": (4, "7dbcfec337a8288ab509857639e778e37c4c7d0c551fe49b8a7ec09517953866"),
    "repair": (2, "67da3bd91a7c021c856267bce0ae7ff7cae86f60e3a9f5a2b6ef9516e878e064"),
    "verify": (3, "b0e2eb76fbe6dc3fd9bd0cb0ddd1cfbe76e4b34ae5a3cd1653f1b4676c4fd634"),
    "verify_answer": (1, "00901ee62f7d32fe1d857ba0d85228b7c0d13b6ab8f0ce9f586f018037fa08ca"),
    "verify_question": (1, "2f6904dedd5c14d789ffb5f9e2606240aac3e0a1a77353cec1292e4fb4c65548"),
    "ask_back": (1, "ca0ee93aab7187854a281c590edc5b43ee18a28741d09bdb12be5406d3fb5a9d"),
    "round_trip": (1, "b65d3641c3ae9ca4ebbd7b71035e4c4626cacf9723dafed351c7029d5aace6a7"),
    "fill_in": (1, "7a427f77126c809a3149ae098da7174a2a82b26b7bbe2231d25f6b828e8d156f"),
    "options_only": (1, "f47d2557dccd189ea681e6a26af78a2293d21e0d190caedb04900f9528d972d9"),
    "fill_in_read": (1, "5cd361f92036a49d4e1a1568993868f87b29d778941a37d8e4f714c9fb777b0e"),
    "pass_rate": (1, "7f48f2d3485aeb7b4251b9d3621808a0137639a0fdbc4be485359967961aec28"),
    "reward_judge": (1, "fb5652088558add3d48c14eca0a45b4f06e7a5f5f0cad0d0e4f28e83bb23d4c6"),
}
OWN_FILTER = """---
version: 9
run_variables: [domain_names]
---
## Task: filter

Keep what is about money.
<!-- after the document -->
Task: filter
One of: $domain_names. It costs $$5.
"""
VALUES = {
    **{"exemplars": "E", "domain": "D", "persona": "P", "question": "Q", "answer": "A", "aliases": "[]", "answer_type": "date"},
    "fault": "F",
    "language": "L",
    **{"passage": "T", "span": "S"},
}
PROMPTS = load_prompts(stages=MODEL_STAGES)
CLOSED_BOOK = ("verify_question", "ask_back", "options_only", "fill_in_read", "pass_rate")
OPEN_BOOK = tuple(stage for stage in MODEL_STAGES if stage not in CLOSED_BOOK)


def text_of(name: str) -> str:
    return resources.files("prompts").joinpath(f"{name}.md").read_text("utf-8")


def values_of(prompt: Prompt) -> dict[str, str]:
    return {name: VALUES[name] for name in prompt.variables}


def with_changed(name: str, **changes: Any) -> PromptSet:
    """The prompts after somebody edited one file."""
    prompts = tuple(replace(prompt, **changes) if prompt.name == name else prompt for prompt in PROMPTS.prompts)
    return PromptSet("\n\n".join(prompt.instructions for prompt in prompts if not prompt.closed_book), prompts, PROMPTS.domains)


# --- what ships


def test_every_prompt_is_recorded() -> None:
    shipped = {file.name.removesuffix(".md") for file in resources.files("prompts").iterdir() if file.name.endswith(".md")}
    assert shipped - {"README"} == set(RECORDED) == {"system", "reward_judge", *MODEL_STAGES}


@pytest.mark.parametrize("name", RECORDED)
def test_a_changed_prompt_has_a_new_version(name: str) -> None:
    version, sha256 = RECORDED[name]
    prompt = load_prompt(name)
    if prompt.sha256 != sha256:
        assert prompt.version > version, (
            f"the text of prompts/{name}.md changed under version {version}: raise 'version' in its front matter "
            "and say in 'changes' what is new"
        )
        pytest.fail(f'record prompts/{name}.md in RECORDED of {__name__}: "{name}": ({prompt.version}, "{prompt.sha256}")')
    assert prompt.version == version
    assert prompt.sha256 == hashlib.sha256(text_of(name).encode()).hexdigest()


@pytest.mark.parametrize("name", RECORDED)
def test_a_prompt_says_what_its_version_changed(name: str) -> None:
    assert re.search(rf'^changes: "{load_prompt(name).version}: .+"$', text_of(name), re.MULTILINE)


@pytest.mark.parametrize("stage", MODEL_STAGES)
def test_a_stage_asks_for_its_task_by_name(stage: str) -> None:
    prompt = load_prompt(stage)
    assert prompt.task.startswith(f"Task: {stage}")
    assert prompt.instructions.startswith(f"## Task: {stage}")


# --- the shape of a request


def test_every_stage_that_sees_the_document_has_the_same_system_message_with_all_instructions() -> None:
    messages = [PROMPTS.messages(stage, "text", values_of(PROMPTS.prompt(stage))) for stage in OPEN_BOOK]
    assert {(system["role"], system["content"]) for system, _ in messages} == {("system", PROMPTS.system)}
    places = [PROMPTS.system.index(f"## Task: {stage}\n") for stage in OPEN_BOOK]
    assert places == sorted(places)
    assert PROMPTS.system.startswith(load_prompt("system").instructions)
    assert not [stage for stage in CLOSED_BOOK if f"## Task: {stage}" in PROMPTS.system]


@pytest.mark.parametrize("stage", CLOSED_BOOK)
def test_a_closed_book_stage_is_asked_without_document_and_shared_rules(stage: str) -> None:
    [system, user] = PROMPTS.messages(stage, "The secret text.", values_of(PROMPTS.prompt(stage)))
    assert (system["role"], user["role"]) == ("system", "user")
    assert system["content"] == load_prompt(stage).instructions
    assert user["content"].startswith(f"Task: {stage}\n<question>Q</question>")
    assert "secret" not in system["content"] + user["content"]
    assert "<document>" not in system["content"] + user["content"]


def test_a_run_is_told_of_its_own_stages_only() -> None:
    default = load_prompts()
    assert [prompt.name for prompt in default.prompts] == ["system", *DEFAULT_MODEL_STAGES]
    told = re.findall(r"^## Task: (\w+)$", default.system, re.MULTILINE)
    assert tuple(told) == DEFAULT_MODEL_STAGES
    with pytest.raises(PromptError, match="no prompt for stage 'round_trip'"):
        default.prompt("round_trip")


def test_a_further_stage_makes_no_reply_of_the_others_stale() -> None:
    default = load_prompts()
    assert all(default.signature(stage) == PROMPTS.signature(stage) for stage in DEFAULT_MODEL_STAGES)


@pytest.mark.parametrize("stage", OPEN_BOOK)
def test_the_document_comes_first_and_the_task_after_it(stage: str) -> None:
    [_, user] = PROMPTS.messages(stage, "The text.", values_of(PROMPTS.prompt(stage)))
    assert user["role"] == "user"
    assert user["content"].startswith(f"<document>\nThe text.\n</document>\n\nTask: {stage}")
    assert "$" not in user["content"]
    assert not user["content"].endswith("\n")


def test_values_are_never_expanded_again() -> None:
    values = {"question": "$answer", "answer": "$5 {x}", "aliases": "[]"}
    [_, user] = PROMPTS.messages("verify", "$question ${answer} $$ {braces}", values)
    assert "<document>\n$question ${answer} $$ {braces}\n" in user["content"]
    assert "<question>$answer</question>\n<answer>$5 {x}</answer>" in user["content"]


def test_a_missing_value_raises() -> None:
    with pytest.raises(KeyError, match="answer"):
        PROMPTS.messages("verify", "text", {"question": "Q", "aliases": "[]"})


def test_an_unknown_stage_is_named_with_those_there_are() -> None:
    with pytest.raises(PromptError, match="no prompt for stage 'translate'; there are system, filter, classify"):
        PROMPTS.prompt("translate")


# --- what is filled in for a run


def test_domains_and_personas_of_the_run_are_filled_in() -> None:
    mine = [Domain("bridges", "Bridges", "spans of $ all {kinds}"), Domain("tides", "Tides", "the sea")]
    prompts = load_prompts(mine, max_personas=2)
    assert prompts.domains == tuple(mine)
    told = prompts.system + prompts.messages("classify", "The text.", {})[1]["content"]
    assert '  - "Bridges": spans of $ all {kinds}\n  - "Tides": the sea\n' in told
    assert "up to 2 personas" in prompts.system
    assert "$max_personas" not in told and "$domains" not in told
    assert "Travel & Lifestyle" not in told


def test_without_domains_of_its_own_a_run_has_those_that_ship() -> None:
    assert PROMPTS.domains == load_domains()
    assert len(PROMPTS.domains) == 10
    told = PROMPTS.prompt("classify").task
    assert all(f'  - "{domain.name}": {domain.description}\n' in told for domain in PROMPTS.domains)


# --- signatures


@pytest.mark.parametrize("part", ["instructions", "task"])
@pytest.mark.parametrize("changed", MODEL_STAGES)
def test_a_signature_follows_its_own_file_alone(changed: str, part: str) -> None:
    after = with_changed(changed, **{part: getattr(PROMPTS.prompt(changed), part) + " And be brief."})
    moved = {stage for stage in MODEL_STAGES if after.signature(stage) != PROMPTS.signature(stage)}
    assert moved == {changed}


def test_the_shared_rules_are_part_of_the_signature_of_who_is_told_them() -> None:
    after = with_changed("system", instructions="Be brief.")
    assert {stage for stage in MODEL_STAGES if after.signature(stage) != PROMPTS.signature(stage)} == set(OPEN_BOOK)


def test_the_domains_of_a_run_are_part_of_the_signature_of_the_stages_that_name_one() -> None:
    after = load_prompts([Domain("bridges", "Bridges", "spans")], stages=MODEL_STAGES)
    assert {stage for stage in MODEL_STAGES if after.signature(stage) != PROMPTS.signature(stage)} == {"classify", "fill_in"}


def test_signatures_tell_stages_apart() -> None:
    assert len({PROMPTS.signature(stage) for stage in MODEL_STAGES}) == len(MODEL_STAGES)


# --- front matter

GOOD = """---
version: 3
variables: [persona]
run_variables: [most]
---
Up to $most.
<!-- after the document -->
Task: x $persona
"""


@pytest.mark.parametrize("stage", ["nope", "check", "../README", "reward_judge"])
def test_a_stage_that_asks_no_model_is_named_with_those_that_do(stage: str) -> None:
    with pytest.raises(PromptError, match=f"no prompt for stage '{re.escape(stage)}'; there are filter, classify, .*, pass_rate"):
        load_prompts(stages=("filter", stage))


def test_a_prompt_is_parsed_into_its_parts() -> None:
    prompt = parse_prompt("x", GOOD)
    assert (prompt.name, prompt.version, prompt.instructions, prompt.task) == ("x", 3, "Up to $most.", "Task: x $persona")
    assert (prompt.variables, prompt.run_variables, prompt.closed_book) == (("persona",), ("most",), False)
    assert parse_prompt("x", GOOD.replace("version: 3", "version: 3\nclosed_book: true")).closed_book


def test_braces_and_double_dollars_are_literal() -> None:
    prompt = parse_prompt("x", '---\nversion: 1\nvariables:\n---\nReply {"a": 1}. $$5\n')
    assert Template(prompt.instructions).substitute({}) == 'Reply {"a": 1}. $5'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Task: x", "no front matter; begin with '---', 'version: 1', '---'"),
        ("---\nversion: 1\nTask: x", "no front matter"),
        ("---\nversion: [\n---\n", "front matter is not YAML"),
        ("---\n- 1\n---\n", "front matter needs 'version', a whole number"),
        ("---\nchanges: x\n---\n", "front matter needs 'version', a whole number"),
        ("---\nversion: '1'\n---\n", "front matter needs 'version', a whole number"),
        (
            GOOD.replace("[persona]", "[persona, domain]"),
            "the front matter declares the variables ['domain'], which nothing uses",
        ),
        (GOOD.replace("[persona]", "[]"), "task use the variables ['persona'], which the front matter does not declare for them"),
        (
            GOOD.replace("[most]", "[]"),
            "instructions use the variables ['most'], which the front matter does not declare for them",
        ),
        (GOOD.replace("$most", "${least}"), "instructions use the variables ['least'], which"),
        (GOOD.replace("$most", "$persona"), "instructions use the variables ['persona'], which"),
        (
            GOOD.replace("version: 3", "version: 3\nclosed_book: always"),
            "'closed_book' in the front matter must be true or false",
        ),
        (GOOD.replace("$persona", "$persona for $5"), "a lone '$' in the task; write '$$' for a dollar sign"),
    ],
    ids=[
        "none",
        "not closed",
        "not YAML",
        "list",
        "no version",
        "text version",
        "declared, not used",
        "used, not declared",
        "run variable not declared",
        "run variable unknown",
        "variable in the wrong part",
        "closed book",
        "lone dollar",
    ],
)
def test_a_broken_prompt_names_its_file_and_what_is_wrong(content: str, message: str) -> None:
    with pytest.raises(PromptError, match=re.escape(message)) as caught:
        parse_prompt("x", content)
    assert str(caught.value).startswith("prompts/x.md: ")


def test_a_run_variable_may_stand_behind_the_document_too() -> None:
    own = parse_prompt("filter", OWN_FILTER)
    prompts = load_prompts([Domain("money", "Money in $", "d")], own=[own])
    [_, user] = prompts.messages("filter", "The text.", {})
    assert user["content"].endswith("Task: filter\nOne of: Money in $. It costs $5.")


def test_a_prompt_of_ones_own_takes_the_place_of_the_shipped_one_alone() -> None:
    own = parse_prompt("filter", OWN_FILTER)
    prompts = load_prompts(own=[own])
    assert "Keep what is about money." in prompts.system
    assert prompts.prompt("filter").version == 9
    shipped = load_prompts()
    assert prompts.signature("filter") != shipped.signature("filter")
    assert all(prompts.signature(stage) == shipped.signature(stage) for stage in DEFAULT_MODEL_STAGES if stage != "filter")


def test_a_run_variable_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(
        PromptError, match=r"prompt filter has the run variables \['most'\]; there are domains, domain_names, max_pers"
    ):
        load_prompts(own=[parse_prompt("filter", OWN_FILTER.replace("domain_names", "most"))])


def test_instructions_may_all_stand_behind_the_document() -> None:
    own = parse_prompt("filter", "---\nversion: 1\n---\n<!-- after the document -->\nTask: filter\nIs it about money?")
    assert load_prompts(stages=("filter",), own=[own]).system == load_prompt("system").instructions


# --- domains


def test_the_domains_that_ship() -> None:
    assert [domain.name for domain in load_domains()] == [
        "Math",
        "Technology & Engineering",
        "Coding",
        "Social Science",
        "Natural Science",
        "Travel & Lifestyle",
        "Commerce & Economics",
        "Medicine & Health",
        "Education",
        "Other",
    ]


def test_names_and_descriptions_become_one_line() -> None:
    folded = '- slug: a\n  name: "A\\t B"\n  description: |\n    one\n    two\n'
    assert parse_domains(folded) == (Domain("a", "A B", "one two"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "not YAML"),
        ("", "must be a list of domains"),
        ("slug: a", "must be a list of domains"),
        ("- {slug: a, name: A}", "entry 1 must have slug, name and description, and nothing else"),
        ("- {slug: a, name: A, description: d, extra: e}", "entry 1 must have"),
        ("- {slug: 'A b', name: A, description: d}", "entry 1: slug 'A b' must be lower-case letters"),
        ("- {slug: a, name: , description: d}", "entry 1: name must be text, not None"),
        ("- {slug: a, name: 7, description: d}", "entry 1: name must be text, not 7"),
        ("- {slug: a, name: A, description: ' '}", "entry 1: description must be text, not ' '"),
        ("- {slug: a, name: A, description: d}\n- {slug: a, name: B, description: d}", "slug 'a' stands twice"),
        ("- {slug: a, name: A, description: d}\n- {slug: b, name: A, description: d}", "name 'A' stands twice"),
    ],
    ids=["not YAML", "empty", "no list", "missing", "extra", "slug", "no name", "number", "blank", "slug twice", "name twice"],
)
def test_a_broken_list_of_domains_says_where_and_what(content: str, message: str) -> None:
    with pytest.raises(PromptError, match=re.escape(message)) as caught:
        parse_domains(content, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
