"""The exemplar banks: how they are read and sampled, and that what ships is fit to be shown to a model."""

import dataclasses
import json
import re
from hashlib import sha256
from importlib import resources

import pytest

from prompts import exemplar_bank as bank_module
from prompts.exemplar_bank import (
    Exemplar,
    check_bank,
    check_exemplar,
    load_bank,
    merge_exemplars,
    parse_exemplars,
    render_exemplars,
    sample_exemplars,
)
from prompts.load import PromptError, load_domains, load_prompt
from transforms.records import ANSWER_TYPES
from transforms.text import estimate_tokens

DOMAINS = load_domains()
GOOD = Exemplar(
    id="x-1",
    domain="Natural Science",
    persona="amateur astronomer planning an evening",
    passage="Jupiter turns once in 9 h 56 min, faster than any other planet of the Solar System.",
    question="Which planet of the Solar System rotates fastest?",
    answer="Jupiter",
    answer_type="name",
)


def line(**changes: object) -> str:
    row = {**dataclasses.asdict(GOOD), **changes}
    return json.dumps({key: value for key, value in row.items() if value is not None})


# --- the shipped banks


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.slug)
def test_shipped_bank_is_sound(domain):
    exemplars = load_bank([domain])[domain.name]
    assert check_bank(exemplars) == []
    assert len(exemplars) >= 8
    assert len({exemplar.answer_type for exemplar in exemplars}) >= 5
    assert {exemplar.domain for exemplar in exemplars} == {domain.name}


def test_shipped_banks_together():
    bank = load_bank(DOMAINS)
    everything = [exemplar for exemplars in bank.values() for exemplar in exemplars]
    assert {exemplar.answer_type for exemplar in everything} == set(ANSWER_TYPES)
    assert len({exemplar.id for exemplar in everything}) == len(everything)
    files = {file.name for file in resources.files("prompts").joinpath("exemplars").iterdir() if file.name.endswith(".jsonl")}
    assert files == {f"{domain.slug}.jsonl" for domain in DOMAINS}


def test_answer_types_are_those_that_the_prompt_offers():
    described = load_prompt("synthesize").instructions
    assert [name for name in ANSWER_TYPES if not re.search(rf"\b{name}\b", described)] == []


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.slug)
def test_shipped_samples_are_compact_and_varied(domain):
    exemplars = load_bank([domain])[domain.name]
    for number in range(50):
        sample = sample_exemplars(exemplars, f"document-{number}", 3)
        assert len(sample) >= 2
        assert estimate_tokens(render_exemplars(sample)) <= 250
        assert len({exemplar.answer_type for exemplar in sample}) >= 2


# --- parsing


def test_parse_fills_in_id_and_domain():
    [exemplar] = parse_exemplars("\ufeff\n" + line(id=None, domain=None, extra=1, source=None) + "\r\n\n", "b.jsonl", "Math")
    assert exemplar == dataclasses.replace(GOOD, id=exemplar.id, domain="Math")
    assert re.fullmatch("[0-9a-f]{16}", exemplar.id)
    assert parse_exemplars(line(), "b.jsonl", "Math") == (GOOD,)  # a row's own domain stands


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"^b\.jsonl:1: not JSON"),
        (line() + "\n\n[1]", r"^b\.jsonl:3: must be a JSON object"),
        (line(question=None), r"^b\.jsonl:1: 'question' is missing or empty"),
        (line(answer="  "), r"'answer' is missing or empty"),
        (line(answer=42), r"'answer' must be text, not 42"),
        (line(answer="\ud800"), r"'answer' has half of a surrogate pair"),
        (line(answer_type="essay"), r"answer_type 'essay' is not one of number, "),
        (line() + "\n" + line(), r"^b\.jsonl: the id 'x-1' stands 2 times"),
    ],
    ids=["broken", "list", "missing", "blank", "number", "surrogate", "type", "twice"],
)
def test_parse_says_file_line_and_remedy(content, message):
    with pytest.raises(PromptError, match=message) as caught:
        parse_exemplars(content, "b.jsonl", "Math")
    assert "\n" not in str(caught.value)


def test_domain_without_a_bank_has_an_empty_one():
    pottery = dataclasses.replace(DOMAINS[0], slug="pottery", name="Pottery")
    assert load_bank([pottery]) == {"Pottery": ()}


def test_merge_replaces_by_id():
    other = dataclasses.replace(GOOD, id="x-2")
    newer = dataclasses.replace(GOOD, persona="teacher")
    assert merge_exemplars([GOOD, other], [newer]) == (newer, other)


# --- rendering and sampling


def test_render_is_question_and_answer():
    ragged = dataclasses.replace(GOOD, question="Which planet of the\n  Solar System rotates fastest?")
    assert render_exemplars([ragged]) == ("Question: Which planet of the Solar System rotates fastest?\nAnswer: Jupiter (name)")
    assert render_exemplars([GOOD, GOOD]).count("\n\n") == 1
    assert render_exemplars([]) == ""


def test_an_exemplar_in_another_language_says_so():
    [own] = parse_exemplars(line(language=None), "bank", "Other")
    [german] = parse_exemplars(line(id="x-2", language="de"), "bank", "Other")
    assert (own.language, german.language) == ("en", "de")
    assert render_exemplars([german, own], "de").startswith("Question") and render_exemplars([own], "en").startswith("Question")
    assert render_exemplars([own], "de").startswith("(in English; you write German)\nQuestion: ")
    assert "(in" not in render_exemplars([own, german])


def test_an_exemplar_may_be_written_without_spaces():
    changes = {
        "passage": "木星は9時間56分で自転する。",
        "question": "太陽系で最も速く自転する惑星はどれですか？",
        "answer": "木星",
    }
    assert list(check_exemplar(dataclasses.replace(GOOD, language="ja", **changes))) == []
    leaking = dataclasses.replace(GOOD, **{**changes, "question": "木星は何ですか？"})
    assert list(check_exemplar(leaking)) == ["question contains the answer"]


def test_sample_depends_on_document_and_not_on_order():
    bank = load_bank(DOMAINS)["Math"]
    samples = {tuple(exemplar.id for exemplar in sample_exemplars(bank, f"d{number}", 3)) for number in range(100)}
    assert len(samples) > 30
    assert sample_exemplars(bank, "d1", 3) == sample_exemplars(tuple(reversed(bank)), "d1", 3)
    assert {exemplar_id for sample in samples for exemplar_id in sample} == {exemplar.id for exemplar in bank}


def test_sample_prefers_different_types_and_keeps_to_its_limits():
    bank = [dataclasses.replace(GOOD, id=f"n{number}") for number in range(20)]
    bank.append(dataclasses.replace(GOOD, id="date", answer_type="date"))
    for number in range(20):
        assert "date" in [exemplar.id for exemplar in sample_exemplars(bank, f"d{number}", 2)]
    assert len(sample_exemplars(bank, "d", 5, max_tokens=10_000)) == 5
    assert len(sample_exemplars(bank, "d", 50, max_tokens=60)) == 2
    assert sample_exemplars(bank, "d", 3, max_tokens=10) == ()
    assert sample_exemplars(bank, "d", 0) == ()
    assert sample_exemplars([], "d", 3) == ()


@pytest.fixture
def costs(monkeypatch):
    """The exemplars whose costs were reckoned, in order."""
    found = []
    estimate = bank_module._estimate_tokens
    monkeypatch.setattr(bank_module, "_estimate_tokens", lambda text: found.append(text) or estimate(text))
    return found


def big_bank(name):
    return [dataclasses.replace(GOOD, id=f"{name}{number}", answer_type=ANSWER_TYPES[number % 7]) for number in range(1000)]


def test_a_big_bank_costs_no_more_than_what_is_chosen(costs):
    bank = big_bank("big")
    assert len(sample_exemplars(bank, "d", 3)) == 3
    assert len(costs) == 3


def test_the_personas_of_a_document_share_one_choice(costs, monkeypatch):
    ranked = []
    monkeypatch.setattr(bank_module.hashlib, "sha256", lambda data: ranked.append(data) or sha256(data))
    bank = big_bank("shared")
    first = sample_exemplars(bank, "d", 3)
    assert sample_exemplars(bank, "d", 3) == sample_exemplars(list(bank), "d", 3) == first
    assert len(ranked) == len(bank)
    sample_exemplars(bank, "e", 3)
    assert len(ranked) == 2 * len(bank)
    assert len(costs) <= 6


def test_a_bank_that_changes_is_sampled_anew():
    bank = big_bank("changing")[:20]
    before = sample_exemplars(bank, "d", 3)
    bank[bank.index(before[0])] = changed = dataclasses.replace(before[0], persona="somebody else")
    assert sample_exemplars(bank, "d", 3) == (changed, *before[1:])
    assert sample_exemplars(bank, "d", 2) == (changed, before[1])
    assert sample_exemplars(bank, "d", 3, max_tokens=10) == ()


def test_choices_are_those_of_the_plain_rule():
    """By rank, the first of each answer type before the others, while there is room."""

    def plain(bank, document_id, count, max_tokens):
        ranked = sorted(bank, key=lambda exemplar: sha256(f"{document_id}\0{exemplar.id}".encode()).digest())
        firsts, others, chosen, tokens = [], [], [], 0
        for exemplar in ranked:
            (others if exemplar.answer_type in {first.answer_type for first in firsts} else firsts).append(exemplar)
        for exemplar in firsts + others:
            cost = bank_module._estimate_tokens(render_exemplars([exemplar]) + "\n\n")
            if len(chosen) < count and tokens + cost <= max_tokens:
                chosen.append(exemplar)
                tokens += cost
        return tuple(chosen)

    everything = [exemplar for exemplars in load_bank(DOMAINS).values() for exemplar in exemplars]
    for number in range(60):
        arguments = (everything[number:], f"d{number}", number % 9, 60 + 5 * number)
        assert sample_exemplars(*arguments) == plain(*arguments)


# --- checking


def test_a_good_exemplar_has_no_problems():
    assert [*check_exemplar(GOOD)] == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"persona": " "}, "persona is empty"),
        ({"passage": GOOD.passage * 3}, "passage has"),
        ({"question": "Name the fastest planet."}, "does not end with"),
        ({"question": "Which planet does the text call fastest?"}, "refers outside itself: 'the text'"),
        ({"question": "According to the table, which planet is fastest?"}, "refers outside itself"),
        ({"question": "It is the fastest of which planets?"}, "begins with 'It'"),
        ({"question": "Why is Jupiter the fastest planet?"}, "question contains the answer"),
        ({"answer": "Saturn"}, "answer is not in the passage"),
        ({"answer": "Jup"}, "answer is not in the passage"),
        ({"answer_type": "essay"}, "is not known"),
        ({"answer_type": "yes_no"}, "the answer to a yes_no question is 'Jupiter'"),
        ({"answer_type": "option"}, "none of the options"),
    ],
)
def test_check_exemplar_names_the_problem(changes, problem):
    assert any(problem in found for found in check_exemplar(dataclasses.replace(GOOD, **changes)))


def test_checks_know_yes_no_and_option():
    yes = dataclasses.replace(GOOD, question="Does Jupiter rotate faster than Saturn?", answer="Yes", answer_type="yes_no")
    option = dataclasses.replace(GOOD, question="Which planet rotates faster: Jupiter or Mars?", answer_type="option")
    assert [*check_exemplar(yes), *check_exemplar(option)] == []


def test_check_bank_finds_what_stands_twice():
    twin = dataclasses.replace(GOOD, question=GOOD.question.upper())
    assert check_bank([GOOD, twin]) == [
        "id 'x-1' stands 2 times",
        "persona 'amateur astronomer planning an evening' stands 2 times",
        "question 'which planet of the solar system rotates fastest?' stands 2 times",
    ]
