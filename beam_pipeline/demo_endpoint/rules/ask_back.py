"""The task `ask_back`: what the pipeline's own rules miss in a question."""

from typing import Any

from transforms.check import question_problem

_MISSING = {
    "question_expires": ("when", "As of when?"),
    "question_deictic_date": ("when", "On which day?"),
    "question_place_unclear": ("where", "In which country?"),
    "question_dangling_pronoun": ("which", "Which one?"),
    "question_context_missing": ("which", "Which one?"),
    "question_refers_to_document": ("which", "In which text?"),
}


def ask_back(question: str) -> dict[str, Any]:
    """The reply object for a question."""
    missing, asked = _MISSING.get(question_problem(question) or "", ("nothing", ""))
    return {"ask_back": asked, "missing": missing}
