"""Splitting a text that is too long for one prompt, at the borders that a reader would choose.

Paragraphs first; where a paragraph is too long, its lines; then sentences; then spaces; and only in
a text that has none of these, anywhere. Nothing but white space at the borders is lost.
"""

import re
from collections.abc import Iterable, Iterator

from transforms.text import count_tokens

_BORDERS = (
    re.compile(r"\n[^\S\n]*\n\s*"),  # between paragraphs
    re.compile(r"\n"),  # between lines
    re.compile(r"(?<=[.!?\u3002\uff01\uff1f])[\"')\]\u201d\u2019]*\s+(?=\S)|(?<=[\u3002\uff01\uff1f])"),  # between sentences
    re.compile(r"\s+"),  # between words
)
_CHARS_PER_TOKEN = 16  # three times what prose has


def split_text(text: str, max_tokens: int, min_tokens: int = 0, tokenizer: str = "estimate") -> list[str]:
    """Split into chunks of about equal size, at most `max_tokens` each.

    A chunk has at least `min_tokens`; a rest that is smaller is added to the chunk before it, so
    that the last one may be larger than `max_tokens` by less than `min_tokens`. Needs
    `max_tokens >= 2 * min_tokens`. A text of white space alone has no chunks.
    """
    if not text.strip():
        return []
    pieces = list(_pieces(text, max(1, max_tokens - min_tokens), tokenizer, 0))
    total = sum(size for _, size in pieces)
    # 8100 tokens become twice 4050, and not 8000 and a scrap of 100.
    target = -(-total // max(1, -(-total // max_tokens)))
    chunks = _merge_small(_pack(pieces, target, max_tokens, min_tokens), min_tokens, tokenizer)
    return [stripped for chunk in chunks if (stripped := chunk.strip())]


def cut_text(text: str, max_tokens: int, min_tokens: int = 0, tokenizer: str = "estimate") -> str:
    """Keep the first chunk of at most `max_tokens`, as full as its borders allow."""
    pieces = _pieces(text.lstrip(), max(1, max_tokens - min_tokens), tokenizer, 0)
    return next(_pack(pieces, max_tokens, max_tokens, min_tokens), "").strip()


def _pieces(text: str, limit: int, tokenizer: str, level: int) -> Iterator[tuple[str, int]]:
    """Cut into pieces of at most `limit` tokens at the coarsest borders that will do, with their sizes."""
    # Counting what is plainly too long would count a long text again at every level.
    plainly = len(text) > _CHARS_PER_TOKEN * limit and level < len(_BORDERS)
    if not plainly and (size := count_tokens(text, tokenizer)) <= limit:
        yield text, size
    elif level == len(_BORDERS):
        for start in range(0, len(text), limit):  # a token has at least one character
            piece = text[start : start + limit]
            yield piece, count_tokens(piece, tokenizer)
    else:
        for part in _parts(text, _BORDERS[level], limit if level == len(_BORDERS) - 1 else 0):
            yield from _pieces(part, limit, tokenizer, level + 1)


def _parts(text: str, border: re.Pattern[str], at_least: int) -> Iterator[str]:
    """Cut after each border, but into parts of no fewer than `at_least` characters (words go in handfuls)."""
    start = 0
    for match in border.finditer(text):
        if match.end() - start >= max(1, at_least // 8):
            yield text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:]


def _pack(pieces: Iterable[tuple[str, int]], target: int, most: int, least: int) -> Iterator[str]:
    """Join pieces until a chunk has `target` tokens, or the next one would take it over `most`."""
    held: list[str] = []
    tokens = 0
    for piece, size in pieces:
        if held and tokens >= max(1, least) and (tokens >= target or tokens + size > most):
            yield "".join(held)
            held, tokens = [], 0
        held.append(piece)
        tokens += size
    yield "".join(held)


def _merge_small(chunks: Iterable[str], least: int, tokenizer: str) -> list[str]:
    """Add what fell below the minimum (by its white space, or as the rest at the end) to its neighbour."""

    def is_small(chunk: str) -> bool:
        chunk = chunk.strip()
        # As a rule the beginning alone is large enough.
        return count_tokens(chunk[: 2 * _CHARS_PER_TOKEN * least], tokenizer) < least and count_tokens(chunk, tokenizer) < least

    merged: list[str] = []
    for chunk in chunks:
        if merged and (is_small(chunk) or is_small(merged[-1])):
            merged[-1] += chunk
        else:
            merged.append(chunk)
    return merged
