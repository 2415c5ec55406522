"""Sentences that can be asked about: in English, without markup, and not leaning on their neighbours."""

import re

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.quantities import MONTH
from beam_pipeline.demo_endpoint.rules.words import STOP

# What makes a sentence lean on its neighbours, so that no question from it can stand alone ...
_LEANS = re.compile(
    r"\b(?:[Tt]his|[Tt]hese|above|below|following|previous|previously|aforementioned|[Cc]hapters?|[Ss]ections?|[Ff]igures?|Fig|"
    r"[Tt]ables?|[Ee]quations?|[Ee]xercises?|pages?|here|I|I’m|I’d|I’ve|my|me|mine|latter|former|to-day|"
    r"authors?|article|text|passage|paper|book|respectively|aforesaid|post|yesterday|tomorrow)\b"
)
# ... or lean a little: it speaks to its reader, or from its own day. Quoted whole it can still be asked about.
_SPEAKS = re.compile(r"\b(?:[Ww]e|[Oo]urs?|us|[Yy]ou|[Yy]our|[Tt]oday|[Rr]ecently|[Nn]ow|[Cc]urrently|ago)\b")
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her)\b")
DANGLING = re.compile(
    r"(?:It|He|She|They|This|That|These|Those|Its|His|Her|Their|Such|Both|Another|Others?|Some|One|Each|Here|There|What|How|"
    r"Why|When|If|Who|Which|Let|See|Note|Use|Click|To|Because|Although|While|As|Yes|No|Not|Either|Neither|Instead|Ex)\b"
)
_CONNECTOR = re.compile(
    r"(?:However|Therefore|Thus|Hence|Moreover|Furthermore|In addition|For example|For instance|Also|Indeed|Additionally|"
    r"Similarly|Finally|In fact|As a result|In general|Generally|Typically|Usually|Overall|In contrast|By contrast|Likewise|"
    r"On the other hand|Consequently|Nevertheless|Interestingly|Historically|Originally|Initially|Eventually|Meanwhile),\s+"
    r"|(?:And|But|So|Then|Thus)\s+|[A-Z][A-Z /&-]{3,40}:\s+"
)
_MARKUP = re.compile(r"[{}<>|\\^#@~*_=\[\]]|\$(?! ?\d)|https?:|www\.|!\(|::|____")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|_)(?=\S)(.+?)(?<=\S)\1")
_MACRO = re.compile(r"\\(?:emph|textit|textbf|text|First|term)\{([^{}]*)\}")
_CITATION = re.compile(r"\[\d+\]|\s+,(?=\s)")


def is_english(analysis: Analysis) -> bool:
    """Whether the question forms, which are English, fit the document's language."""
    common = sum(analysis.counts.get(word, 0) for word in ("the", "of", "and", "to", "is", "with"))
    return common > 0.06 * sum(analysis.counts.values())


def plain_statement(sentence: str, analysis: Analysis) -> str:
    """A sentence without markup, connectors and full stop; "" if it cannot stand alone."""
    text = _plain(sentence)
    return "" if not text or _LEANS.search(text) or _nameless(text, analysis) else text


def speaks_to_its_reader(text: str) -> bool:
    """Whether a statement leans a little, so that it can be asked about only when it is quoted whole."""
    return bool(_SPEAKS.search(text))


def _plain(sentence: str) -> str:
    """A sentence without markup, connectors and full stop; "" if it is no whole sentence of its own."""
    text = _MACRO.sub(r"\1", sentence).replace("~", " ") if "\\" in sentence else sentence
    text = _CITATION.sub("", _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)))
    text = re.sub(r"^(?:[-*•+]|\d+[.)])\s+", "", text)
    while match := _CONNECTOR.match(text):
        text = text[match.end() :]
        text = text[:1].upper() + text[1:]
    count = text.count(" ") + 1
    if not 6 <= count <= 42 or not text.endswith((".", ".)", ".”", '."')) or text.endswith("..."):
        return ""
    text = text.rstrip(".") if text.endswith(".") else text
    unbalanced = text.count("(") != text.count(")") or text.count('"') % 2 or text.count("“") != text.count("”")
    opens = text[0].isupper() or text[0].isdigit() or text[0] == "$"
    return "" if unbalanced or not opens or DANGLING.match(text) or _MARKUP.search(text) else text


def _nameless(text: str, analysis: Analysis) -> bool:
    """Whether a "he" or "she" comes before any name it could stand for."""
    pronoun = _PRONOUN.search(text)
    names = re.findall(r"\b[A-Z][a-z]{2,}", text[: pronoun.start()]) if pronoun else ["-"]
    return all(re.fullmatch(MONTH, name) or name.lower() in analysis.lower | STOP for name in names)
