"""A chat request as the pipeline sends it, read back into one of the tasks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompts.load import DOCUMENT_CLOSE, DOCUMENT_OPEN
from transforms.stages import CLOSED_BOOK, MODEL_STAGES


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One of the tasks as it stands in a chat request; `fields` maps a tag to its text.

    `document` is "" for a task that is done without it.
    """

    stage: str
    document: str
    fields: Mapping[str, str]
    system: str

    def field(self, tag: str) -> str:
        """The text of a tag; "" if the task has none."""
        return self.fields.get(tag, "").strip()


_TASK_LINE = re.compile(r"Task: (\w+)")
_FIELD = re.compile(r"<(domain|persona|question|answer|aliases)>(.*?)</\1>", re.DOTALL)


def parse_request(messages: Sequence[Mapping[str, Any]]) -> TaskRequest | None:
    """Read the task out of chat messages; None if they hold none of the tasks."""
    content = str(messages[-1].get("content", "")) if messages else ""
    head, close, task = content.rpartition(DOCUMENT_CLOSE)
    match = _TASK_LINE.match(task)
    if not match or match[1] not in MODEL_STAGES or bool(close) == (match[1] in CLOSED_BOOK):
        return None
    if close and not head.startswith(DOCUMENT_OPEN):
        return None
    system = "\n".join(str(message.get("content", "")) for message in messages[:-1] if message.get("role") == "system")
    return TaskRequest(match[1], head[len(DOCUMENT_OPEN) :], dict(_FIELD.findall(task)), system)
