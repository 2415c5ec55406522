"""Synthesize: the facts of a document, best first, and the one that a persona asks for."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import ANALYSED_CHARS, CACHED_DOCUMENTS, analyse
from beam_pipeline.demo_endpoint.rules.code_facts import code_facts
from beam_pipeline.demo_endpoint.rules.facts import Fact
from beam_pipeline.demo_endpoint.rules.personas import ANY_PERSONAS, personas_of
from beam_pipeline.demo_endpoint.rules.recipe_facts import recipe_facts
from beam_pipeline.demo_endpoint.rules.sentence_facts import sentence_facts
from transforms.text import normalise, stable_seed


def synthesize_pair(document: str, persona: str, domain: str = "") -> dict[str, Any]:
    """Synthesize: the persona's question and its answer; both empty if there is nothing to ask.

    Personas that `classify` gave for this document get different facts; any other persona gets one
    that its own text decides.
    """
    found = find_facts(document)
    named = [reader["name"] for reader in personas_of(document, domain, len(ANY_PERSONAS))]
    number = next((number for number, name in enumerate(named) if name in persona), None)
    if number is None and found:
        number = stable_seed("persona", persona, found[0].question) % len(found)
    if number is None or number >= len(found):
        return {"question": "", "answer": "", "answer_type": "term", "aliases": []}
    fact = found[number]
    return {"question": fact.question, "answer": fact.answer, "answer_type": fact.answer_type, "aliases": _aliases(fact)}


def _aliases(fact: Fact) -> list[str]:
    """Other spellings that mean the same: "40 percent" for "40%"."""
    match = re.fullmatch(r"([\d.,]+) ?(%|percent|per cent)", fact.answer)
    if fact.answer_type == "percentage" and match:
        return [f"{match[1]} percent" if match[2] == "%" else f"{match[1]}%"]
    return []


def find_facts(document: str) -> tuple[Fact, ...]:
    """Facts that can be asked for, best first: one a sentence, kinds of answer mixed."""
    return _find_facts(document[:ANALYSED_CHARS])


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _find_facts(text: str) -> tuple[Fact, ...]:
    analysis = analyse(text)
    candidates = [*recipe_facts(analysis), *code_facts(analysis), *sentence_facts(analysis)]
    best: dict[int, Fact] = {}
    for fact in candidates:
        if fact.position not in best or fact.score > best[fact.position].score:
            best[fact.position] = fact
    return tuple(_mixed(list(best.values())))


def _mixed(pool: list[Fact]) -> Iterator[Fact]:
    """Order facts by score, each further one of a kind a little lower, no answer twice."""
    taken: Counter[str] = Counter()
    answers: set[str] = set()
    while pool:
        fact = max(pool, key=lambda fact: (fact.score - 0.6 * taken[fact.answer_type], -fact.position))
        pool.remove(fact)
        if normalise(fact.answer) not in answers:
            answers.add(normalise(fact.answer))
            taken[fact.answer_type] += 1
            yield fact
