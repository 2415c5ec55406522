"""Classify: the domain whose word list fits a document best, and readers named after the document's topics."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib import resources
from itertools import cycle
from math import log
from typing import Any

import yaml

from beam_pipeline.demo_endpoint.rules.analysis import WORD, analyse, content, stem
from prompts.load import DEFAULT_DOMAIN, load_domains

_DOMAIN_LINE = re.compile(r'^ *- "(.+?)": (.*)$', re.MULTILINE)
_PERSONA_LIMIT = re.compile(r"up to (\d+) personas", re.IGNORECASE)
_READERS = (
    "newcomer to; teacher preparing a lesson on; reporter checking facts about; archivist describing material on; "
    "editor of a reference work on; quiz author collecting facts about"
).split("; ")


def classify_document(document: str, told: str) -> dict[str, Any]:
    """The best-fitting domain of those listed in what the request says beside the document, and the document's readers."""
    limit = _PERSONA_LIMIT.search(told)
    evidence, analysis = _evidence(tuple(_DOMAIN_LINE.findall(told))), analyse(document)
    scores: dict[str, float] = defaultdict(float)
    for word, count in Counter(map(stem, WORD.findall(document))).items():
        for domain in evidence.get(word, ()):
            # A word that many domains share says less.
            scores[domain] += (1 + log(count) + 2 * (word in analysis.topics)) / len(evidence[word])
    best = max(scores, key=scores.__getitem__, default=DEFAULT_DOMAIN)
    return {"domain": best, "personas": personas_of(document)[: int(limit[1]) if limit else 3]}


def personas_of(document: str) -> list[dict[str, str]]:
    """Distinct readers of the document, each interested in another topic of it."""
    analysis = analyse(document)
    topics = [topic for topic in (analysis.title, *analysis.terms) if topic] or ["the subject"]
    return [
        {"name": f"{reader} {topics[0]}", "interest": f"Wants the exact facts about {topic} in order to rely on them."}
        for reader, topic in zip(_READERS, cycle(topics), strict=False)
    ]


@lru_cache(maxsize=16)
def _evidence(listed: tuple[tuple[str, str], ...]) -> Mapping[str, Collection[str]]:
    """Word stem -> the domains for which it speaks: by name, description and, where shipped, evidence.yaml."""
    words = yaml.safe_load((resources.files(__package__) / "evidence.yaml").read_text("utf-8"))
    shipped = {domain.name: words.get(domain.slug, "") for domain in load_domains()}
    evidence: dict[str, list[str]] = {}
    for name, description in listed:
        for word in content(f"{name} {description} {shipped.get(name, '')}"):
            evidence.setdefault(word, []).append(name)
    return evidence
