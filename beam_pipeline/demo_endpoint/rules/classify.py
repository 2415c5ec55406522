"""Classify: the domain whose word list fits a document best, and the document's readers."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from math import log
from typing import Any

import yaml

from beam_pipeline.demo_endpoint.rules.analysis import CACHED_DOCUMENTS, analyse
from beam_pipeline.demo_endpoint.rules.personas import personas_of, shipped_domains
from beam_pipeline.demo_endpoint.rules.words import STOP, WORD, stem

DOMAIN_LINE = re.compile(r'^ *- "(.+?)": (.*)$', re.MULTILINE)
PERSONA_LIMIT = re.compile(r"up to (\d+) personas", re.IGNORECASE)
DEFAULT_MAX_PERSONAS = 3


def classify_document(document: str, system: str) -> dict[str, Any]:
    """Classify: the best-fitting domain of those listed in the system message, and its readers."""
    domain = _domain(document, _domain_lines(system))
    limit = PERSONA_LIMIT.search(system)
    return {"domain": domain, "personas": personas_of(document, domain, int(limit[1]) if limit else DEFAULT_MAX_PERSONAS)}


@lru_cache(maxsize=16)
def _domain_lines(system: str) -> tuple[tuple[str, str], ...]:
    """(name, description) of the domains that a system message lists, else of the shipped ones."""
    return tuple(DOMAIN_LINE.findall(system)) or tuple((domain.name, domain.description) for domain in shipped_domains())


def _domain(document: str, listed: tuple[tuple[str, str], ...]) -> str:
    evidence = _evidence(listed)
    analysis = analyse(document)
    scores = [0.0] * len(listed)
    for word, count in _stem_counts(analysis.text).items():
        for number, weight in evidence.get(word, ()):
            scores[number] += weight * (1 + log(count))
    for word in {stem(word) for word in analysis.title.split()}:
        for number, weight in evidence.get(word, ()):
            scores[number] += 2 * weight
    # With no evidence at all the last of the list, by custom the catch-all, is the honest choice.
    best = max(scores, default=0.0)
    return listed[scores.index(best) if best > 0 else -1][0]


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _stem_counts(text: str) -> Mapping[str, int]:
    return Counter(map(stem, WORD.findall(text[:12_000])))


@lru_cache(maxsize=16)
def _evidence(listed: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[tuple[int, float], ...]]:
    """word stem -> (index of the domain, weight); a word that many domains share weighs less."""
    slugs = {domain.name: domain.slug for domain in shipped_domains()}
    weights: dict[str, dict[int, float]] = {}
    for number, (name, description) in enumerate(listed):
        slug = slugs.get(name, "")
        for source, weight in (
            (f"{name} {description}", 1.5 if slug else 3.0),
            (_domain_words().get(slug, ""), 2.0),
            (_exemplar_text(slug), 0.5),
        ):
            for word in {stem(word) for word in WORD.findall(source) if word.lower() not in STOP and len(word) > 2}:
                held = weights.setdefault(word, {})
                held[number] = max(held.get(number, 0.0), weight)
    return {word: tuple((number, weight / len(held) ** 0.7) for number, weight in held.items()) for word, held in weights.items()}


def _domain_words() -> Mapping[str, str]:
    """slug -> the words that speak for a shipped domain, see evidence.yaml."""
    words: dict[str, str] = yaml.safe_load((resources.files(__package__) / "evidence.yaml").read_text("utf-8"))
    return words


def _exemplar_text(slug: str) -> str:
    """What the exemplar bank of a domain says; "" where there is no bank."""
    bank = resources.files("prompts") / "exemplars" / f"{slug}.jsonl"
    if not slug or not bank.is_file():
        return ""
    rows = [json.loads(line) for line in bank.read_text("utf-8").splitlines() if line.strip()]
    return " ".join(f"{row.get('persona', '')} {row.get('passage', '')} {row.get('question', '')}" for row in rows)
