"""A stage of one's own between two of the shipped ones: a function, a class, or a transform, in any module.

Input:    PCollection of what the stage in front passes: Document, PersonaTask, QAPair or VerifiedQA
Passed:   the same records, changed or not; each is still of its document and its task
Rejected: Rejection, with the stage's own name and the reason that it gave

    def keep_short(pair: QAPair) -> QAPair | str:
        return pair if len(pair.question) <= 200 else "question_too_long_for_us"

A function is given one record and returns it, another one of the same task (`dataclasses.replace`), or says why not: a reason
in a word, or `records.reject(...)` with a detail. A class is made once in each process, without arguments, and called in the
same way: what takes long to load is loaded there. What raises costs that record alone, as a dead letter. A
`beam.PTransform`, made without arguments as well, is given the whole PCollection and returns an `Outcome`.

Each is found by its module's name, where the graph is made and where it runs; nothing of it is pickled.
"""

import importlib
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

import apache_beam as beam
import orjson
from apache_beam.typehints.decorators import no_annotations

from transforms.errors import FatalError
from transforms.flow.heartbeat import WAKE, wakeful, without_wakes
from transforms.flow.outcome import Outcome, as_waking_outcome, split_outputs, tag_and_count
from transforms.records import (
    DeadLetter,
    Document,
    Item,
    PersonaTask,
    QAPair,
    Rejection,
    VerifiedQA,
    document_of,
    origin_of,
    reject,
    task_of,
)
from transforms.said import said

RECORDS: tuple[type, ...] = (Document, PersonaTask, QAPair, VerifiedQA)
_BEFORE_VERIFICATION: dict[str, type] = {
    **dict.fromkeys(("read", "screen", "filter"), Document),
    "classify": PersonaTask,
    **dict.fromkeys(("synthesize", "check", "repair"), QAPair),
}
MOST_OF_A_REASON = 60


class ReturnedNothing(Exception):
    """What a stage of one's own returned is no record and no reason."""


class LeftItsTask(Exception):
    """What a stage of one's own returned is of another document or task than what it was given."""


def record_after(stage: str) -> type:
    """The type of what passes a stage."""
    return _BEFORE_VERIFICATION.get(stage, VerifiedQA)


def find_own(module: str, attribute: str, record: type) -> Any:
    """What a stage is made of: a function, or a class.

    Raises:
        ValueError: there is no such thing, or it is nothing that can be a stage for such records; one line.
    """
    there = _import(module)
    if (found := getattr(there, attribute, None)) is None:
        near = get_close_matches(attribute, [name for name in vars(there) if not name.startswith("_")], n=1)
        raise ValueError(f"{module} has no {attribute}{f'; did you mean {near[0]}?' if near else ''}")
    if isinstance(found, type) and issubclass(found, beam.DoFn):
        raise ValueError(
            f"{attribute} is a DoFn: write a function from record to record, or a PTransform that returns an Outcome"
        )
    if isinstance(found, type):
        if not any("__call__" in vars(base) for base in found.__mro__) and not issubclass(found, beam.PTransform):
            raise ValueError(
                f"{attribute} is a class without __call__: give it one, from record to record, or make it a PTransform"
            )
        try:
            inspect.signature(found).bind()
        except TypeError as error:
            raise ValueError(f"{attribute} is made without arguments, and takes some: {error}") from None
    elif not callable(found):
        raise ValueError(
            f"{attribute} is {_a(type(found).__name__)}; a stage is a function, a class with __call__, or a PTransform"
        )
    _check_record(found, attribute, record)
    return found


def _import(module: str) -> Any:
    """A module, also one in the folder where the command was started."""
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())  # last: it hides nothing
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise ValueError(
                f"there is no module {error.name}: it is looked for in this folder and among the installed packages"
            ) from None
        raise ValueError(f"{module} cannot be imported: {said(error)}") from error
    except Exception as error:  # whatever its code does
        raise ValueError(f"{module} cannot be imported: {type(error).__name__}: {said(error)}") from error


def _check_record(found: Any, attribute: str, record: type) -> None:
    """Refuse a stage that says that it takes other records; one that says nothing is let be."""
    if isinstance(found, type) and issubclass(found, beam.PTransform):
        return
    try:
        call = found.__call__ if isinstance(found, type) else found
        hints = get_type_hints(call)
        names = [name for name in inspect.signature(call).parameters if name != "self"]
    except Exception:  # hints may name anything
        return
    takes = hints.get(names[0]) if names else None
    named = {takes, *get_args(takes)}.intersection(RECORDS)
    if not names or (named and record not in named):
        wants = " or ".join(sorted(kind.__name__ for kind in named)) or "nothing"
        raise ValueError(f"{attribute} takes {wants}, and here it is given {record.__name__}")


def _a(name: str) -> str:
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


@dataclass
class OwnStage(beam.PTransform):
    """A stage of one's own.

    Attributes:
        module, attribute: where it is.
        name: in every counter, rejection and dead letter.
        record: the type of what it is given, and of what passes it.
    """

    module: str
    attribute: str
    name: str
    record: type

    @property
    def title(self) -> str:
        """How the graph calls it; no label of ours begins so."""
        return f"Own{self.name.title().replace('_', '')}"

    @property
    def says(self) -> str:
        """What it is, and the first line that it says of itself."""
        own = inspect.getdoc(find_own(self.module, self.attribute, self.record)) or ""
        first = own.partition("\n")[0]
        return f"{self.module}:{self.attribute}{f': {first}' if first else ''}"

    @no_annotations
    def expand(self, elements: beam.PCollection) -> Outcome:
        found = find_own(self.module, self.attribute, self.record)
        if not (isinstance(found, type) and issubclass(found, beam.PTransform)):
            fn = _OwnFn(self.module, self.attribute, self.name, self.record)
            return as_waking_outcome(wakeful(elements) | "Apply" >> split_outputs(beam.ParDo(fn), self.record))
        try:
            made = elements | "Apply" >> found()
        except Exception as error:  # whatever its code does
            raise ValueError(f"{self.module}:{self.attribute}: {type(error).__name__}: {said(error)}") from error
        if not isinstance(made, tuple) or len(made) != 3 or not all(isinstance(part, beam.PCollection) for part in made):
            raise ValueError(f"{self.module}:{self.attribute}: expand must return an Outcome(passed, rejected, dead_letters)")
        types = (self.record, Rejection, DeadLetter)
        noted = [
            wakeful(part) | f"Note{label}" >> beam.ParDo(_NoteFn(self.name)).with_output_types(kind)
            for label, part, kind in zip(("Passed", "Rejected", "DeadLetters"), made, types, strict=True)
        ]
        return Outcome(without_wakes(noted[0]), *noted[1:])


class _OwnFn(beam.DoFn):
    """Calls a function or an object for each record, one at a time."""

    def __init__(self, module: str, attribute: str, name: str, record: type) -> None:
        self._place = module, attribute, record
        self._name = name

    def setup(self) -> None:
        try:
            found = find_own(*self._place)
        except ValueError as error:
            raise FatalError(f"a worker cannot run the stage {self._name}: {error}") from error
        try:
            self._call: Callable[[Any], Any] = found() if isinstance(found, type) else found
        except Exception as error:  # whatever its code does
            what = f"{type(error).__name__}: {said(error)}"
            raise FatalError(f"a worker cannot make the stage {self._name}: {what}") from error

    def process(self, element: Any) -> Iterator[Any]:
        if element is WAKE:
            yield element
        else:
            yield from tag_and_count(self._name, [self._result(element)])

    def _result(self, element: Item) -> Any:
        """What the stage says of a record: the record that passes, a rejection, or a dead letter of what it raised."""
        try:
            said_of_it = self._call(element)
            if isinstance(said_of_it, str):
                return reject(self._name, said(said_of_it, MOST_OF_A_REASON) or "no_reason", element)
            if isinstance(said_of_it, Rejection):
                return _renamed(said_of_it, self._name, element)
            _check_passed(said_of_it, element)
            return said_of_it
        except FatalError:
            raise
        except Exception as error:  # whatever its code does
            origin: dict[str, Any] = {**origin_of(element)}
            return DeadLetter(
                stage=self._name,
                error=type(error).__name__,
                message=said(error),
                item=orjson.dumps(element).decode(),
                item_type=type(element).__name__,
                occurred_at=time.time(),
                **origin,
            )


def _renamed(rejection: Rejection, name: str, element: Item) -> Rejection:
    """A rejection under the stage's name, of the record that it is about: the counts would not close with another."""
    reason = said(rejection.reason, MOST_OF_A_REASON) or "no_reason"
    return replace(rejection, stage=name, reason=reason, **origin_of(element))


def _check_passed(result: Any, element: Item) -> None:
    if type(result) is not type(element):
        wanted = type(element).__name__
        raise ReturnedNothing(f"returned {said(repr(result), 100)}: return the {wanted}, or say why not in a word")
    before, after = (document_of(item) for item in (element, result))
    tasks = [task.id if (task := task_of(item)) else "" for item in (element, result)]
    if (before.id, before.where, tasks[0]) != (after.id, after.where, tasks[1]):
        raise LeftItsTask("the document's id and where, and the persona's name, must stay as they are: pairs are counted by them")


class _NoteFn(beam.DoFn):
    """Counts what a transform of somebody else gave, under the stage's name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, element: Any) -> Iterator[Any]:
        if element is not WAKE:
            if isinstance(element, (Rejection, DeadLetter)):
                element = replace(element, stage=self._name)
            for _ in tag_and_count(self._name, [element]):
                pass
        yield element
