"""Thresholds of the screen from one option: `--screening max_pitch_share=0.1,min_words=20`, or a YAML file of the same.

The screen has some twenty thresholds, each with a default that was tuned; who has another corpus may want to move one.
They are the fields of `ScreenConfig` that have no option of their own.
"""

import dataclasses
import math
from typing import Any

from beam_pipeline.options.named_values import read_named_values
from transforms.screen import ScreenConfig

# Have an option of their own, under the same name or another.
OWN_OPTIONS = {
    "min_tokens": "--min_document_tokens",
    "max_document_tokens": "--max_document_tokens",
    "long_documents": "--long_documents",
    "languages": "--languages",
    "source_languages": "--inputs",
    "near_duplicates": "--near_duplicates",
    "tokenizer": "--tokenizer",
}
THRESHOLDS = {field.name: field.default for field in dataclasses.fields(ScreenConfig) if field.name not in OWN_OPTIONS}
_SWITCHES = {"true": True, "false": False}


def read_thresholds(given: str) -> dict[str, Any]:
    """The fields of a `ScreenConfig` that a user sets; ValueError, one line, if one is not known or cannot have its value."""
    written = read_named_values(given, (*THRESHOLDS, *OWN_OPTIONS), "threshold")
    found = {name: _read_value(name, text) for name, text in written.items()}
    low, high = "min_mean_word_chars", "max_mean_word_chars"
    lowest, highest = (found.get(name, THRESHOLDS[name]) for name in (low, high))
    if lowest > highest:
        raise ValueError(f"{low} {lowest:g} is above {high} {highest:g}")
    return found


def _read_value(name: str, text: str) -> Any:
    if name in OWN_OPTIONS:
        raise ValueError(f"{name} has an option of its own: {OWN_OPTIONS[name]}")
    default = THRESHOLDS[name]
    if isinstance(default, bool):
        if text.lower() not in _SWITCHES:
            raise ValueError(f"{name} must be true or false (got {text[:60]!r})")
        return _SWITCHES[text.lower()]
    try:
        value = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"{name} must be {kind} (got {text[:60]!r})") from None
    share = "_share" in name or name == "max_duplicate_line_chars"
    if not math.isfinite(value) or value < 0 or (share and value > 1):
        raise ValueError(f"{name} must be {'a share from 0 to 1' if share else 'at least 0'} (got {text[:60]!r})")
    return value
