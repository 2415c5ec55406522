"""EmbedTexts: elements in, elements with the vectors of their texts out; the other place where Beam meets an endpoint.

Texts go through the runtime that chat calls go through, many in a request (`embedding_batches.py`). What that costs is
counted under the namespace "embed", whichever stage asks: `texts`, of them `replayed`, `calls` (requests), tokens, faults.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.typehints.decorators import no_annotations

from transforms.errors import stops_the_run
from transforms.flow.outcome import Outcome, as_outcome, split_outputs, tag_and_count
from transforms.inference.call import BacklogFn, dead_letter, explain
from transforms.inference.config import EmbeddingConfig
from transforms.inference.recall import VECTORS, RecallReplies
from transforms.inference.scheduling.embedding_batches import EmbeddingAnswer, EmbeddingCall
from transforms.records import Stamp
from transforms.stages import MODEL_STAGES

NAMESPACE = "embed"
Failed = Callable[[Any, Exception, int], Iterator[Any]]


@dataclass
class EmbedTexts(beam.PTransform):
    """Asks for the vectors of each element's texts: PCollection[T] -> Outcome of tuple[T, float16 texts x width].

    An element without texts gets an array without rows.

    Attributes:
        stage: who asks: the stage of dead letters.
        texts: element -> its texts.
        origin: element -> the name under which the journal keeps its vectors; elements may share one.
        element_type: T.
        entries: PCollection[tuple[str, tuple[str, str]]] of an earlier run's journal, as `RecallReplies` takes it; or None.
        failed: (element, error, attempts) -> what becomes of an element that has no vectors; None for a dead letter,
            which only elements that are an `Item` can become.
    """

    stage: str
    texts: Callable[[Any], Sequence[str]]
    origin: Callable[[Any], str]
    element_type: Any
    model: EmbeddingConfig
    entries: Any = None
    failed: Failed | None = None

    @no_annotations
    def expand(self, elements: beam.PCollection) -> Outcome:
        if self.entries is not None:
            origin = self.origin
            recall = RecallReplies(self.entries, lambda element: VECTORS + origin(element), self.element_type, vectors=True)
            elements = elements | "RecallVectors" >> recall
        embedded = beam.typehints.Tuple[self.element_type, np.ndarray]
        return as_outcome(elements | "Embed" >> split_outputs(beam.ParDo(_EmbedFn(self)), embedded))


class _EmbedFn(BacklogFn):
    def __init__(self, spec: EmbedTexts) -> None:
        super().__init__(spec.stage, spec.model.model.backlog, NAMESPACE)
        self._texts = spec.texts
        self._origin = spec.origin
        self._model = spec.model
        self._failed: Failed = spec.failed or self._dead_letter

    def _ask(self, element: Any, side: tuple[Any, ...], deliver: Callable[[EmbeddingAnswer], None]) -> None:
        texts, name = tuple(self._texts(element)), VECTORS + self._origin(element)
        self._runtime.embed(EmbeddingCall(self._stage, name, texts, self._model, len(MODEL_STAGES), deliver))

    def _results(self, element: Any, answer: EmbeddingAnswer) -> Iterator[Any]:
        for request in answer.requests:
            self._metrics.record(request)
        self._metrics.add("texts", len(answer.vectors))
        self._metrics.add("replayed", answer.replayed)
        error = answer.error
        if error is None:
            yield element, np.stack(answer.vectors) if answer.vectors else np.empty((0, 0), dtype=np.float16)
        elif stops_the_run(error):
            raise error
        else:
            attempts = sum(request.usage.attempts for request in answer.requests)
            yield from tag_and_count(self._stage, self._failed(element, error, attempts))

    def _dead_letter(self, element: Any, error: Exception, attempts: int) -> Iterator[Any]:
        stamp = Stamp(self._stage, self._model.model.model, 0, "")
        yield dead_letter(element, error, attempts, stamp, explain(error, max(self._texts(element), key=len), "text"))
