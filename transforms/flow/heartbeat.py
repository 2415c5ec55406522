"""Wake: an element that carries nothing, and makes the model stages behind it look at their answers.

Fused stages share one thread. While a stage waits for its own answers, those of the stages behind it
arrive too, and Beam lets a stage speak only when an element reaches it or its bundle ends. So a
waiting stage sends a wake down the same path as its elements: documents then go on to their next
call when they can, instead of in waves, each after the slowest call of the stage before.

Wakes travel on a twin of a stage's `passed`, which only the next stage of the model block reads;
everybody else sees records alone.
"""

from typing import Any

import apache_beam as beam


class Wake:
    """The element; there is only `WAKE`, also after pickling."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "WAKE"


WAKE = Wake()


def wakeful(elements: beam.PCollection) -> beam.PCollection:
    """The same elements with the wakes among them, for a stage that passes them on; itself if there are none."""
    twin: beam.PCollection = getattr(elements, "wakeful", elements)
    return twin


def without_wakes(flow: Any) -> beam.PCollection:
    """The records of a flow, and on it the flow itself for `wakeful`."""
    records = flow | "DropWakes" >> beam.Filter(lambda element: element is not WAKE).with_output_types(flow.element_type)
    records.wakeful = flow
    return records
