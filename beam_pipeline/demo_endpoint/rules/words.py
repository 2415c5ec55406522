"""Words: which carry no meaning, which never are a topic, and when two are the same."""

import re
from importlib import resources

import yaml

_LISTS: dict[str, str] = yaml.safe_load((resources.files(__package__) / "words.yaml").read_text("utf-8"))
STOP, VAGUE = frozenset(_LISTS["stop"].split()), frozenset(_LISTS["vague"].split())
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
NAME = r"(?:[A-Z][\w’'-]*[a-z\d][\w’'-]*|[A-Z]{2,})"
# Names after a lower-case word: what is capitalised there is not only so because it stands first.
NAMES = re.compile(rf"(?<=[a-z,;)] ){NAME}(?: (?:(?:of|the|de|von) )?{NAME}){{0,3}}")


def stem(word: str) -> str:
    """A word without case and common endings, so that "Bridges" and "bridge" agree."""
    word = word.lower()
    for ending in ("ies", "ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "ing" else 3) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, and the numbers."""
    words = {stem(word) for word in WORD.findall(text) if word.lower() not in STOP}
    return frozenset(words | set(re.findall(r"\d+", text)))
