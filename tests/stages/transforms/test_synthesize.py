"""Synthesize: from a task and its exemplars to a draft, and what the model was shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from prompts.exemplar_bank import Exemplar
from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from transforms.records import Document, Persona, PersonaTask, QAPair, Stamp, stamps_of
from transforms.synthesize import MOST_QUESTIONS, SynthesizeQA, synthesize_variables

PROMPTS = load_prompts()
EARLIER = Stamp("classify", "m", 1, "abc")
REPLY = {"question": "When did the bridge open?", "answer": "1932", "answer_type": "date", "aliases": []}
Make = Callable[..., Any]


def exemplar(name: str, domain: str = "Other", answer_type: str = "term") -> Exemplar:
    return Exemplar(name, domain, f"reader of {name}", f"A passage on {name}.", f"What is {name}?", name, answer_type)


BANK = [("Other", [exemplar("tides"), exemplar("bells", answer_type="name")]), ("Math", [exemplar("primes", "Math")])]


@pytest.fixture
def task(document: Make) -> Callable[..., PersonaTask]:
    def make(
        name: str = "sailor", interest: str = "how high it is", domain: str = "Other", number: int = 1, **overrides: Any
    ) -> PersonaTask:
        return PersonaTask(document(**overrides), domain, Persona(name, interest), (EARLIER,), number)

    return make


@pytest.fixture
def run_synthesize(serve: Make, model: Make, run_transform: Any) -> Make:
    def run(said: Any, tasks: list[PersonaTask], exemplars: int = 3) -> tuple[Any, ScriptedEndpoint]:
        endpoint = serve(lambda _: said)
        settings = model(endpoint, max_reasks=0)
        outcome = run_transform(lambda bank: SynthesizeQA(settings, PROMPTS, bank, exemplars), tasks, BANK)
        return outcome, endpoint

    return run


def test_a_draft_is_tidied_and_stamped(run_synthesize: Make, task: Make) -> None:
    said = {
        "question": " When did\n the bridge open? ",
        "answer": " 19 March  1932 ",
        "answer_type": "date",
        "aliases": ["1932-03-19", " ", "19 March 1932", "1932-03-19 ", "March 19,  1932"],
    }
    outcome, _ = run_synthesize(said, [task()])
    prompt = PROMPTS.prompt("synthesize")
    stamp = Stamp("synthesize", "m", prompt.version, prompt.sha256)
    aliases = ("1932-03-19", "March 19, 1932")
    assert outcome == ([QAPair(task(), "When did the bridge open?", "19 March 1932", "date", aliases, (stamp,))], [], [])
    assert stamps_of(outcome.passed[0]) == (EARLIER, stamp)


def test_what_the_model_wrote_around_a_draft_is_taken_off(run_synthesize: Make, task: Make) -> None:
    said = {
        "question": "**Question:** How tall is the bridge? (number)",
        "answer": "Answer: 134 (metres)",
        "answer_type": "number",
        "aliases": ["", "134 metres (number)", "1. 440 feet", "440 feet."],
    }
    outcome, _ = run_synthesize(said, [task(text="It is 134 metres tall, or 440 feet.")])
    [pair] = outcome.passed
    assert (pair.question, pair.answer, pair.aliases) == ("How tall is the bridge?", "134 metres", ("440 feet",))


@pytest.mark.parametrize(
    "nothing", [{"question": "", "answer": ""}, {"answer": " \n"}, {"question": ""}], ids=["both", "answer", "question"]
)
def test_a_task_without_a_question_is_rejected(
    run_synthesize: Make, run_transform: Any, task: Make, nothing: dict[str, str]
) -> None:
    outcome, _ = run_synthesize({**REPLY, **nothing}, [task()])
    assert (outcome.passed, outcome.dead_letters) == ([], [])
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason) == ("synthesize", "no_question")
    assert (rejection.document_id, rejection.task_id) == ("bridge", task().id)
    assert (rejection.domain, rejection.persona) == ("Other", "sailor")
    assert run_transform.counters("synthesize")["rejected/no_question"] == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({**REPLY, "answer_type": "essay"}, "answer_type: Input should be 'number', "),
        ({**REPLY, "aliases": {"a": 1}}, "aliases: Input should be a valid list"),
        ({**REPLY, "answer": {"value": 1932}}, "answer: Input should be a valid string"),
        ("Q: When did it open? A: 1932", "no JSON object in the reply"),
    ],
    ids=["unknown type", "aliases", "answer", "prose"],
)
def test_a_reply_that_is_no_draft_is_a_dead_letter(run_synthesize: Make, task: Make, said: Any, message: str) -> None:
    outcome, _ = run_synthesize(said, [task()])
    assert (outcome.passed, outcome.rejected) == ([], [])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("synthesize", "ReplyInvalid", "PersonaTask")
    assert (letter.task_id, letter.domain, letter.persona) == (task().id, "Other", "sailor")
    assert letter.message.startswith(message)


def test_the_model_is_shown_document_exemplars_and_persona_in_this_order(run_synthesize: Make, task: Make) -> None:
    _, endpoint = run_synthesize(REPLY, [task(domain="Math")])
    [asked] = endpoint.asked
    shown = "Question: What is primes?\nAnswer: primes (term)"
    variables = {"exemplars": shown, "domain": "Math", "persona": "sailor: how high it is", "language": ""}
    assert asked.body["messages"] == PROMPTS.messages("synthesize", "The bridge opened in 1932.", variables)
    parts = ("<document>", "</document>", "Task: synthesize", shown, "<domain>Math<", "<persona>sailor: how high it is</persona>")
    places = [asked.text.index(part) for part in parts]
    assert places == sorted(places)


def test_personas_of_one_document_share_all_but_the_persona(run_synthesize: Make, task: Make) -> None:
    tasks = [task("sailor", "tides"), task("historian", ""), *(task(f"reader {number}", "") for number in range(6))]
    _, endpoint = run_synthesize(REPLY, tasks, exemplars=1)
    shared, personas = zip(*(asked.text.split("<persona>") for asked in endpoint.asked), strict=True)
    assert len(set(shared)) == 1, "exemplars that differ would be prefilled again for each persona"
    assert {"sailor: tides</persona>", "historian</persona>", "reader 5</persona>"} < set(personas)


def test_the_exemplars_of_a_document_are_the_same_in_every_run(run_synthesize: Make, task: Make) -> None:
    shown = []
    for question in ("One?", "Two?"):
        tasks = [task(id=f"d{number}", text=f"{question} Text {number}.") for number in range(8)]
        _, endpoint = run_synthesize(REPLY, tasks, exemplars=1)
        texts = [asked.text.partition("Text ")[2] for asked in endpoint.asked]
        shown.append(sorted(texts))
        assert len(texts) == 8
    assert shown[0] == shown[1]
    assert {"tides" in text for text in shown[0]} == {True, False}, "documents should not all see the same exemplar"


GERMAN = "Die Brücke wurde im Jahr 1932 eröffnet und ist seit dem Krieg nicht mehr für den Verkehr von Wagen zugelassen. "


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("The bridge opened in 1932.", "document", ""),
        ("The bridge opened in 1932 and it was the longest of its kind in the world until the war.", "en", ""),
        (GERMAN, "document", "Write question and answer in German."),
        (GERMAN, "de", "Write question and answer in German."),
        (GERMAN, "fr", "Write the question in French, the answer as the document writes it."),
        (GERMAN, "en", "Write the question in English, the answer as the document writes it."),
        ("这座桥于一九三二年建成，是世界上最长的桥。", "zh-tw", "Write question and answer in Traditional Chinese."),
        ("x = 1932", "document", ""),
    ],
)
def test_the_writer_is_told_the_language_that_does_not_go_without_saying(task: Make, text: str, language: str, told: str) -> None:
    variables = synthesize_variables(task(text=text), dict(BANK), 3, language)
    assert variables["language"] == told
    assert ("(in English; you write" in variables["exemplars"]) == (told != "" and "English" not in told)
    user = PROMPTS.messages("synthesize", text, variables)[1]["content"]
    assert user.endswith(f"</persona>\n{told}" if told else "</persona>")


def test_a_domain_without_exemplars_is_asked_without(run_synthesize: Make, task: Make) -> None:
    outcome, endpoint = run_synthesize(REPLY, [task(domain="Pottery")])
    assert len(outcome.passed) == 1
    assert "Question: " not in endpoint.asked[0].text


# --- several questions of one persona


LONG = "\n".join(f"In {1900 + year} the bridge was painted in the colour number {year}." for year in range(50))
RUSSIAN = "\n".join(f"В {1900 + year} году мост покрасили снова, и это видели все жители города." for year in range(50))


def test_a_first_question_is_asked_as_ever(task: Make) -> None:
    first = task(text=LONG)
    assert synthesize_variables(first, {}, 3)["language"] == ""
    assert synthesize_variables(replace(first, number=1), {}, 3) == synthesize_variables(first, {}, 3)


@pytest.mark.parametrize("text", [LONG, RUSSIAN], ids=["English", "Russian"])
def test_each_further_one_is_sent_to_another_part_of_the_document(task: Make, text: str) -> None:
    told = [synthesize_variables(task(text=text, number=number), {}, 3) for number in range(1, MOST_QUESTIONS + 1)]
    assert len({variables["language"] for variables in told}) == MOST_QUESTIONS
    assert len({(variables["persona"], variables["exemplars"]) for variables in told}) == 1, "what they share is prefilled once"
    for number, variables in enumerate(told[1:], 2):
        *language, last = variables["language"].splitlines()
        assert language == (["Write question and answer in Russian."] if text is RUSSIAN else [])
        assert last.startswith(f"This is question {number} of this persona, about another fact than the one")
        begins = last.partition("begins with the words: ")[2]
        assert f"\n{begins}" in text, "the beginning of a sentence, as the document has it"


@pytest.mark.parametrize("text", ["", "One.", "字" * 5_000, "word " * 100_000])
def test_a_part_is_named_whatever_the_text(text: str) -> None:
    said = synthesize_variables(PersonaTask(Document("a", text), "Other", Persona("sailor"), number=3), {}, 3)["language"]
    assert "This is question 3" in said and len(said) < 500


def test_further_questions_are_requests_of_their_own(run_synthesize: Make, task: Make) -> None:
    outcome, endpoint = run_synthesize(REPLY, [task(text=LONG, number=number) for number in (1, 2, 3)])
    assert len(outcome.passed) == 3
    assert len({asked.text for asked in endpoint.asked}) == 3
