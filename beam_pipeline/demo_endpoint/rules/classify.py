"""Classify: the domain whose word list fits a document best, and readers named after the document's topics."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from itertools import cycle
from math import log
from typing import Any

import yaml

from beam_pipeline.demo_endpoint.rules.analysis import analyse
from beam_pipeline.demo_endpoint.rules.words import STOP, WORD, stem
from prompts.load import DEFAULT_DOMAIN, load_domains

_DOMAIN_LINE = re.compile(r'^ *- "(.+?)": (.*)$', re.MULTILINE)
_PERSONA_LIMIT = re.compile(r"up to (\d+) personas", re.IGNORECASE)
_READERS = (
    "newcomer to; teacher preparing a lesson on; reporter checking facts about; archivist describing material on; "
    "editor of a reference work on; quiz author collecting facts about"
).split("; ")
CLASSIFIED_CHARS = 12_000


def classify_document(document: str, system: str) -> dict[str, Any]:
    """The best-fitting domain of those listed in the system message, and the document's readers."""
    limit = _PERSONA_LIMIT.search(system)
    domain = _domain(document, tuple(_DOMAIN_LINE.findall(system)))
    return {"domain": domain, "personas": personas_of(document)[: int(limit[1]) if limit else 3]}


def personas_of(document: str) -> list[dict[str, str]]:
    """Distinct readers of the document, each interested in another topic of it."""
    analysis = analyse(document)
    topics = [topic for topic in (analysis.title, *analysis.terms) if topic] or ["the subject"]
    return [
        {"name": f"{reader} {topics[0]}", "interest": f"Wants the exact facts about {topic} in order to rely on them."}
        for reader, topic in zip(_READERS, cycle(topics), strict=False)
    ]


def _domain(document: str, listed: tuple[tuple[str, str], ...]) -> str:
    evidence, analysis = _evidence(listed), analyse(document)
    scores = [0.0] * len(listed)
    said = {word: 1 + log(count) for word, count in Counter(map(stem, WORD.findall(analysis.text[:CLASSIFIED_CHARS]))).items()}
    for word in dict.fromkeys(map(stem, analysis.title.split())):
        said[word] = said.get(word, 0.0) + 2
    for word, strength in said.items():
        for number, weight in evidence.get(word, ()):
            scores[number] += weight * strength
    return listed[scores.index(max(scores))][0] if any(scores) else DEFAULT_DOMAIN


@lru_cache(maxsize=16)
def _evidence(listed: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[tuple[int, float], ...]]:
    """word stem -> (index of the domain, weight); a word that many domains share weighs less."""
    weights: dict[str, dict[int, float]] = {}
    for number, (name, description) in enumerate(listed):
        words = _shipped().get(name, "")
        for source, weight in ((f"{name} {description}", 1.5 if words else 3.0), (words, 2.0)):
            for word in {stem(word) for word in WORD.findall(source) if word.lower() not in STOP and len(word) > 2}:
                weights.setdefault(word, {})[number] = weight
    return {word: tuple((number, weight / len(held) ** 0.7) for number, weight in held.items()) for word, held in weights.items()}


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, str]:
    """Name of a shipped domain -> the words that speak for it, see evidence.yaml."""
    words: dict[str, str] = yaml.safe_load((resources.files(__package__) / "evidence.yaml").read_text("utf-8"))
    return {domain.name: words.get(domain.slug, "") for domain in load_domains()}
