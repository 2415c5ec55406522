"""Facts in sentences: each sentence is tried in every question form, and the question names its subject."""

import re
from collections.abc import Iterator

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.cloze import can_be_quoted, cloze_code, cloze_name, cloze_quantity, cloze_term
from beam_pipeline.demo_endpoint.rules.facts import Fact, worth_asking
from beam_pipeline.demo_endpoint.rules.grammar import has_named_subject, lower_first
from beam_pipeline.demo_endpoint.rules.plain import is_english, plain_statement, speaks_to_its_reader
from beam_pipeline.demo_endpoint.rules.questions import (
    ask_called,
    ask_count,
    ask_definition,
    ask_how_many,
    ask_list,
    ask_what_is,
    ask_when,
    ask_who,
)
from beam_pipeline.demo_endpoint.rules.words import STOP, stems
from transforms.text import normalise

# Sentences searched for facts: enough for any number of personas, and bounded time on long texts.
SEARCHED_SENTENCES = 120

# How to ask, best first, with a score for how natural the result reads.
_QUESTIONS = (
    (ask_count, 4.2),
    (ask_when, 4.0),
    (ask_called, 4.0),
    (ask_how_many, 3.8),
    (ask_what_is, 3.6),
    (ask_definition, 3.4),
    (ask_list, 3.2),
    (ask_who, 2.8),
)
# Quoted whole, a sentence may lean a little on its context.
_CLOZES = ((cloze_quantity, 2.0), (cloze_code, 1.9), (cloze_name, 1.6), (cloze_term, 0.6))


def sentence_facts(analysis: Analysis) -> Iterator[Fact]:
    """The facts of each sentence that can stand alone, at most one in each form."""
    if not is_english(analysis):
        return
    usable = 0
    for sentence in analysis.sentences:
        if not 30 < len(sentence.text) < 320:
            continue
        statement = plain_statement(sentence.text, analysis)
        if not statement:
            continue
        usable += 1
        if usable > SEARCHED_SENTENCES:
            return
        leaning = speaks_to_its_reader(statement)
        forms = (() if leaning else _QUESTIONS) + (_CLOZES if can_be_quoted(statement) else ())
        for form, score in forms:
            for question, raw, kind in form(statement, analysis):
                found = raw.strip(" \"'“”‘,;")
                asked = _placed(question, found, analysis)
                if asked and worth_asking(asked, found, kind) and normalise(found) in normalise(sentence.text):
                    yield Fact(asked, found, kind, score - leaning - sentence.start / 200_000, sentence.start)
                    break


def _placed(question: str, found: str, analysis: Analysis) -> str:
    """The question with its subject named; "" if that cannot be done without giving the answer away."""
    topic = _topic(found, analysis)
    if "{about}" in question:
        if not topic and not has_named_subject(question.partition('"')[2], analysis):
            return ""
        return question.replace("{about}", f" about {topic}" if topic else "")
    said = stems(question)
    named = re.search(r"(?<!^)\b[A-Z][a-z]+", question)
    if not topic or stems(topic) <= said:
        return question if named or len(said - STOP) > 4 else ""
    if named and len(said) > 8:
        return question
    return f"In the context of {topic}, {lower_first(question, analysis)}"


def _topic(found: str, analysis: Analysis) -> str:
    """What the document is about, in words that the answer does not have; "" if there are none."""
    hidden = _words_and_numbers(found)
    terms = (term for term in analysis.terms if " " in term or term[0].isupper())
    return next((topic for topic in (analysis.topic, *terms) if topic and hidden.isdisjoint(_words_and_numbers(topic))), "")


def _words_and_numbers(text: str) -> set[str]:
    return stems(text) | set(re.findall(r"\d+", text))
