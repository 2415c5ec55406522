"""Where sentences end in prose."""

import re

_BORDER = re.compile(r"\n\s*|(?:(?<=[.!?])|(?<=[.!?][\"')\]])) (?=[\"'(\[]?[A-Z0-9])|; ")
ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|No|vs|etc|e\.g|i\.e|viz|incl|Ex|Figs?|Eq|approx|Inc|Ltd|Co|Corp|Jr|Sr|al|cf|ca|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|U\.S|"
    r"U\.K)\.$"
)
_NUMBER = re.compile(r"\(?\d{1,2}[.)]")
_MOST = 40
_LONGEST = 8  # characters of an abbreviation with its full stop
# Any mark that ends a sentence, abbreviations not minded: for text in which a border too many does no harm.
BORDER = re.compile(r"(?<=[.!?])\s+|\n+")


def split_sentences(text: str) -> list[str]:
    """Sentences, lines and what semicolons separate; of a long text those at its beginning and its end."""
    found: list[str] = []
    begin = 0
    lines = "\n" in text
    for border in _BORDER.finditer(text):
        numbered = lines and _NUMBER.fullmatch(text, begin, border.start())  # "1. Paris"
        cut_short = ABBREVIATION.search(text, max(begin, border.start() - _LONGEST), border.start())
        if "\n" in border[0] or not (numbered or cut_short):
            found.append(text[begin : border.start()].strip())
            begin = border.end()
    found = [sentence for sentence in (*found, text[begin:].strip()) if sentence]
    return [*found[:2], *found[-_MOST:]] if len(found) > _MOST + 2 else found
