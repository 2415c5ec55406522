"""Reply schemas: from a pydantic model to what every server enforces, and back from text to a reply.

Only keywords that vLLM (xgrammar, guidance) and llama.cpp both enforce are sent: others are refused by one server or
quietly ignored by another. The pydantic model checks the whole contract here, whatever the server did.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import json_repair
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from transforms.errors import Malformed, ReplyInvalid
from transforms.inference.client.coercion import Written, coerced, unwrapped
from transforms.inference.client.latex_escapes import escape_latex
from transforms.text import restore

Reply = TypeVar("Reply", bound=BaseModel)

ENFORCED_KEYWORDS = frozenset(
    "type enum const properties required additionalProperties items anyOf $ref $defs pattern "
    "minLength maxLength minItems maxItems".split()
)
INTEGER_BOUNDS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))

_THOUGHT_END = "</think>"
MOST_STARTS = 200
_OBJECT_START = re.compile(r"""\{\s*["']""")
# Strings, to their end or the end of all; and Python's word for null between them.
_NONE = re.compile(r"""\"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|\bNone\b""", re.DOTALL)
# What a repair may add or take away: quotes, commas, brackets and their like; and escapes for white space.
_PUNCTUATION = re.compile(r"""\\[bfnrt]|[\s"'`“”‘’,:\[\]{}\\]+""")
MOST_REPAIRED_CHARS = 20_000  # a reply of some 5,000 tokens


def reply_schema(reply_type: type[BaseModel], choices: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The JSON schema to send; `choices` makes an enum of a string property whose values are known only in a run."""
    schema: dict[str, Any] = _strict(reply_type.model_json_schema())
    for name, values in (choices or {}).items():
        schema["properties"][name] = {"type": "string", "enum": list(values)}
    return schema


def _strict(node: Any) -> Any:
    """Drop what servers do not enforce; close objects and require all their properties."""
    if isinstance(node, list):
        return [_strict(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    strict: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            strict[key] = {name: _strict(entry) for name, entry in value.items()}
        elif key in ("enum", "const", "required"):
            strict[key] = value
        elif key in ENFORCED_KEYWORDS or (key in INTEGER_BOUNDS and node.get("type") == "integer"):
            strict[key] = _strict(value)
    if strict.get("type") == "object":
        strict["additionalProperties"] = False
        strict["required"] = list(strict.get("properties", {}))
    return strict


def parse_reply(text: str, reply_type: type[Reply], choices: Mapping[str, Sequence[str]] | None = None) -> Reply:
    """Parse a model's answer that was not cut, with whatever a model puts around its JSON, and with slips of punctuation.

    What it copied from a neutralised prompt is restored: a question on HTML must not hold invisible
    characters. Raises ReplyInvalid where there is no JSON object in it, or one that does not fit.
    """
    escaped = escape_latex(text)
    try:
        reply = _restored(_read(text if escaped is None else escaped, reply_type), reply_type)
    except ReplyInvalid as error:
        error.reply = text
        raise
    if escaped is None:
        raise ReplyInvalid("a line break or tab that may be the first letter of a LaTeX command", text, "latex")
    for name, values in (choices or {}).items():
        if getattr(reply, name) not in values:
            raise ReplyInvalid(f"{name}: {getattr(reply, name)!r} is not one of {', '.join(values)}", text)
    return reply


def _restored(reply: Reply, reply_type: type[Reply]) -> Reply:
    try:
        plain = reply.model_dump_json()
    except PydanticSerializationError as error:
        raise ReplyInvalid("half of a surrogate pair, which is no text") from error
    restored = restore(plain)
    return reply if restored == plain else _validate(json.loads(restored), reply_type)


def _read(text: str, reply_type: type[Reply]) -> Reply:
    try:
        return reply_type.model_validate_json(text)
    except ValidationError:
        pass  # perhaps something stands around it
    try:
        return _meant(extract_object(text), reply_type)
    except ReplyInvalid:
        answer = _answer(text)
        whole = any(end > answer.rfind("}") for _, end, _ in _objects(answer))  # JSON as it stands: there is nothing to repair
        repaired = None if whole else _repair(answer)
        if repaired is None:
            raise
        return _meant(repaired, reply_type)


def _meant(found: dict[str, Any], reply_type: type[Reply]) -> Reply:
    """The reply that an object is, or else one that is wrapped in it or written in other types. Raises ReplyInvalid."""
    try:
        return _validate(found, reply_type)
    except ReplyInvalid as error:
        schema = _schema_of(reply_type)
        for candidate in unwrapped(found):
            if _letters_of(candidate).isdisjoint(_letters_of(schema["properties"])):
                continue
            try:
                return _validate(coerced(candidate, schema), reply_type)
            except ReplyInvalid:
                continue
        raise error


@lru_cache(maxsize=64)
def _schema_of(reply_type: type[BaseModel]) -> dict[str, Any]:
    return {"properties": {}} | reply_type.model_json_schema()


def _letters_of(names: Iterable[str]) -> set[str]:
    return {name.casefold().strip() for name in names}


def _repair(answer: str) -> dict[str, Any] | None:
    """The object that an answer was meant to be, if all that it takes is quotes, commas and other punctuation.

    Where brackets are missing, more may be: such an answer is asked for again. And what is repaired holds every letter,
    digit and sign of the answer in its order: of `"2", or 3?"` json_repair would keep the 2.
    """
    start = _OBJECT_START.search(answer)
    end = answer.rfind("}") + 1
    meant = answer[start.start() : end] if start else ""
    if "None" in meant:
        meant = _NONE.sub(lambda found: "null" if found[0] == "None" else found[0], meant[: MOST_REPAIRED_CHARS + 1])
    if not 0 < len(meant) <= MOST_REPAIRED_CHARS or meant.count("{") > MOST_STARTS:
        return None  # json_repair takes time by the square of the brackets' depth
    if any(meant.count(left) != meant.count(right) for left, right in ("{}", "[]")):
        return None
    if meant.count('"') % 2 or '"' in answer[end:]:
        return None  # the last bracket stands inside a text, which was cut
    try:
        found = json_repair.loads(meant, skip_json_loads=True)
        written = json.dumps(found, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    same = _PUNCTUATION.sub("", written).casefold() == _PUNCTUATION.sub("", meant).casefold()
    return found if same and isinstance(found, dict) else None


def _validate(data: dict[str, Any], reply_type: type[Reply]) -> Reply:
    try:
        return reply_type.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "reply"
        cause: Malformed = "missing_field" if first["type"] == "missing" else "wrong_value"
        raise ReplyInvalid(f"{place}: {first['msg']}", cause=cause) from error


def extract_object(text: str) -> dict[str, Any]:
    """The JSON object in a reply: bare, in a fence, after a thought, or with prose around it. Raises ReplyInvalid.

    The last object that parses wins, because models think first and answer last.
    """
    answer = _answer(text)
    found = [value for _, _, value in _objects(answer)]
    if not found and (inner := _inner(answer)) is not None:
        return extract_object(inner)
    if found:
        return found[-1]
    cause: Malformed = "no_json"
    if start := _OBJECT_START.search(answer):
        meant = answer[start.start() :]
        cause = "cut" if meant.count("{") > meant.count("}") else "syntax"
    raise ReplyInvalid("no JSON object in the reply", text, cause)


def _inner(answer: str) -> str | None:
    """The text of an answer that is JSON inside of a JSON string; None of any other."""
    if not answer.strip().startswith('"'):
        return None
    try:
        inner = json.loads(answer, strict=False)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, str) and len(inner) < len(answer) and "{" in inner else None


def _answer(text: str) -> str:
    """What follows a thought; the tag that ends one may also stand inside the answer, as text."""
    tag = text.rfind(_THOUGHT_END)
    inside = tag >= 0 and any(start < tag < end for start, end, _ in _objects(text))
    if tag < 0 or inside:
        return text
    # Some models end with the tag, as they would end a thought that they had been given.
    return text[tag + len(_THOUGHT_END) :].strip() or text[:tag]


def _objects(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Start, end and value of the JSON objects in a text, one behind the other."""
    decoder = json.JSONDecoder(parse_float=Written)
    position = text.find("{")
    # Every failed start costs a scan; a reply with hundreds of braces and no JSON is not an answer.
    for _ in range(MOST_STARTS):
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or brackets without end
            position = text.find("{", position + 1)
            continue
        yield position, end, value
        position = text.find("{", end)
