"""What flows between the stages, as frozen dataclasses, and how each becomes a row of the output.

Every stage adds knowledge by making a new record: `Document` -> `PersonaTask` -> `QAPair` ->
`VerifiedQA`. A `Rejection` is a verdict (data worth reading), a `DeadLetter` a failure (work worth
replaying). Ids are content hashes, so two runs on the same input agree.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from transforms.text import stable_hash

AnswerType = Literal[
    "number", "percentage", "money", "date", "duration", "name", "place", "term", "expression", "code", "list", "yes_no", "option"
]
ANSWER_TYPES: tuple[str, ...] = get_args(AnswerType)

DEMO_MODEL = "demo-rules"
"""The model of the embedded endpoint, whatever way it was named: rules, whose pairs are no training data."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which model answered a stage, and by which prompt."""

    stage: str
    model: str
    prompt_version: int
    prompt_sha256: str


@dataclass(frozen=True, slots=True)
class Document:
    """One pretraining text, or one chunk of it.

    `where` names the row it came from ("file:line"), unique in a run; chunks of one row share it.
    `parent_id` is the id of the whole document when this is a chunk ("doc#2"), else "". `attributes` came with the
    message that brought it; `event_time` (seconds since the epoch) is when what it tells happened, None for its arrival.
    `carried` is what goes along from its row, a JSON object as text, "" for nothing. `no_short_answer` is what filter says
    of a text that may still become a question with options.
    """

    id: str
    text: str
    source: str = ""
    where: str = ""
    parent_id: str = ""
    stamps: tuple[Stamp, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    event_time: float | None = None
    carried: str = ""
    no_short_answer: bool = False


@dataclass(frozen=True, slots=True)
class Persona:
    """A reader for whom a question is asked, and why this text matters to that reader."""

    name: str
    interest: str = ""


@dataclass(frozen=True, slots=True)
class PersonaTask:
    """One document for one persona: the unit that yields one question. `number` counts those of one persona from 1."""

    document: Document
    domain: str
    persona: Persona
    stamps: tuple[Stamp, ...] = ()
    number: int = 1

    @property
    def id(self) -> str:
        more = () if self.number == 1 else (str(self.number),)
        return stable_hash("task", self.document.id, self.persona.name, *more)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule finds wrong: a reason to reject and to count, and what was seen, to read."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class QAPair:
    """A draft: one question and its short answer, not yet verified.

    `place` is where the document says the answer, in characters of its text: [start, end). None before the rules have
    looked, and for yes and no, which no place says. `fault` is what the rules found, for the writer to mend; `repaired` is
    the reason for which the writer was asked again, "" if it was not. `valid_as_of` is the date of what the document says
    ("2019-05-12", "2019-05", "2019"), "" where that is not known. `edited` are the fields that a reviewer changed, and
    `edited_from` is the id that the pair had before.
    """

    task: PersonaTask
    question: str
    answer: str
    answer_type: str
    aliases: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    place: tuple[int, int] | None = None
    fault: Fault | None = None
    repaired: str = ""
    valid_as_of: str = ""
    edited: tuple[str, ...] = ()
    edited_from: str = ""

    @property
    def id(self) -> str:
        return stable_hash("qa", self.task.document.id, self.question, self.answer)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement on a pair: by which check, which way, by whom, and what was seen.

    `verifier` numbers from 1 those who were asked the same; 0 where one was asked, and for what they came to together.
    """

    check: str
    passed: bool
    stamp: Stamp | None = None
    detail: str = ""
    verifier: int = 0


@dataclass(frozen=True, slots=True)
class VerifiedQA:
    """A pair that passed the verifiers so far, with the document's own words that support its answer.

    `samples` is how often a solver answered the question without the document, `solved` how many of
    those answers were right.
    """

    pair: QAPair
    quote: str
    verdicts: tuple[Verdict, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    samples: int = 0
    solved: int = 0

    @property
    def id(self) -> str:
        return self.pair.id

    @property
    def pass_rate(self) -> float | None:
        """Share of the closed-book answers that were right; None where nobody was asked."""
        return round(self.solved / self.samples, 4) if self.samples else None

    def judged(self, verdicts: Iterable[Verdict], stamps: Iterable[Stamp]) -> "VerifiedQA":
        """The pair with a further stage's verdicts, and who gave them."""
        return replace(self, verdicts=(*self.verdicts, *verdicts), stamps=(*self.stamps, *stamps))

    def without_text(self) -> "VerifiedQA":
        """The pair without its document's text, which would be most of what a shuffle moves of it."""
        task = self.pair.task
        return replace(self, pair=replace(self.pair, task=replace(task, document=replace(task.document, text=""))))


Item = Document | PersonaTask | QAPair | VerifiedQA


@dataclass(frozen=True, slots=True)
class Rejection:
    """A verdict against a document or a pair, with the reason.

    `item` is what was rejected, as JSON text. `task_id` and `persona` are "" for a document. `attributes` are those
    of the document, a JSON object as text, "" for none.
    """

    stage: str
    reason: str
    document_id: str
    where: str = ""
    task_id: str = ""
    domain: str = ""
    persona: str = ""
    detail: str = ""
    item: str = "{}"
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A failure: work that was not done, with what is needed to do it again.

    `item` is the stage's input as JSON text (or the raw row, for stage "read"); of a pair behind the last stage
    that reads its document, without the document's text. `reply` is the model's last answer where there was one.
    `occurred_at` (seconds since the epoch) is the only field of any record that may differ between two runs.
    """

    stage: str
    error: str
    message: str
    where: str = ""
    document_id: str = ""
    task_id: str = ""
    domain: str = ""
    persona: str = ""
    item: str = "{}"
    item_type: str = ""
    attempts: int = 0
    prompt_version: int = 0
    reply: str = ""
    occurred_at: float = 0.0
    attributes: str = ""


# The error of a dead letter that is none: work that a limit of the run kept from being begun (`errors.NotStarted`). It
# is counted, and not written.
NOT_STARTED = "NotStarted"


TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call cost: tokens as the endpoint counts them, times in seconds.

    `latency_s` is from asking to answer, all tries and waits counted; `first_try_s` what the first
    try took on the wire; `queued_s` the wait for a slot.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    attempts: int = 0
    latency_s: float = 0.0
    first_try_s: float = 0.0
    queued_s: float = 0.0


def lineage(item: Item) -> Iterator[Item]:
    """An item and what it was made of, back to the document."""
    yield item
    match item:
        case PersonaTask():
            yield item.document
        case QAPair():
            yield from lineage(item.task)
        case VerifiedQA():
            yield from lineage(item.pair)


def document_of(item: Item) -> Document:
    """The document that an item of any stage goes back to."""
    return next(each for each in lineage(item) if isinstance(each, Document))


def task_of(item: Item) -> PersonaTask | None:
    """The (document, persona) task that an item belongs to; None for a document."""
    return next((each for each in lineage(item) if isinstance(each, PersonaTask)), None)


def stamps_of(item: Item) -> tuple[Stamp, ...]:
    """Every stamp on an item, oldest first."""
    return tuple(stamp for each in reversed([*lineage(item)]) for stamp in each.stamps)


def reject(stage: str, reason: str, item: Item, detail: str = "") -> Rejection:
    """Reject an item for a reason; `detail` says what was seen, for a reader."""
    shown = json.dumps(item_row(item), ensure_ascii=False)
    return Rejection(stage=stage, reason=reason, detail=detail, item=shown, **origin_of(item))


def origin_of(item: Item) -> dict[str, str]:
    """Where an item comes from, as rejections and dead letters say it."""
    document, task = document_of(item), task_of(item)
    origin = {"document_id": document.id, "where": document.where, "attributes": attributes_text(document)}
    return origin | ({"task_id": task.id, "domain": task.domain, "persona": task.persona.name} if task else {})


def attributes_row(document: Document) -> dict[str, Any]:
    """What came with a document: from its message, and from its row."""
    return {**dict(document.attributes), **json.loads(document.carried or "{}")}


def attributes_text(document: Document) -> str:
    """The same as JSON text; "" where nothing came."""
    return json.dumps(attributes_row(document), ensure_ascii=False) if document.attributes else document.carried


def item_row(item: Item) -> dict[str, Any]:
    """What a reader wants to see of an item: a document's text, or a pair without it."""
    match item:
        case Document():
            return {"id": item.id, "source": item.source, "text": item.text}
        case PersonaTask():
            return {"id": item.id, "persona": item.persona.name, "interest": item.persona.interest, "domain": item.domain}
        case QAPair():
            start, end = item.place or (None, None)
            return {
                "id": item.id,
                "question": item.question,
                "answer": item.answer,
                "answer_type": item.answer_type,
                "aliases": list(item.aliases),
                "answer_start": start,
                "answer_end": end,
                "valid_as_of": item.valid_as_of or None,
            }
        case VerifiedQA():
            return {
                **item_row(item.pair),
                "quote": item.quote,
                "pass_rate": item.pass_rate,
                "pass_rate_samples": item.samples,
                "verdicts": [verdict_row(verdict) for verdict in item.verdicts],
            }


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as a row: the check, which way it went, who said so, and what was seen."""
    stamp = verdict.stamp
    return {
        "check": verdict.check,
        "passed": verdict.passed,
        "model": stamp.model if stamp else "",
        "prompt_version": stamp.prompt_version if stamp else 0,
        "detail": verdict.detail,
        "verifier": verdict.verifier,
    }


def qa_row(qa: VerifiedQA, pipeline_version: str) -> dict[str, Any]:
    """A row of `qa/`."""
    task = qa.pair.task
    return {
        "id": qa.id,
        "document_id": task.document.id,
        "source": task.document.source,
        "attributes": attributes_row(task.document),
        "domain": task.domain,
        "persona": task.persona.name,
        **item_row(qa),
        "provenance": {
            "pipeline_version": pipeline_version,
            "demo": any(stamp.model == DEMO_MODEL for stamp in stamps_of(qa)),
            "calls": [asdict(stamp) for stamp in stamps_of(qa)],
            "repaired": qa.pair.repaired,
            "edited": list(qa.pair.edited),
            "edited_from": qa.pair.edited_from,
        },
    }


def rejection_row(rejection: Rejection) -> dict[str, Any]:
    """A row of `rejected/`; `item` is the rejected thing itself, as an object."""
    return _row(rejection, "stage reason detail document_id where attributes domain persona item")


def dead_letter_row(letter: DeadLetter) -> dict[str, Any]:
    """A row of `dead_letters/`; `item` with `item_type` is enough to run the stage again."""
    origin = "stage error message where document_id attributes domain persona"
    return _row(letter, f"{origin} item_type item attempts prompt_version reply occurred_at")


def _row(record: Rejection | DeadLetter, columns: str) -> dict[str, Any]:
    """These fields of a record, in this order; what is JSON text in it as an object."""
    row = {name: getattr(record, name) for name in columns.split()}
    return row | {name: json.loads(row[name] or "{}") for name in ("attributes", "item")}
