"""Formal answers: whether a text gives the right code or expression, alone or in a sentence."""

import re
from itertools import islice

from transforms.answers.canonical import canonical
from transforms.answers.formula_equality import equivalent, rounds_to, worked_out
from transforms.answers.markup import plain, without_markdown
from transforms.reward.hedges import ANY_HEDGE, NEGATION, objected
from transforms.reward.match_prose import without_lead
from transforms.reward.truth import Truth
from transforms.text import normalise

# --- Code ----------------------------------------------------------------------------------------

_FENCE = re.compile(r"```[\w+-]*\n(.*?)\n?```", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_DRESSED_CODE = re.compile(r"\\(?:text|mathtt|texttt)\w{0,2} ?\{([^{}]{1,200})\}")
_CODE_LEAD = re.compile(
    r"^.{0,80}\b(?:is|was|are|use|run|call|type|calling|using|called|named)(?: the)?:?\s{1,3}(?=\S)", re.IGNORECASE
)


def states_code(text: str, truth: Truth) -> bool:
    """Whether a text gives the right code: its one block, its one piece between backticks, or what follows "is" or "use"."""
    text = text.strip().replace("\\_", "_")
    dressed = _DRESSED_CODE.fullmatch(text)
    text = dressed[1] if dressed else text
    pieces = {block.strip() for block in _FENCE.findall(text)} or set(_INLINE.findall(text))
    if pieces:
        around = _INLINE.sub(" _ ", _FENCE.sub(" _ ", text))
        return len(pieces) == 1 and _names(pieces.pop(), truth) and not ANY_HEDGE.search(around) and not NEGATION.search(around)
    if _names(text, truth):
        return True
    bare = without_markdown(text)
    candidates = {bare, _CODE_LEAD.sub("", bare), without_lead(bare)}
    candidates |= {candidate.rstrip(".") for candidate in candidates}
    sentences = [bare.replace(code, " _ ", 1) for code in candidates if _names(code, truth)]
    return any(not (NEGATION.search(around) or ANY_HEDGE.search(around)) for around in sentences)


_CALLABLE = re.compile(r"[A-Za-z_][\w.:]*(?:\(\))?")


def _names(code: str, truth: Truth) -> bool:
    """Whether a piece of code is the right one; a function may be named with its empty brackets or without."""
    if truth.said_by(code):
        return True
    bare = code.strip().removesuffix("()")
    return bool(_CALLABLE.fullmatch(code.strip())) and (truth.said_by(bare) or truth.said_by(f"{bare}()"))


# --- Expressions ---------------------------------------------------------------------------------

_FORMULA = re.compile(
    r"\$\$?([^$\n]{1,300})\$\$?|\\\(((?:[^\\]|\\(?![()\[\]])){1,300})\\\)|\\\[((?:[^\\]|\\(?![()\[\]])){1,300})\\\]"
)
# A formula over several lines.
_SPREAD = re.compile(r"\$\$[^$]{1,300}\$\$|\\[\[(]\s[^$\\]{1,300}\\[\])]")
_MAX_FORMULA_CHARS = 1000
_MAX_MENTIONS = 4
_PERCENT = re.compile(r"%|\bper ?cent\b|\bpct\b")
_WORDS = re.compile(r"(?=.{4})[A-Za-z][a-z]{1,20}(?: [a-z]{2,20}){0,6}")  # "no solution"
_INTRODUCED = re.compile(r"(?:\b(?:is|are|equals|gives|be|becomes|get)|:)\s{1,3}")


def states_expression(text: str, truth: Truth) -> bool:
    """Whether a text gives the right expression: as a whole, as its only formula, or behind "is" or ":"."""
    text = _SPREAD.sub(lambda found: " ".join(found[0].split()), without_markdown(text).strip("\"'"))
    text = text[:-2] if text.endswith('".') else text
    if len(text) <= _MAX_FORMULA_CHARS and _is_expression(text, truth):
        return True
    lines = [line for line in text.splitlines() if line.strip()]
    hedged = any(found[0].lower() not in truth.answer.lower() for found in ANY_HEDGE.finditer(text))
    if not lines or hedged or NEGATION.search(_FORMULA.sub(" ", lines[-1])):
        return False
    if any(_is_other(line, truth) for line in lines[:-1]):
        return False
    formulas = {next(filter(None, found.groups())).strip() for found in _FORMULA.finditer(text)}
    if len(formulas) == 1:
        return not _objected_to(lines[-1], truth) and _is_expression(formulas.pop(), truth)
    if formulas:
        listed = _INTRODUCED.split(without_lead(lines[-1]).rstrip("."))[-1]  # "The solutions are $1$ and $2$."
        return (len(formulas) == 2 and _is_worked_out(lines[-1], truth)) or _is_expression(listed, truth)
    last = without_lead(lines[-1]).rstrip(".")
    candidates = (last, _INTRODUCED.split(last)[-1])
    return (len(lines) == 1 or len(text.split()) > 3) and any(_is_expression(candidate, truth) for candidate in candidates)


def contradicts_expression(sentence: str, truth: Truth) -> bool:
    """Whether a sentence is, or says in so many words, another expression."""
    said = _INTRODUCED.split(without_lead(without_markdown(sentence).strip(" .$")))[-1].strip(" .$")
    formal = len(said) <= _MAX_FORMULA_CHARS and bool(re.search(r"\w", said)) and equivalent(said, said)
    words = re.search(r"[A-Za-z]{3,}", re.sub(r"\\[A-Za-z]+", "", said))
    return formal and not words and not _is_expression(said, truth) and not states_expression(sentence, truth)


def _is_worked_out(line: str, truth: Truth) -> bool:
    """Whether a line says what comes of another formula: "The derivative of $x^2$ is $2x$."."""
    places = list(islice(_FORMULA.finditer(line), 3))
    if len(places) != 2 or len(line) > _MAX_FORMULA_CHARS:
        return False
    first, last = places
    joined = line[first.end() : last.start()].strip() in ("is", "equals", "gives")
    given = line[: first.start()].rstrip().endswith(" of") and not line[last.end() :].strip(" .")
    said = next(filter(None, last.groups()))
    return joined and given and not objected(line, *last.span(), truth) and _is_expression(said, truth)


def _objected_to(line: str, truth: Truth) -> bool:
    """Whether words around a formula change it or take it back: "at least $x$", "twice $x$"."""
    places = list(islice(_FORMULA.finditer(line), _MAX_MENTIONS + 1))
    too_much = len(places) > _MAX_MENTIONS or len(line) > _MAX_FORMULA_CHARS
    return too_much or any(objected(line, *place.span(), truth) for place in places)


def _is_other(line: str, truth: Truth) -> bool:
    """Whether a line holds another expression and nothing else; steps on the way are equations or equal the answer."""
    if re.search(r"[=<>]", line) or not re.search(r"[-+*/^\d\\]", line):
        return False
    return equivalent(line, line) and not any(equivalent(line, spelling) for spelling in truth.spellings)


def _is_expression(text: str, truth: Truth) -> bool:
    """Whether a text is the expression, and worked out as far: "3x + 2x" is no answer where "5x" is one."""
    for spelling in truth.spellings:
        if _WORDS.fullmatch(plain(spelling)) and normalise(plain(text)).strip(" .") == normalise(plain(spelling)).strip(" ."):
            return True
        if canonical(text, "expression") == canonical(spelling, "expression"):
            return True
        if rounds_to(text, spelling):
            return True
        if _PERCENT.search(spelling) and not _PERCENT.search(text) and equivalent(f"{text}\\%", spelling):
            return True  # only what is stored in percent may lack its sign
        if equivalent(text, spelling) and (worked_out(text) or not worked_out(spelling)):
            return True
    return False
