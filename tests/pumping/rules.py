"""Every public rule as one call with one text: a document, a question, an answer, a pair, a reply of a model, a response.

A rule that is not called here is not measured: a new one is one line more.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from prompts.exemplar_bank import Exemplar
from tests.pumping.texts import UNITS
from transforms import check, classify, deduplicate
from transforms.answers import agreement, canonical, dates, formula_equality, markup, quantities
from transforms.benchmarks import paraphrase, plain_words
from transforms.clean_draft import clean_aliases, clean_answer, clean_question, fitting_type
from transforms.decontaminate import build_index
from transforms.document_rules import chunking, language, mojibake, quality, when_and_where
from transforms.duplicates import document_copies, same_question
from transforms.english import abbreviations, sentences, spelling
from transforms.errors import ReplyInvalid
from transforms.fill_in.gap import find_gap
from transforms.grounding import find, folding, quotes
from transforms.inference.client import latex_escapes, reply_body, reply_schema
from transforms.judge.messages import judge_verdict
from transforms.languages import short_texts, values
from transforms.pair_rules import aliases, context, copied, leakage, unintroduced
from transforms.records import ANSWER_TYPES, Document, Persona, PersonaTask, QAPair
from transforms.reward import grade
from transforms.said import said
from transforms.screen import ScreenConfig, screen_document, screen_text
from transforms.synthesize import SynthesizeReply
from transforms.text import count_tokens, neutralise, normalise, restore, unify, without_accents, words


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by name, and what it does with a text of any length."""

    name: str
    call: Callable[[str], object]


PROSE = (
    "The Harrow Bridge was opened on 4 May 1923 by Marie Curie. It carried 18.5 km of track, cost $5 million and was painted "
    "red, green and blue. The World Health Organization (WHO) of Geneva used `npm_config` there; 45% of its workers, or x^2 + 1, "
    "waited 90 minutes. "
)
QUESTION = "Which engineer whose plans were copied in London drew the girders of the old Severn crossing?"
ANSWERS = {
    "number": "18.5 km",
    "date": "4 May 1923",
    "name": "Marie Curie",
    "place": "Geneva",
    "term": "osmosis",
    "yes_no": "yes",
    "option": "B) malloc",
    "list": "red, green, blue",
    "code": "npm_config",
    "expression": r"\frac{x^2-1}{x+1}",
    "percentage": "45%",
    "money": "$5 million",
    "duration": "90 minutes",
}
WORDS = (*f"{PROSE} {QUESTION}".split(), *ANSWERS.values())
_LONG = " ".join(f"{PROSE} Chapter {number}." for number in range(20))


def _pair(question: str, answer: str, document: str, kind: str = "term", others: tuple[str, ...] = ()) -> QAPair:
    return QAPair(PersonaTask(Document("d", document), "Other", Persona("reader")), question, answer, kind, others)


def _page_rule(rule: quality.Rule, text: str) -> object:
    return rule(quality.Page(text), quality.Thresholds())


def _documents() -> Iterator[tuple[str, Callable[[str], object]]]:
    for name, rule in (*quality.TEXT_RULES, *quality.PROSE_RULES):
        yield f"Screen, {name}", partial(_page_rule, rule)
    yield "screen_text", screen_text
    yield "screen_document, any language", lambda text: list(screen_document(Document("d", text), ScreenConfig(languages=())))
    yield "count_flaws", quality.count_flaws
    yield "detect_language", language.detect_language
    yield "stop_word_share", language.stop_word_share
    yield "mojibake", lambda text: (mojibake.count_wrong_letters(text), mojibake.count_wrong_punctuation(text))
    yield "split_text", lambda text: chunking.split_text(text, 2000, 50)
    yield "cut_text", lambda text: chunking.cut_text(text, 2000, 50)
    yield "Fingerprint", lambda text: list(document_copies.Fingerprint(text, "f:1", "d").buckets(True, 0.85))
    yield "text", lambda text: (normalise(text), unify(text), words(text), without_accents(text), count_tokens(text))
    yield "neutralise", lambda text: restore(neutralise(text))
    yield "fold", lambda text: folding.fold(text).original(len(text) // 2, len(text) // 2 + 1)
    yield "split_sentences", sentences.split_sentences
    yield "find_gap", lambda text: find_gap(f"{_LONG} {text}", "x")
    yield "one_spelling", spelling.one_spelling
    yield "long_form", lambda text: (abbreviations.long_form("WHO", text), abbreviations.spell_out(f"What is {text}?", text))
    yield "language_of", short_texts.language_of
    yield "english_values", values.english_values
    for kind, answer in ANSWERS.items():
        yield f"find_in_text, {kind} in a document", partial(_find, kind, answer)
    yield "find_quote in a document", lambda text: quotes.find_quote("The Tay Bridge, which was painted red, fell.", text)
    yield (
        "check_pair on a document",
        partial(_check, lambda text: _pair(QUESTION, "Marie Curie", text, "name", ("M. C.", "Curie"))),
    )
    yield "find_leak with a document", _leak_with_document
    yield "date_of, date_at, place_of", _when_and_where
    yield (
        "question_leans_on_something_said with a document",
        lambda text: unintroduced.question_leans_on_something_said(_pair("Where was Johnson born?", "Ohio", f"He is {text}")),
    )
    yield "said", said


def _leak_with_document(text: str) -> object:
    asked = "Which agency of Geneva declared smallpox extinct in 1980?"
    return [leakage.find_leak(asked, answer, ("W.H.O.",), text) for answer in ("World Health Organization", "WHO", "Marie")]


def _when_and_where(text: str) -> object:
    document, middle = Document("d", text), len(text) // 2
    return when_and_where.date_of(document), when_and_where.date_at(text, (middle, middle + 1)), when_and_where.place_of(document)


def _find(kind: str, answer: str, text: str) -> object:
    return find.find_in_text(answer, text, kind)


def _check(make: Callable[[str], QAPair], text: str) -> object:
    """Each rule by itself: the first fault would spare the others."""
    pair = make(text)
    return [rule(pair) for rule in check.RULES]


def _questions() -> Iterator[tuple[str, Callable[[str], object]]]:
    def asked(text: str, answer: str = "Marie Curie", kind: str = "name") -> QAPair:
        return _pair(text, answer, PROSE, kind)

    for rule in (*check.QUESTION_RULES, *context.CONTEXT_RULES):
        yield (
            f"Check, {rule.__name__}",
            lambda text, rule=rule: (rule(asked(text)), rule(asked(f"What is {text}?", "12", "number"))),
        )
    for kind, answer in ANSWERS.items():
        yield (
            f"find_leak in a question, {kind}",
            lambda text, kind=kind, answer=answer: leakage.find_leak(text, answer, (), PROSE, kind),
        )
    yield "clean_question", clean_question
    yield "question_key", deduplicate.question_key
    yield "find_keys", lambda text: same_question.find_keys(same_question.Asking(text, "Marie Curie", "name", ()))
    yield "same_question", lambda text: same_question.same_question(f"What is {text}?", f"Which is {text}")
    yield "plain_words", plain_words.plain_words
    yield "take_apart", lambda text: paraphrase.take_apart(text)
    yield "core_question", paraphrase.core_question
    yield (
        "asks_the_same",
        lambda text: paraphrase.difference(paraphrase.take_apart(text), paraphrase.take_apart(QUESTION + text), 0.9),
    )
    yield (
        "find_contamination",
        partial(_contamination, build_index([QUESTION, "What is x when y is 5 and z is 7 or 9 of the 12?"])),
    )
    yield "content_words", copied.content_words
    yield "copied_from_prompt", lambda text: copied.copied_from_prompt(asked(text), _LONG)
    yield "copied_from_exemplar", lambda text: copied.copied_from_exemplar(asked(text), [_exemplar(text[::-1])])


def _contamination(finder: Any, text: str) -> object:
    return finder.match(text, text)


def _exemplar(text: str) -> Exemplar:
    return Exemplar("e", "Other", "reader", PROSE, text, text, "term")


def _answers() -> Iterator[tuple[str, Callable[[str], object]]]:
    def said(text: str, kind: str, document: str = PROSE) -> QAPair:
        return _pair(QUESTION, text, document, kind, (text[1:], text[: len(text) // 2]))

    for kind in ANSWER_TYPES:
        yield f"canonical, {kind}", lambda text, kind=kind: canonical.canonical(text, kind)
        yield f"answers_match, {kind}", lambda text, kind=kind: agreement.answers_match(text, text[1:] + "x", kind, (text + "1",))
        yield f"find_in_text, {kind} as an answer", lambda text, kind=kind: find.find_in_text(text, text[1:] * 2 + PROSE, kind)
        yield f"clean_answer, {kind}", lambda text, kind=kind: clean_answer(text, kind, text[1:] + PROSE + text)
        yield (
            f"Check, an answer, {kind}",
            lambda text, kind=kind: _check(lambda text: said(text, kind, text[1:] * 2 + text + "x"), text),
        )
    yield "clean_aliases", lambda text: clean_aliases([text] * 3, "name", text)
    yield "fitting_type", lambda text: [fitting_type(kind, text, text) for kind in ("code", "expression", "list", "money")]
    yield "list_items", canonical.list_items
    yield "parse_quantity", lambda text: (quantities.parse_quantity(text), list(quantities.quantities_in(text)))
    yield "parse_date", dates.parse_date
    yield "markup", lambda text: (markup.plain(text), markup.without_latex(text), markup.without_markdown(text))
    yield "equivalent", lambda text: formula_equality.equivalent(text, text + "+1")
    yield "grounded_aliases", lambda text: aliases.grounded_aliases(said(text, "term", text))
    yield "alias_problem", lambda text: aliases.alias_problem(text, _pair(text, "Marie Curie", PROSE + text))


def _pairs() -> Iterator[tuple[str, Callable[[str], object]]]:
    for kind in ANSWER_TYPES:
        yield (
            f"check_pair, {kind}",
            lambda text, kind=kind: _check(lambda text: _pair(text, text[1:], text, kind, (text[2:],)), text),
        )
        yield f"find_leak, {kind}", lambda text, kind=kind: leakage.find_leak(text + "x", text, (text[1:],), text, kind)
    yield "find_quote", lambda text: quotes.find_quote(text[1:], text[:-1])
    yield "quote_problem", lambda text: quotes.quote_problem(text, text, _pair(QUESTION, text, PROSE))
    yield "find_repeated", lambda text: list(same_question.find_repeated([_asking(text), _asking(text[1:]), _asking(QUESTION)]))


def _asking(text: str) -> same_question.Asking:
    return same_question.Asking(text, text, "term", (text,))


def _replies() -> Iterator[tuple[str, Callable[[str], object]]]:
    whole = json.dumps({"evidence": "", "answer": "a", "answer_type": "term", "question": "q", "aliases": []})
    yield "parse_reply", _parse
    yield "parse_reply, prose around", lambda text: _parse(f"{text}{whole}{text}")
    yield "parse_reply, inside", lambda text: _parse(whole.replace('"q"', f'"{text}"'))
    yield "parse_reply, in another form", lambda text: _parse(json.dumps({"reply": whole.replace('"q"', f'"{text}"')}))
    yield "decode_body", _decode
    yield "escape_latex", latex_escapes.escape_latex
    yield "judge_verdict", judge_verdict
    yield "clean_personas", lambda text: classify.clean_personas([classify.PersonaReply(name=text, interest=text)] * 2, 3)
    for kind, answer in ANSWERS.items():
        yield f"grade a response, {kind}", lambda text, kind=kind, answer=answer: grade(text, answer, kind, (), QUESTION)
    for kind in ANSWER_TYPES:
        yield f"grade, answer and response, {kind}", lambda text, kind=kind: grade(text[1:], text, kind, (text[2:],), text)


def _decode(text: str) -> object:
    try:
        return reply_body.decode_body(f"data: {text}\n\ndata: [DONE]\n".encode("utf-8", "replace"))
    except ValueError as error:
        return error


def _parse(text: str) -> object:
    try:
        return reply_schema.parse_reply(text, SynthesizeReply)
    except ReplyInvalid as error:
        return error


KINDS: dict[str, Callable[[], Iterator[tuple[str, Callable[[str], object]]]]] = {
    "documents": _documents,
    "questions": _questions,
    "answers": _answers,
    "pairs": _pairs,
    "replies": _replies,
}


def rules_of(kind: str) -> list[Rule]:
    """The rules on documents, questions, answers, pairs or replies."""
    return [Rule(name, call) for name, call in KINDS[kind]()]


# What a pair may have at most to get as far as the document, and characters of a document of 8,000 tokens.
_MOST = {"expression": 200, "code": 200, "list": 300}
_MOST_OTHERS, _MOST_ASKED, _MOST_TOLD = 150, 780, 32_000


def hostile_pair(draw: random.Random) -> Callable[[str], QAPair]:
    """A maker of pairs that are made of a few pieces again and again, with the document ending in the text given."""

    def piece() -> str:
        return (
            draw.choice(UNITS) + draw.choice(("", "", *UNITS))
            if draw.random() < 0.6
            else draw.choice(WORDS) + draw.choice(" -,;.")
        )

    def run(unit: str, size: int) -> str:
        return (unit * (size // len(unit) + 1))[:size]

    kind, unit, other = draw.choice(ANSWER_TYPES), piece(), piece()
    most = _MOST.get(kind, _MOST_OTHERS)
    answer = run(unit, draw.choice((most, most // 2, 20, 3)) - 1) + draw.choice(("", "!", "1"))
    question = draw.choice(("What is ", "Which ", "")) + run(draw.choice((unit, other)), draw.choice((_MOST_ASKED, 100))) + "?"
    told = draw.choice(("", answer[1:])) + run(draw.choice((unit, unit, other)), _MOST_TOLD)
    others = (run(unit, most - 1), run(other, 20))
    return lambda text: _pair(question, answer, told + text, kind, others)
