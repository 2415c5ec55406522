"""Text as every stage sees it: normalising, words, token counts, stable hashes, safe prompt values."""

import hashlib
import os
import re
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

# Characters that are invisible in print: `neutralise` puts one into what a chat template would take
# for a control token, so matching must not see them. And the many faces of quotes and dashes.
_PLAIN = {
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u2026": "...",
    "\u2044": "/",
}
# An expression looks at each character in C; `str.translate` looks each one up in a dictionary.
_NOT_PLAIN = re.compile(f"[{''.join(_PLAIN)}]")
# Digits and fractions of one character, for a character class.
RAISED, LOWERED, FRACTIONS = "\u2070\u00b9\u00b2\u00b3\u2074-\u2079", "\u2080-\u2089", "\u00bc-\u00be\u2150-\u215f\u2189"
# NFKC alone would make "10\u00b3" into "103", "42\u2081\u2080" into "4210" and "1\u00bd" into "11/2". Few texts have
# any such character, and to look for one first takes a tenth of the time.
_RAISED_LOWERED_OR_FRACTION = re.compile(f"[{RAISED}\u207a\u207b{LOWERED}{FRACTIONS}]")
_RAISED = re.compile(f"(?<=[0-9])(?=[\u207a\u207b]?[{RAISED}])")
_LOWERED = re.compile(f"(?<=[0-9])(?=[{LOWERED}])")
_VULGAR_FRACTION = re.compile(f"(?<=[0-9])(?=[{FRACTIONS}])")
# Arabic ligatures that NFKC writes out as a phrase, with the characters that adds, and how much a text may grow by those.
_PHRASES = {"\ufdfa": 17, "\ufdfb": 7}
_NO_PHRASE = re.compile(f"[^{''.join(_PHRASES)}]+")
_MOST_TIMES_LONGER, _AND_MORE = 3, 200
# Classes of marks that make another letter and no accent: of Indian scripts, of kana, of Thai and Lao.
_OF_A_LETTER = frozenset((7, 8, 9, 103, 107, 118, 122))
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})
_WORD = re.compile(r"\w+(?:['.,]\w+)*")
# Scripts without spaces, for a character class: there a character counts as a word.
SPACELESS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"

# Control tokens of chat templates (ChatML, Llama 2/3, Mistral, Gemma, DeepSeek, thinking models) and
# the tags that our own prompts use as delimiters. Every server tried turned the first kind into
# real control tokens when they came inside user text.
_CONTROL = re.compile(
    r"<(?=\|[^|<>\n]{1,40}\|>"
    r"|\uff5c[^<>\n]{1,40}\uff5c>"
    r"|/?(?:s|bos|eos|pad|unk|think|start_of_turn|end_of_turn|document|exemplars|domain|persona|question|answer|aliases)>"
    r"|</?SYS>>)"
    r"|\[(?=/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\])",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    """Fold case, Unicode forms, quotes, dashes, invisible characters and white space.

    Idempotent. Two spellings that a reader would call the same text come out equal.
    """
    text = unify(text)
    if text.isascii():
        return text.lower()
    text = text.casefold()
    if unicodedata.is_normalized("NFKC", text):
        return text
    return " ".join(_plain(_compatible(text)).split())


def unify(text: str) -> str:
    """Do what `normalise` does, but keep the case: "MW" is not "mW", nor "G" the same as "g"."""
    if text.isascii():
        return " ".join(text.replace("`", "'").split())
    # Before NFKC too, which would make an acute accent of "\u00b4" and two primes of "\u2033".
    text = _plain(text)
    if _RAISED_LOWERED_OR_FRACTION.search(text):
        text = _VULGAR_FRACTION.sub(" ", _LOWERED.sub("_", _RAISED.sub("^", text)))
    text = _plain(_compatible(text))
    return " ".join(text.split())


def _compatible(text: str) -> str:
    """The text in NFKC. Ligatures of whole phrases stay where a text is nothing much else, or it would grow 18-fold."""
    growth = sum(times * text.count(ligature) for ligature, times in _PHRASES.items())
    if growth <= _MOST_TIMES_LONGER * len(text) + _AND_MORE:
        return unicodedata.normalize("NFKC", text)
    return _NO_PHRASE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)


def without_accents(text: str) -> str:
    """A text in lower case, with letters of the English alphabet for those that are such letters with a mark, and ligatures."""
    parts = unicodedata.normalize("NFKD", text)
    bare = "".join(part for part in parts if not (mark := unicodedata.combining(part)) or mark in _OF_A_LETTER)
    return unicodedata.normalize("NFC", bare.casefold()).translate(_LETTERS)


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub(lambda match: _PLAIN[match.group()], text)


def words(text: str) -> list[str]:
    """Split into words; numbers keep their separators ("1,000.5"), contractions their apostrophe."""
    return _WORD.findall(text)


def stable_hash(*parts: str) -> str:
    """16 hexadecimal digits that depend on the parts alone: same on every machine and run."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def stable_seed(*parts: str) -> int:
    """A seed for `random.Random`, so that sampling depends on content and never on the run."""
    return int(stable_hash(*parts), 16)


def neutralise(text: str) -> str:
    """Make chat-template control tokens and prompt delimiters inside untrusted text inert.

    A zero-width space after the opening bracket is enough: tokenizers match those tokens as
    literal strings. `normalise` removes it again, so quotes are still found.
    """
    return _CONTROL.sub(lambda match: match.group() + "\u200b", text)


def restore(text: str) -> str:
    """Undo `neutralise` in what a model copied from its prompt: "<s>" in a page on HTML is "<s>" again."""
    return _NEUTRALISED.sub("", text)


_NEUTRALISED = re.compile(r"(?<=[<\[])\u200b")

_TOKEN = re.compile(r"[A-Za-z]{1,6}|\d{1,3}|[^\S\n]+(?=[^\S\n])|\n+|[^\sA-Za-z\d]")


def estimate_tokens(text: str) -> int:
    """Estimate a token count without a tokenizer file, in one pass.

    A run of letters counts one token for every 6 letters begun, as byte-pair vocabularies of
    100k entries come out on English prose; other scripts count one per character.
    """
    return len(_TOKEN.findall(text))


# The encoding that documents are counted with where its file is at hand; that file's name in tiktoken's cache, and its
# checksum: a file with another one tiktoken would remove and download anew.
ENCODING = "o200k_base"
_ENCODING_FILE = "fb374d419588a4632f3f557e76b4b70aebbca790"
_ENCODING_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
# tiktoken's expressions take a text without a space in one piece, whose time grows faster than its length.
_CHARS_AT_ONCE = 20_000


def tokenizer_at_hand() -> str:
    """`ENCODING` where tiktoken has its file already, else "estimate": nothing is downloaded."""
    # Where tiktoken looks, in its order; an empty name turns its cache off.
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    path = Path(tempfile.gettempdir(), "data-gym-cache") if folder is None else Path(folder)
    try:
        there = folder != "" and hashlib.sha256((path / _ENCODING_FILE).read_bytes()).hexdigest() == _ENCODING_SHA256
    except OSError:
        there = False
    return ENCODING if there else "estimate"


_found_once = lru_cache(maxsize=1)(tokenizer_at_hand)


def count_tokens(text: str, tokenizer: str = "estimate") -> int:
    """Count tokens with a tiktoken encoding by name ("o200k_base"), or estimate them.

    tiktoken reads the encoding from `TIKTOKEN_CACHE_DIR` or downloads it at first use; "auto" counts with
    what is at hand; "estimate" needs no file and gives the same number everywhere.
    """
    if tokenizer == "auto":
        tokenizer = _found_once()
    if tokenizer == "estimate":
        return estimate_tokens(text)
    import tiktoken  # slow to import, and most runs never count exactly

    encode = tiktoken.get_encoding(tokenizer).encode_ordinary
    return sum(len(encode(text[start : start + _CHARS_AT_ONCE])) for start in range(0, len(text), _CHARS_AT_ONCE))
