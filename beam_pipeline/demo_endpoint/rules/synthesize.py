"""Synthesize: the fact of a document that a persona asks for."""

from typing import Any

from beam_pipeline.demo_endpoint.rules.classify import personas_of
from beam_pipeline.demo_endpoint.rules.facts import find_facts
from transforms.text import stable_seed


def synthesize_pair(document: str, persona: str) -> dict[str, Any]:
    """The persona's question and its answer; both empty if there is nothing to ask.

    Personas that `classify` gave for this document get different facts; any other persona gets one that its own text decides.
    """
    facts = find_facts(document)
    named = (number for number, reader in enumerate(personas_of(document)) if reader["name"] in persona)
    number = next(named, stable_seed("persona", persona, facts[0].question) % len(facts) if facts else 0)
    if number >= len(facts):
        return {"question": "", "answer": "", "answer_type": "term", "aliases": []}
    fact = facts[number]
    aliases = [fact.answer.replace("%", " percent")] if "%" in fact.answer else []
    return {"question": fact.question, "answer": fact.answer, "answer_type": fact.answer_type, "aliases": aliases}
