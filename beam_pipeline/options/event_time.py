"""What `--event_time` says: when a document happened, by arrival, an attribute or a field."""

from dataclasses import dataclass

ARRIVAL, ATTRIBUTE, FIELD = KINDS = ("arrival", "attribute", "field")


@dataclass(frozen=True, slots=True)
class EventTime:
    """Where a document's event time is. `name` is that of the attribute or field; "" for arrival."""

    kind: str = ARRIVAL
    name: str = ""


ON_ARRIVAL = EventTime()


def parse_option(text: str) -> EventTime:
    """Read `--event_time`; the ValueError says what may be written."""
    kind, colon, name = text.partition(":")
    if (kind == ARRIVAL and not colon) or (kind in (ATTRIBUTE, FIELD) and name):
        return EventTime(kind, name)
    raise ValueError(f"must be arrival, attribute:NAME or field:NAME, not {text[:60]!r}")
