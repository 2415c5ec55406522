"""Markup made of parts: whatever is not markup already is escaped, so that no text of a document becomes any."""

import html
import json
from typing import Any


class Html(str):
    """Text that is markup and goes into a page as it is."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """An element; `class_` and `aria_label` become "class" and "aria-label". None and False leave an attribute out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*parts: object) -> Html:
    """Parts one after another; None is nothing, lists are their members."""
    return Html("".join(map(_written, parts)))


def _written(part: object) -> str:
    match part:
        case None:
            return ""
        case Html():
            return part
        case list() | tuple():
            return joined(*part)
        case _:
            return html.escape(str(part))


def script_json(value: Any) -> Html:
    """JSON for a script element: no character of it can end the element, open a comment, or end a line of script."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Html(written.encode("utf-8", "backslashreplace").decode("utf-8"))
