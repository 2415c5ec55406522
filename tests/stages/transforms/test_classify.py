"""Classify: domain and personas of a document, tidied and told apart, and what the model was shown."""

from collections.abc import Callable
from typing import Any

import pytest

from prompts.load import Domain, load_prompts
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from transforms.classify import ClassifyDocuments, PersonaReply, clean_personas
from transforms.records import Persona, PersonaTask, Stamp

PROMPTS = load_prompts()
Make = Callable[..., Any]


def reply(*names: str, domain: str = "Other", interest: str = "when it opened") -> dict[str, Any]:
    return {"domain": domain, "personas": [{"name": name, "interest": interest} for name in names]}


def names(*given: str, most: int = 3) -> list[str]:
    return [persona.name for persona in clean_personas([PersonaReply(name=name, interest="") for name in given], most)]


@pytest.fixture
def run_classify(serve: Make, model: Make, run_transform: Any, document: Make) -> Make:
    def run(said: Any, **settings: Any) -> tuple[Any, ScriptedEndpoint]:
        endpoint = serve(lambda _: said)
        stage = ClassifyDocuments(model(endpoint, max_reasks=0), settings.pop("prompts", PROMPTS), **settings)
        return run_transform(stage, [document()]), endpoint

    return run


# --- personas


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("- bridge engineer", "bridge engineer"),
        ("1. bridge engineer", "bridge engineer"),
        ("2) bridge engineer;", "bridge engineer"),
        ("\u2022 bridge engineer", "bridge engineer"),
        ('"bridge\n  engineer."', "bridge engineer"),
        ("**1. Bridge Engineer**", "Bridge Engineer"),
        ("1930s historian", "1930s historian"),
        ("3.5 mm jack designer", "3.5 mm jack designer"),
        ("x" * 500, "x" * 120),
    ],
    ids=["dash", "number", "bracket", "bullet", "quotes and spaces", "bold", "decade", "decimal", "essay"],
)
def test_a_name_is_tidied(written: str, name: str) -> None:
    assert names(written) == [name]


def test_a_persona_that_says_the_same_as_an_earlier_one_is_dropped() -> None:
    assert names("Bridge Engineer", "the bridge engineer", "Engineer of a bridge") == ["Bridge Engineer"]
    assert names("bridge engineer", "railway engineer", "historian") == ["bridge engineer", "railway engineer", "historian"]


def test_a_name_of_nothing_but_signs_and_filler_is_dropped() -> None:
    assert names("", "...", "the", " - ", "historian") == ["historian"]


def test_the_most_fitting_personas_are_kept() -> None:
    assert names("historian", "engineer", "sailor", most=2) == ["historian", "engineer"]


# --- the stage


def test_one_task_for_each_persona_with_the_stamp(run_classify: Make, run_transform: Any, document: Make) -> None:
    outcome, _ = run_classify(reply("historian", "1. sailor", domain="Social Science", interest="when\n it opened"))
    prompt = PROMPTS.prompt("classify")
    stamp = Stamp("classify", "m", prompt.version, prompt.sha256)
    assert outcome.passed == [
        PersonaTask(document(), "Social Science", Persona("historian", "when it opened"), (stamp,)),
        PersonaTask(document(), "Social Science", Persona("sailor", "when it opened"), (stamp,)),
    ]
    assert (outcome.rejected, outcome.dead_letters) == ([], [])
    assert run_transform.counters("classify")["passed"] == 2


def test_max_personas_is_obeyed_whatever_the_model_says(run_classify: Make) -> None:
    outcome, _ = run_classify(reply("historian", "engineer", "sailor"), max_personas=1)
    assert [task.persona.name for task in outcome.passed] == ["historian"]


def test_each_persona_has_as_many_tasks_as_questions(run_classify: Make) -> None:
    outcome, _ = run_classify(reply("historian", "sailor"), questions=3)
    tasks = [(task.persona.name, task.number) for task in outcome.passed]
    assert tasks == [(name, number) for name in ("historian", "sailor") for number in (1, 2, 3)]
    assert len({task.id for task in outcome.passed}) == 6


def test_a_document_for_nobody_is_rejected(run_classify: Make, run_transform: Any) -> None:
    outcome, _ = run_classify(reply("...", " "))
    assert (outcome.passed, outcome.dead_letters) == ([], [])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.document_id) == ("classify", "no_persona", "bridge")
    assert run_transform.counters("classify")["rejected/no_persona"] == 1


EXAMPLE = "structural engineer sizing bridge bearings"
SHOWING = load_prompts().with_prompt(
    "shown", f'---\nversion: 1\n---\nA reader is named in some words ("{EXAMPLE}").\n<!-- after the document -->\nTask: shown\n'
)


def test_a_persona_of_the_prompt_is_dropped_and_counted(run_classify: Make, run_transform: Any) -> None:
    outcome, _ = run_classify(reply(EXAMPLE, "historian", "sailor"), prompts=SHOWING, max_personas=2)
    assert [task.persona.name for task in outcome.passed] == ["historian", "sailor"], "its place is free for another"
    assert run_transform.counters("classify")["fault/persona_copied"] == 1


def test_a_document_for_personas_of_the_prompt_alone_is_rejected(run_classify: Make) -> None:
    outcome, _ = run_classify(reply(EXAMPLE, "..."), prompts=SHOWING)
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.detail) == ("classify", "persona_copied", EXAMPLE)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (reply("historian", domain="Bridges"), "domain: 'Bridges' is not one of Math, "),
        (reply(), "personas: List should have at least 1 item"),
        (reply("a", "b", "c", "d"), "personas: List should have at most 3 items"),
        ({"domain": "Other", "personas": "historian, engineer"}, "personas: Input should be a valid list"),
        ("Social Science", "no JSON object in the reply"),
    ],
    ids=["unknown domain", "nobody", "too many", "no list", "prose"],
)
def test_a_reply_that_is_no_classification_is_a_dead_letter(run_classify: Make, said: Any, message: str) -> None:
    outcome, _ = run_classify(said)
    assert (outcome.passed, outcome.rejected) == ([], [])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type, letter.document_id) == (
        "classify",
        "ReplyInvalid",
        "Document",
        "bridge",
    )
    assert letter.message.startswith(message)


def test_the_model_is_shown_the_document_and_then_the_task(run_classify: Make) -> None:
    _, endpoint = run_classify(reply("historian"))
    [asked] = endpoint.asked
    assert asked.body["messages"] == PROMPTS.messages("classify", "The bridge opened in 1932.", {})
    assert '- "Math": mathematics' in asked.text.partition("</document>")[2]


def test_the_domains_of_the_run_are_those_the_model_may_choose(run_classify: Make) -> None:
    mine = load_prompts([Domain("bridges", "Bridges", "spans"), Domain("other", "Other", "the rest")])
    outcome, endpoint = run_classify(reply("historian", domain="Bridges"), prompts=mine)
    assert [task.domain for task in outcome.passed] == ["Bridges"]
    schema = endpoint.asked[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["domain"] == {"type": "string", "enum": ["Bridges", "Other"]}
