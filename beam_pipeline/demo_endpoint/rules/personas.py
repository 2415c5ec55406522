"""Personas: who would read a document, named after its own topics."""

from functools import lru_cache

from beam_pipeline.demo_endpoint.rules.analysis import analyse
from prompts.load import Domain, load_domains

# Three readers for each shipped domain, then some who read anything; {} is the document's topic.
_PERSONAS = {
    slug: tuple(readers.split("; "))
    for slug, readers in {
        "math": "student revising {}; lecturer preparing an exercise on {}; data analyst applying {}",
        "technology_engineering": "engineer comparing options for {}; project lead responsible for {}; technical historian of {}",
        "coding": "developer new to {}; code reviewer checking the use of {}; instructor writing a tutorial on {}",
        "social_science": "history student working on {}; policy analyst summarising {}; museum guide explaining {}",
        "natural_science": "field researcher working on {}; science teacher planning lessons on {}; journalist covering {}",
        "travel_lifestyle": "home reader trying out {}; magazine editor checking facts about {}; traveller curious about {}",
        "commerce_economics": "economics student revising {}; business analyst reporting on {}; founder planning for {}",
        "medicine_health": "clinician reviewing evidence on {}; medical student learning about {}; carer reading up on {}",
        "education": "first-year student dealing with {}; counsellor advising on {}; education researcher studying {}",
        "other": "quiz author collecting facts about {}; journalist checking a story on {}; fan who reads everything on {}",
    }.items()
}
ANY_PERSONAS = (
    "newcomer to the subject of {}",
    "reporter checking facts about {}",
    "archivist describing material on {}",
    "trainer preparing a course about {}",
    "editor of a reference work on {}",
    "consultant asked about {}",
)
_INTERESTS = (
    "Wants the exact facts about {} in order to use them without looking further.",
    "Has to explain {} to others and needs figures and names that are right.",
    "Compares what is said of {} with other sources and looks for what can be checked.",
)


def personas_of(document: str, domain: str, limit: int) -> list[dict[str, str]]:
    """Up to `limit` distinct readers of the document, named after its own topics."""
    analysis = analyse(document)
    slug = {known.name: known.slug for known in shipped_domains()}.get(domain, "")
    topics = [topic for topic in dict.fromkeys((analysis.topic, *analysis.terms)) if topic] or [domain.lower()]
    found = []
    for number, template in enumerate((_PERSONAS.get(slug, ()) + ANY_PERSONAS)[: max(limit, 1)]):
        about = topics[0] if number == 0 else topics[number % len(topics)]
        found.append({"name": template.format(topics[0]), "interest": _INTERESTS[number % len(_INTERESTS)].format(about)})
    return found


@lru_cache(maxsize=1)
def shipped_domains() -> tuple[Domain, ...]:
    """The shipped domains, read once."""
    return load_domains()
