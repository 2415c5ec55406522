"""The model behind the demo endpoint: rules, not a neural network, doing the pipeline's tasks on real text.

It answers each request from the document's own sentences, deterministically, so that the pipeline can be tried,
tested and timed without a GPU. Its questions are checkable but plain: do not train on them. One module does one task;
`analysis` reads the document for all of them, `facts` finds what `synthesize` asks.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from beam_pipeline.demo_endpoint.rules.ask_back import ask_back
from beam_pipeline.demo_endpoint.rules.classify import classify_document
from beam_pipeline.demo_endpoint.rules.facts import synthesize_pair
from beam_pipeline.demo_endpoint.rules.fill_in import choose_by_look, choose_by_text, write_distractors
from beam_pipeline.demo_endpoint.rules.filter import filter_document
from beam_pipeline.demo_endpoint.rules.pass_rate import guess_answer
from beam_pipeline.demo_endpoint.rules.round_trip import find_answer
from beam_pipeline.demo_endpoint.rules.verify import verify_pair, verify_question
from prompts.load import DOCUMENT_CLOSE, DOCUMENT_OPEN, load_prompt
from transforms.stages import MODEL_STAGES

_TASK_LINE = re.compile(r"Task: (\w+)")
_FIELD = re.compile(r"<(persona|question|answer|aliases)>(.*?)</\1>", re.DOTALL)
_FURTHER = re.compile(r"^This is question (\d{1,2}) of this persona", re.MULTILINE)
_CLOSED_BOOK = frozenset(stage for stage in MODEL_STAGES if load_prompt(stage).closed_book)
READ_CHARS = 40_000  # a document of any size costs the same


def is_task(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request is one of the tasks."""
    return _read(messages) is not None


def answer(messages: Sequence[Mapping[str, Any]], seed: int = 0) -> dict[str, Any] | None:
    """The reply object for a request; None if it is none of the tasks. Only a guess depends on the seed."""
    request = _read(messages)
    if request is None:
        return None
    stage, document, task = request
    fields = {tag: text.strip() for tag, text in _FIELD.findall(task)}
    question, given = fields.get("question", ""), fields.get("answer", "")
    match stage:
        case "filter":
            return filter_document(document)
        case "classify":
            return classify_document(
                document, "\n".join([*(str(message.get("content", "")) for message in messages[:-1] or messages), task])
            )
        case "synthesize" | "repair":
            further = _FURTHER.search(task)
            return synthesize_pair(document, fields.get("persona", ""), int(further[1]) if further else 1)
        case "round_trip":
            return find_answer(document, question)
        case "pass_rate":
            return guess_answer(question, seed)
        case "fill_in":
            return write_distractors(document, given, task)
        case "options_only":
            return choose_by_look(question, seed)
        case "fill_in_read":
            return choose_by_text(question)
        case "ask_back":
            return ask_back(question)
        case "verify_question":
            return verify_question(question, given)
        case _:
            return verify_pair(document, question, given, fields.get("aliases", ""))


def _read(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str, str] | None:
    """Stage, document and task text of a request; None if it is none of the tasks."""
    content = str(messages[-1].get("content", "")) if messages else ""
    head, close, task = content.rpartition(DOCUMENT_CLOSE)
    match = _TASK_LINE.match(task)
    if not match or match[1] not in MODEL_STAGES or bool(close) == (match[1] in _CLOSED_BOOK):
        return None
    # Where the instructions are folded into the message they stand in front; no document holds the tag as it is.
    opened = head.rfind(DOCUMENT_OPEN) if len(messages) == 1 else 0
    if close and not head.startswith(DOCUMENT_OPEN, max(opened, 0)):
        return None
    return match[1], head[max(opened, 0) + len(DOCUMENT_OPEN) :][:READ_CHARS], task
