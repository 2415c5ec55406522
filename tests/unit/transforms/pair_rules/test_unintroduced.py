"""Questions that lean on something said before, without a pronoun, and those that do not."""

import pytest

from tests.fakes.growth import assert_linear, repeated
from transforms.pair_rules.unintroduced import question_leans_on_something_said
from transforms.records import Document, Persona, PersonaTask, QAPair

LIFE = "Linton Johnson was born in Jamaica. He studied in London, where Johnson met Marie Curie. After Smith left, he wrote."


def seen(question: str, document: str = "Some text.") -> str | None:
    fault = question_leans_on_something_said(
        QAPair(PersonaTask(Document("d", document), "Other", Persona("reader")), question, "x", "term")
    )
    assert fault is None or fault.reason == "question_context_missing"
    return fault.detail if fault else None


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ("What else did Marta Ferri write?", "else"),
        ("Were there any other witnesses in Tamble?", "any other"),
        ("What happened in early 1985?", "what happened in"),
        ("Any awards?", "any"),
        ("How many years?", "how many years"),
        ("What kind of beliefs?", "what kind of beliefs"),
        ("What made his work so distinctive?", "his"),
        ("What is the song about?", "song about"),
        ("Who are the correspondents?", "the correspondents"),
    ],
)
def test_what_was_said_before_is_missed(question: str, detail: str) -> None:
    assert seen(question) == detail


@pytest.mark.parametrize(
    "question",
    [
        "Besides novels, what else did Marta Ferri write?",
        "By what other name is ascorbic acid known?",
        "What happened in 1985 in Tamble?",
        "How many legs does a spider have?",
        "Which king lost his head in 1649?",
        "What does a singer protect with his scarf?",
        "What is the novel Dune about?",
        "Who is the patron saint of sailors?",
        "Ann has 9 eggs. She sells 4. How many other eggs are left?",
        "",
    ],
)
def test_a_question_that_says_it_itself_is_fine(question: str) -> None:
    assert seen(question) is None


@pytest.mark.parametrize("question", ["Where was Johnson born?", "What was Johnson's first career?"])
def test_a_surname_needs_the_given_name_that_the_document_has(question: str) -> None:
    assert seen(question, LIFE) == "Linton Johnson"
    assert seen(question) is None, "a document that does not say more gives nothing to say"
    assert seen(question.replace("Johnson", "Linton Johnson"), LIFE) is None


@pytest.mark.parametrize("question", ["Where was Curie born?", "When did Smith leave?", "When did Jamaica win?"])
def test_the_famous_and_names_behind_other_words_are_left(question: str) -> None:
    assert seen(question, LIFE) is None


@pytest.mark.parametrize("unit", ["what else ", "Johnson ", "any ", "his ", "("])
def test_hostile_texts_take_linear_time(unit: str) -> None:
    def find(text: str) -> None:
        seen(text, text)
        seen("Where was Johnson born?", text)

    assert_linear(find, repeated(unit), 12_500, 200_000)
