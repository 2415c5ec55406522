"""What is said to a person, on a terminal, in a log or in a card: nothing in it is a command, and nothing has no end.

Names of models and files, errors of endpoints and values of documents are texts of others. A terminal takes escape
sequences in them for commands, and characters that turn the direction of a line make it read as another one.
"""

import unicodedata
from collections.abc import Iterable

MOST_OF_A_LINE = 2_000
MOST_OF_A_NAME = 100

# Characters without a shape of their own that words of some languages need: they join letters, or keep them apart.
_JOINERS = "\u200c\u200d"
# Controls, marks of direction, halves of surrogate pairs, characters of private use or of none, ends of lines and paragraphs.
_NOT_SHOWN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def printable(text: str, kept: str = "") -> str:
    """A text with what no terminal should be given escaped as Python writes it; `kept` are characters that may stay."""
    if text.isprintable():
        return text
    kept += _JOINERS
    escapes = {
        ord(character): character.encode("unicode_escape").decode("ascii")
        for character in set(text)
        if character not in kept and unicodedata.category(character) in _NOT_SHOWN
    }
    return text.translate(escapes) if escapes else text


def said(text: object, most: int = MOST_OF_A_LINE) -> str:
    """How a text begins, on one printable line of at most so many characters; three dots stand for what was cut."""
    whole = str(text)
    # What is cut off is not looked at: it may be as long as a reply. Escapes make it longer, never shorter.
    line = printable(" ".join(whole[: 4 * most].split()))
    return line if len(line) <= most and len(whole) <= 4 * most else f"{line[: max(0, most - 3)]}..."


def said_name(name: object) -> str:
    """A name that somebody else chose, as a message shows it."""
    return said(name, MOST_OF_A_NAME)


def said_names(names: Iterable[object], most: int = 20) -> str:
    """Some names in a row, in order, and how many more there are."""
    shown = sorted(map(said_name, names))
    more = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
