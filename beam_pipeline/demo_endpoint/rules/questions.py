"""Statements turned into natural questions: one function a form, each yields (question, answer, answer type)."""

import re

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.facts import Asked
from beam_pipeline.demo_endpoint.rules.grammar import PAST, inverted, is_subject, lower_first
from beam_pipeline.demo_endpoint.rules.plain import DANGLING
from beam_pipeline.demo_endpoint.rules.quantities import DATE, HEDGE, MONTH, NUM, PERIOD, QUANTITIES, SCALE, SPELT, YEAR
from beam_pipeline.demo_endpoint.rules.words import NAME, STOP
from transforms.text import normalise

# Where a sentence goes on to something else, which a question about its first clause must not drag along.
_FURTHER_CLAUSE = re.compile(
    r"; |, (?:while|whereas|but|and|so|which|though|although|with|who|where)\b"
    r"| (?:and|but) (?:the|it|its|he|she|they|was|were|in)\b"
)
_FURTHER_STATEMENT = re.compile(r"; |, (?:so|but|while|whereas|although|(?:and|or) (?:is|are|it|they|the))\b")


# "The X is the same / the case / a key ...": a remark on X, not what X is.
_NO_DEFINITION = frozenset("only same case main reason result key following most number few lot good".split())


def ask_definition(text: str, analysis: Analysis) -> Asked:
    """Turn "Dumping is the practice of ..." into "What is the term for the practice of ...?"."""
    match = re.match(
        r"^(?:An? )?((?:[\w’'()-]+ ){1,5})(is|are|describes|refers to|means) (an? |the |any )?(.{25,230})$",
        _FURTHER_STATEMENT.split(text)[0],
    )
    if not match or (match[2] in ("is", "are") and not match[3]):
        return
    term = re.sub(r"\s*\([^()]*\)$", "", match[1].strip())
    if not is_subject(term) or len(term.split()) > 4 or DANGLING.match(term) or re.search(r"\b(?:of|in|to|for|on|by)\b|\d", term):
        return
    if term.split()[0].lower() in STOP or match[4].split()[0].lower() in _NO_DEFINITION:
        return
    named = all(word[0].isupper() and word.lower() not in analysis.lower for word in term.split())
    rest = f"{match[3] or ''}{match[4]}"
    if named:
        yield f'Which name fits the description "{rest}"?', term, "name"
    else:
        shown = term if term.lower() not in analysis.lower else term[0].lower() + term[1:]
        term = shown if normalise(shown) else term
        yield f"What is the term for {rest}?", term, "term"


def ask_called(text: str, analysis: Analysis) -> Asked:
    """Turn "The inner part of a membrane is called the lumen" into "What is the inner part of a membrane called?"."""
    match = re.match(
        r"^(.{12,150}?) (is|are|was|were) (also |often |sometimes |commonly |usually |generally |originally )?"
        r"(called|known as|referred to as|termed) (?:an? |the )?[\"“‘']?([\w’' -]{3,40}?)[\"”’']?"
        r"(?:[,.;(]|$| \(| because| and | or | which| that| in | by | for | when | after | since)",
        text,
    )
    if match and not re.search(r"\b(?:which|that|who|and|or|it|they)$|[,;:]", match[1]) and len(match[1].split()) > 4:
        verb = match[4].split()[0]
        how = " as" if match[4] in ("known as", "referred to as") else ""
        lead = "As what" if how else "What"
        subject = lower_first(match[1], analysis)
        adverb = (match[3] or "").strip()
        verb = "referred to" if match[4] == "referred to as" else verb
        yield f"{lead} {match[2]} {subject} {adverb + ' ' if adverb else ''}{verb}?", match[5], "term"


_TIME = re.compile(rf",? (?:(on) ({DATE})|(in) ({MONTH} \d{{4}}|{YEAR}))(?![-–\d]|s\b)(?: BC| AD)?")
_TIME_LEAD = re.compile(rf"^(?:(On) ({DATE})|(In) ({MONTH} \d{{4}}|{YEAR})), (.+)$")


def ask_when(text: str, analysis: Analysis) -> Asked:
    """Turn "The bridge was opened in 1923" into "In which year was the bridge opened?"."""
    lead, inner = _TIME_LEAD.match(text), None
    if lead:
        body, found, on = re.split(r"[;,:]", _FURTHER_CLAUSE.split(lead[5])[0])[0], lead[2] or lead[4], bool(lead[1])
    else:
        inner = _TIME.search(text)
        if not inner or re.search(r"[;,]", text[: inner.start()]):
            return
        body, found, on = text[: inner.start()], inner[2] or inner[4], bool(inner[1])
        tail = re.split(r"[,;:]| and | when | but | after | where | while ", text[inner.end() :])[0]
        body += tail if len(tail) < 60 else ""
    if len(body.split()) < 4:
        return
    clause = inverted(body, analysis)
    if clause:
        asked = "On which date" if on else "In which month and year" if " " in found else "In which year"
        yield f"{asked} {clause}?", found, "date"


_COUNT_LEAD = re.compile(r"^((?:In|At|By|During|Since|Among|On|For|From|Within|Of|As of)\b[^,]{2,60}, )?(.+)$")
_NOT_COUNTED = re.compile(
    r"(?:years?|months?|days?|percent|hundred|thousand|million|billion|trillion|to|and|or|in|at|minutes?|hours?|by|is|was|were|are|will|would|can|had|have|has|did)\b"
)
_COUNTED = re.compile(rf"^({HEDGE} )?({NUM}{SCALE}(?: ?%| percent| per cent)?) (of )?([a-z].{{12,}})$")


def ask_count(text: str, analysis: Analysis) -> Asked:
    """Turn "About 40% of adults smoke daily" into "About what percentage of adults smoke daily?"."""
    split = _COUNT_LEAD.match(text)
    if not split:
        return
    match = _COUNTED.match(_FURTHER_CLAUSE.split(split[2])[0])
    if not match or ":" in match[4] or _NOT_COUNTED.match(match[4]):
        return
    percentage = bool(re.search(r"%|percent|per cent", match[2]))
    if match[3] and not percentage:
        return
    hedge = f"{match[1].strip().lower()} " if match[1] else ""
    asked = f"{hedge}{'what percentage' if percentage else 'how many'} {match[3] or ''}{match[4]}?"
    lead = split[1] or ""
    question = f"{lead}{asked}" if lead else asked[0].upper() + asked[1:]
    yield question, match[2], "percentage" if percentage else "number"


def ask_how_many(text: str, analysis: Analysis) -> Asked:
    """Turn "The union has 28 member states" into "How many member states does the union have?"."""
    match = re.match(
        rf"^(.{{3,80}}?) (has|have|had|contains?|contained|includes?|included|comprises?) ({HEDGE} )?({NUM}{SCALE}|{SPELT}) "
        r"([a-z]+(?: [a-z]+){0,2}?)"
        r"(?=[,.;:(]| (?:of|in|on|at|with|that|which|who|and|for|from|to|per|as|by|such|called|known)\b|$)(.*)$",
        text,
    )
    if not match or not is_subject(match[1]) or match[5].split()[-1] in ("percent", "times", "or") or not match[5].endswith("s"):
        return
    do = "did" if match[2] in ("had", "contained", "included") else "does" if match[2].endswith("s") else "do"
    base = {"has": "have", "had": "have"}.get(match[2], re.sub(r"(?<=[nes])d$|s$", "", match[2]).replace("containe", "contain"))
    kind = "duration" if re.fullmatch(PERIOD, match[5].split()[-1]) else "number"
    yield f"How many {match[5]} {do} {lower_first(match[1], analysis)} {base}?", match[4], kind


def ask_what_is(text: str, analysis: Analysis) -> Asked:
    """Turn "The boiling point of water is 100 °C" into "What is the boiling point of water?"."""
    match = re.match(r"^(The .{8,90}?) (is|was) (?:about |approximately |roughly |nearly )?(.{1,40})$", text)
    if not match or not is_subject(match[1]):
        return
    for kind, _, pattern in QUANTITIES:
        if pattern.fullmatch(match[3]):
            yield f"What {match[2]} {lower_first(match[1], analysis)}?", match[3], kind
            return


def ask_who(text: str, analysis: Analysis) -> Asked:
    """Turn "Grace Hopper published the first compiler" into "Who or what published the first compiler?"."""
    match = re.match(
        rf"^(?:The )?((?:{NAME})(?: (?:of |the |de )?(?:{NAME})){{0,4}}) "
        rf"((?:was|is|were|are|has|had|{'|'.join(PAST)}) .{{25,}})$",
        text,
    )
    if not match or match[1].split()[0].lower() in analysis.lower | STOP | {"nor"}:
        return
    yield f"Who or what {match[2]}?", match[1], "name"


def ask_list(text: str, analysis: Analysis) -> Asked:
    """Turn "Bronze consists of copper, tin and lead" into "What does bronze consist of?"."""
    match = re.match(r"^(.{4,80}?) (consists? of|comprises?|includes?) ((?:[\w’' -]{2,40}, )+(?:and )?[\w’' -]{2,40})$", text)
    if match and is_subject(match[1]) and " and " in match[3]:
        does = "does" if match[2].split()[0].endswith("s") else "do"
        verb = re.sub(r"^(\w+?)s(?= |$)", r"\1", match[2])
        yield f"What {does} {lower_first(match[1], analysis)} {verb}?", match[3], "list"
