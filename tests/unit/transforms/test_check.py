import json
from dataclasses import replace
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from prompts.exemplar_bank import Exemplar
from prompts.load import load_domains
from tests.fakes.growth import assert_linear, repeated
from tests.places import ROOT
from transforms.check import RULES, CheckQA, apply_check, check_pair, grounded_aliases
from transforms.pair_rules.copied import Told
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair, Rejection, VerifiedQA, item_row, qa_row

EXEMPLARS = sorted((ROOT / "prompts" / "exemplars").glob("*.jsonl"))
BENCHMARKS = ROOT.parent / "shared" / "data" / "benchmarks"
QUESTION = "Which island lies off the coast of Tanzania?"


def pair(
    question: str = QUESTION, answer: str = "Zanzibar", answer_type: str = "term", text: str | None = None, **rest: Any
) -> QAPair:
    """A draft whose document says its answer, unless another text is given."""
    document = Document("d", text if text is not None else f"It says {answer}.")
    return QAPair(PersonaTask(document, "Other", Persona("reader")), question, answer, answer_type, **rest)


def reason(**fields: Any) -> str | None:
    """The reason for which a pair is rejected."""
    fault = check_pair(pair(**fields))
    return fault.reason if fault else None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"answer": ""}, "answer_empty"),
        ({"answer": " \u200b "}, "answer_empty"),
        ({"answer": "word " * 13}, "answer_too_long"),
        ({"answer": "What is it?"}, "answer_is_question"),
        ({"answer": "Not stated."}, "answer_placeholder"),
        ({"answer": "The text does not say", "answer_type": "term"}, "answer_placeholder"),
        ({"answer": "because the sea is warm"}, "answer_open_ended"),
        ({"answer": "It is an island off the African coast."}, "answer_open_ended"),
        ({"question": "Explain the origin of cloves.", "answer": "trade winds brought many Arab seafarers"}, "answer_open_ended"),
        ({"answer": "plenty", "answer_type": "number"}, "answer_type_mismatch"),
        ({"answer": "cheap", "answer_type": "money"}, "answer_type_mismatch"),
        ({"answer": "maybe", "answer_type": "yes_no"}, "answer_type_mismatch"),
        ({"answer": "steel", "answer_type": "option"}, "answer_type_mismatch"),
        ({"question": "Why?"}, "question_too_short"),
        ({"question": "Which island " + "very " * 100 + "far away?"}, "question_too_long"),
        ({"question": "The island off the coast of Tanzania."}, "question_not_a_question"),
        ({"question": "Which island is it? And who lives there?"}, "question_multiple"),
        ({"question": "According to the passage, which island exports cloves?"}, "question_refers_to_document"),
        ({"question": "When did he sail to the island?"}, "question_dangling_pronoun"),
        ({"question": "Which island do most tourists visit today?"}, "question_deictic_date"),
        ({"text": "It says nothing."}, "answer_not_in_document"),
        ({"question": "Which island is called Zanzibar?"}, "answer_in_question"),
    ],
)
def test_reasons(fields: dict[str, Any], expected: str) -> None:
    assert reason(**fields) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What does the author say about war?",
        "What did this study find about sleep in mice?",
        "What percentage of participants in the study improved?",
        "According to the report, how many people died?",
        "Which of the following is a noble gas?",
        "What is the main cause mentioned above?",
        "In the text, who is the king?",
        "What are the results of the experiment?",
        "What term does the article use for rain?",
        "How many participants were in the study?",
        "What is the capital mentioned in the given text?",
        "What did the researchers find in 2012?",
    ],
)
def test_questions_that_lean_on_the_document(question: str) -> None:
    assert reason(question=question) == "question_refers_to_document"


@pytest.mark.parametrize(
    "question",
    [
        "He was born in which city?",
        "When was he born?",
        "Where did they settle after the war?",
        "What is its capital?",
        "In which year was it founded?",
        "What is the name of his book?",
        "What is the main cause of this disease?",
        "It is made of what metal?",
        "Who founded it in 1912?",
        "Which company did he found in 1976?",
        "These cells produce which hormone?",
        "How tall is this tower?",
    ],
)
def test_questions_whose_pronoun_dangles(question: str) -> None:
    assert reason(question=question) == "question_dangling_pronoun"


@pytest.mark.parametrize(
    "question",
    [
        "What is the population of Paris today?",
        "Who is currently the president of France?",
        "How many people visited the museum last year?",
        "What did the company Acme announce recently?",
        "What will be launched next month by NASA?",
        "What is the latest version of Python?",
        "What company was founded two years ago in Oslo?",
    ],
)
def test_questions_whose_date_depends_on_the_day(question: str) -> None:
    assert reason(question=question) == "question_deictic_date"


@pytest.mark.parametrize(
    "question",
    """Who was the author of Hamlet?
Which treaty does the text of the Versailles agreement replace?
What is the text editor vi named after?
How many participants took part in the Framingham Heart Study?
In the 1963 study by Stanley Milgram, what share of participants in the study reached 450 volts?
According to the 2014 IPCC report, by how much did sea level rise?
In Moby-Dick, who is the narrator?
How long does it take light to travel from the Sun to the Earth?
Is it legal to castle out of check in chess?
What is it called when a liquid turns into gas?
Which company changed its name to Meta in 2021?
Who wrote his first novel, Typee, in 1846?
When did Marie Curie receive her second Nobel Prize?
In which city was Mozart when he wrote Figaro?
A drug lowers blood pressure. What is this effect called?
As of 2020, how many people currently live in Paris?
Which newspaper called USA Today was founded in 1982?
How many million years ago did the dinosaurs die out?
In the last year of the war, which city was bombed?
Name the largest planet of the solar system.
Find the derivative of x^2 with respect to x.
Who discovered penicillin?
The capital of France is ____.
What passage connects the Atlantic and the Pacific north of Canada?
Who wrote the paper "On Computable Numbers"?
What chapter of the US Bankruptcy Code covers reorganisation?
In SQL, which clause filters rows after the table is grouped?
What is the study of insects called?
Under Dutch law, what must a tenant do before he leaves?
How far is it from Oslo to Bergen by rail?
What is the source of the Nile?
What is the electric current of a 60 W lamp at 12 V?
Let x be 5. What is 3x?
Solve for x: 2x + 5 = 15""".split("\n"),
)
def test_questions_that_stand_alone(question: str) -> None:
    assert reason(question=question) is None


def test_every_exemplar_would_pass() -> None:
    rows = [json.loads(line) for path in EXEMPLARS for line in path.read_text("utf-8").split("\n") if line]
    assert len(rows) >= 8 * len(load_domains())
    for row in rows:
        fault = check_pair(pair(row["question"], row["answer"], row["answer_type"], row["passage"]))
        assert fault is None, (row["id"], fault)


@pytest.mark.skipif(not BENCHMARKS.exists(), reason="the shared benchmarks are not here")
def test_word_problems_are_not_taken_for_fragments() -> None:
    rows = [json.loads(line) for line in (BENCHMARKS / "gsm8k_test.jsonl").read_text("utf-8").split("\n") if line]
    about_questions = [rule for rule in RULES if rule.__name__.startswith("question_")]
    faulted = [
        row["text"] for row in rows if any(rule(pair(row["text"])) for rule in about_questions if "length" not in rule.__name__)
    ]
    assert len(faulted) / len(rows) < 0.02


@pytest.mark.parametrize(("answer", "said"), [("1,000 km", "1000 kilometres"), ("12", "twelve"), ("4 May 1923", "May 4th, 1923")])
def test_another_notation_is_grounded(answer: str, said: str) -> None:
    answer_type = "date" if "May" in answer else "number"
    assert (
        reason(question="What is said of the Tay Bridge?", answer=answer, answer_type=answer_type, text=f"It was {said}.") is None
    )


def test_yes_and_no_are_not_searched_for() -> None:
    assert reason(question="Is Zanzibar an island?", answer="Yes", answer_type="yes_no", text="Zanzibar is an island.") is None


def test_aliases_are_kept_if_the_document_says_them() -> None:
    draft = pair(
        answer="World Health Organization",
        answer_type="name",
        text="The World Health Organization (WHO) sits in Geneva.",
        aliases=("WHO", "the World Health Organization", "UNO", "who", "", "world health organization"),
        question="Which agency declared smallpox eradicated in 1980?",
    )
    assert grounded_aliases(draft) == ("WHO", "the World Health Organization")
    (passed,) = apply_check(draft)
    assert isinstance(passed, QAPair)
    assert passed.aliases == ("WHO", "the World Health Organization")
    assert passed.id == draft.id


@pytest.mark.parametrize("unit", ["a ", "which is this ", "(", "1,", "the text ", "? ", "According to "])
def test_hostile_pairs_take_linear_time(unit: str) -> None:
    def check(text: str) -> None:
        check_pair(pair(text, text[:100], "term", text))
        check_pair(pair(text[:790], text[:140], "term", text))

    assert_linear(check, repeated(unit), 12_500, 200_000)


@pytest.mark.parametrize(
    ("answer", "answer_type", "said"),
    [
        ("Zanzibar", "place", "Zanzibar"),
        ("12,000 people", "number", "twelve thousand people"),
        ("1964-04-26", "date", "26 April 1964"),
        ("cloves, cinnamon", "list", "Cloves"),
    ],
)
def test_the_place_of_the_answer_is_on_the_row(answer: str, answer_type: str, said: str) -> None:
    text = "On 26 April 1964 the island of Zanzibar joined Tanganyika. Cloves and cinnamon feed twelve thousand people."
    task = PersonaTask(Document("d", text), "Other", Persona("reader"))
    [passed] = apply_check(QAPair(task, "What does the atlas of Africa of 1970 say of it, and where?", answer, answer_type))
    assert isinstance(passed, QAPair), passed
    row = qa_row(VerifiedQA(passed, "a quote"), "1.2")
    assert text[row["answer_start"] : row["answer_end"]] == said
    assert item_row(passed)["answer_start"] == row["answer_start"]


def test_yes_and_no_have_no_place() -> None:
    task = PersonaTask(Document("d", "Zanzibar is an island. Yes."), "Other", Persona("reader"))
    [passed] = apply_check(QAPair(task, "Is Zanzibar an island?", "yes", "yes_no"))
    assert isinstance(passed, QAPair) and passed.place is None
    assert item_row(passed)["answer_start"] is None


def test_copies_are_found_before_anything_that_the_writer_could_mend() -> None:
    asked = "In which city is the Guernica of Picasso exhibited?"
    exemplar = Exemplar("e", "Other", "visitor", "It hangs in Madrid.", asked, "Madrid", "place")
    told = Told("- `answer`: a number with its unit", {"Other": [exemplar]})
    drafts = [pair(asked, "word " * 20, text="Cloves."), pair(answer="a number with its unit", text="Cloves.")]
    found = [next(apply_check(draft, told, {"answer_too_long", "answer_not_in_document"})) for draft in drafts]
    assert [getattr(result, "reason", None) for result in found] == ["copied_from_exemplar", "copied_from_prompt"]


def test_a_mendable_fault_passes_with_what_was_seen() -> None:
    absent, leaking = pair(text="nothing"), pair("Which island is called Zanzibar?")
    results = [next(apply_check(draft, mendable={"answer_not_in_document"})) for draft in (absent, leaking)]
    assert results[0] == replace(absent, fault=Fault("answer_not_in_document", "Zanzibar"))
    assert isinstance(results[1], Rejection) and results[1].reason == "answer_in_question"


def test_check_qa() -> None:
    good, bad = pair(), pair(text="nothing")
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | "Pairs" >> beam.Create([good, bad]) | "Check" >> CheckQA()
        assert_that(outcome.passed, equal_to([replace(good, place=(8, 16))]), "Passed")
        rows = outcome.rejected | "Row" >> beam.Map(lambda rejection: (rejection.stage, rejection.reason, rejection.detail))
        assert_that(rows, equal_to([("check", "answer_not_in_document", "Zanzibar")]), "Rejected")
        assert_that(outcome.dead_letters, equal_to([]), "DeadLetters")
        assert outcome.passed.element_type is QAPair
        assert outcome.rejected.element_type is Rejection
