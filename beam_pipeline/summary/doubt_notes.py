"""The estimate of wrong keys in words that the table of a run, its report and the card of the data set share."""

from collections.abc import Iterator, Mapping
from typing import Any

ASSUMES = (
    "It assumes that answerers err independently but for hard questions and common mistakes, and that questions with a wrong "
    "key are answered like others. Where answerers are alike, such as sizes of one model, shared mistakes count as wrong keys."
)


def doubt_lines(doubt: Mapping[str, Any]) -> Iterator[str]:
    """What a summary says of wrong keys; the first line has the rate."""
    low, high = doubt["interval"]
    said = ", ".join(doubt["answerers"])
    if doubt["tells"]:
        yield (
            f"wrong keys: about {doubt['error_rate']:.1%} of {doubt['rows']:,} answered rows (95% interval {low:.1%} to "
            f"{high:.1%}), by {said}"
        )
    else:
        yield (
            f"wrong keys: cannot be told, anything from {low:.1%} to {high:.1%} of {doubt['rows']:,} answered rows fits what was "
            f"said by {said}; more answerers or checked rows narrow it"
        )
    if doubt["one_model"]:
        yield (
            f"{doubt['one_model']} wrote the keys and answered the questions again: a mistake that it makes twice is not seen, "
            "so more may be wrong"
        )
    if doubt["checked"]:
        yield f"keys that a person has checked: {doubt['checked']:,}"
    if doubt["unanswered"]:
        yield f"rows whose keys nobody was asked about: {doubt['unanswered']:,}"
    yield f"keys more likely wrong than right: {doubt['doubtful']:,}; webscale-qa doubt lists them"
