"""Domains: how often the embedded endpoint's rules agree with a reader. They are no part of the product's promise."""

from beam_pipeline.demo_endpoint.rules.classify import classify_document
from prompts.load import load_prompts
from tests.places import SHARED
from tests.quality.cases import TUNE, Area, Case, by_kind, read_rows


def domains() -> Area:
    """One case a document and its domain: right where the two agree."""
    rows = [row for row in read_rows(SHARED / "documents.jsonl") if row["expect"] == "keep"]
    if not rows:
        return Area(
            "domains (embedded)", "agrees", (), ["../shared/data/documents.jsonl is not here: nothing labelled with domains"]
        )
    told = load_prompts().prompt("classify").task
    cases = []
    for row in rows:
        found = classify_document(row["text"], told)["domain"]
        label = row["domain_label"]
        cases.append(Case(row["id"], label, TUNE, True, found == label, found, row["text"]))
    spread = ", ".join(f"{kind} {right}/{total}" for kind, (right, total) in sorted(by_kind(cases).items()))
    return Area("domains (embedded)", "agrees", cases, [spread])
