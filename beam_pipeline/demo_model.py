"""The model behind the demo endpoint: rules, not a neural network, doing the four tasks on real text.

It reads a request exactly as it is sent (system message, document between its tags, task line) and
answers what the task asks for, from the document's own sentences, deterministically. It is there
so that the pipeline can be tried, tested and timed without a GPU; its questions are correct and
checkable but plain, so do not train on them.

`answer(messages)` is the entry; one function per task does the work: `judge` (filter), `classify`,
`synthesize`, `verify`. What is computed once for a document (`analyse`, `facts`) is kept in a small
cache, because all calls for a document arrive close together.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import log
from typing import Any

from prompts import DOCUMENT_CLOSE, DOCUMENT_OPEN, STAGES, load_domains
from transforms.text import normalise, stable_seed

# A document of any size costs the same: what comes later is not read.
ANALYSED_CHARS = 40_000
CACHED_DOCUMENTS = 512
# Sentences searched for facts: enough for any number of personas, and bounded time on long texts.
SEARCHED_SENTENCES = 120


# --- the request -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One of the four tasks as it stands in a chat request; `fields` maps a tag to its text."""

    stage: str
    document: str
    fields: Mapping[str, str]
    system: str


_TASK_LINE = re.compile(r"Task: (\w+)")
_FIELD = re.compile(r"<(domain|persona|question|answer)>(.*?)</\1>", re.DOTALL)
_DOMAIN_LINE = re.compile(r'^ *- "(.+?)": (.*)$', re.MULTILINE)
_PERSONA_LIMIT = re.compile(r"up to (\d+) personas", re.IGNORECASE)


def parse_request(messages: Sequence[Mapping[str, Any]]) -> TaskRequest | None:
    """Read the task out of chat messages; None if they hold none of the four tasks."""
    content = str(messages[-1].get("content", "")) if messages else ""
    head, close, task = content.rpartition(DOCUMENT_CLOSE)
    match = _TASK_LINE.match(task)
    if not close or not head.startswith(DOCUMENT_OPEN) or not match or match[1] not in STAGES:
        return None
    system = "\n".join(str(message.get("content", "")) for message in messages[:-1] if message.get("role") == "system")
    return TaskRequest(match[1], head[len(DOCUMENT_OPEN) :], dict(_FIELD.findall(task)), system)


def is_task(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request is one of the four tasks."""
    return parse_request(messages) is not None


def answer(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The reply object for a request; None if the request is not one of the four tasks."""
    request = parse_request(messages)
    if request is None:
        return None
    match request.stage:
        case "filter":
            return judge(request.document)
        case "classify":
            return classify(request.document, request.system)
        case "synthesize":
            persona = request.fields.get("persona", "").strip()
            return synthesize(request.document, persona, request.fields.get("domain", "").strip())
        case _:
            return verify(request.document, request.fields.get("question", "").strip(), request.fields.get("answer", "").strip())


# --- the document, analysed once -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one line, and where it stands in the document: text[start:end]."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What every task wants to know of a document. `counts` holds lower-case words, `lower` those
    that occur uncapitalised, `terms` the main topics, most frequent first."""

    text: str
    sentences: tuple[Sentence, ...]
    counts: Mapping[str, int]
    lower: frozenset[str]
    title: str
    terms: tuple[str, ...]
    topic: str


_STOP = frozenset(
    """a about after all also although an and another any are as at be became because been before being between both but
    by can could did do does during each either even every few first for from further had has have he her here hers him his
    how however i if in into is it its itself just less like made make makes many may me might more most much must my near
    nearly neither no nor not now of off often on once one only onto or other others our out over own per rather s same
    second set shall she should since so some still such t than that the their theirs them themselves then there these
    they this those though three through thus to too toward two under until up upon us use used using very via was way we
    well were what when where whether which while who whom whose why will with within without would yet you your""".split()
)
# Frequent in any text, so never its topic.
_VAGUE = frozenset(
    """able according activity added address allow allows although amount answer answers area areas article background based
    become case cases chapter common complete completes conclusion conclusions consider contains different example
    examples figure find found following form general give given good group groups help high important include included
    includes including increase information kind know known large learn level line long main means method methods name names
    need needs new number objective order part parts people person place point possible problem provide provides purpose
    question questions related result results right section several show shown significant similar simple small something
    state states statement step steps student students table take term terms text thing things time times today type
    types value values want work works working world would year years day days life side until called says said image
    return import self none true false print href http https div param file files class import code function title
    patients patient study studies there their these where which while""".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LIST_MARK = re.compile(r"\s*(?:[-*+•#>|~:]|\d+[.)]|[a-z][.)]|`{3}|\\[A-Za-z]|\$\$)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W_a-z])|(?<=[。！？।])")
_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|No|vs|etc|e\.g|i\.e|Ex|Figs?|Eq|approx|Inc|Ltd|Co|Corp|Jr|Sr|al|cf|U\.S|U\.K)\.$"
)
_NAME = r"[A-Z][\w’'-]*[a-z\d][\w’'-]*|[A-Z]{2,}"
_NAMES = re.compile(rf"(?<=[a-z,;)] )(?:{_NAME})(?: (?:(?:of|the|de|von) )?(?:{_NAME})){{0,3}}")
_FRONT_MATTER_TITLE = re.compile(r"\A\s*-{3}\s*\n(?:.*\n)*?title: *[\"']?(.+?)[\"']?\s*\n")
_CHAPTER_MACRO = re.compile(r"\\(?:Chapter|chapter|section)\*?(?:\{[^{}]*\})?\{([^{}]+)\}")
_TITLE_TAIL = re.compile(r"\s+[|–—-]\s+.*$|\s*\((?:continued|part \w+)\)\.?$", re.IGNORECASE)
_CODE_TITLE = re.compile(r"[=(]\)?$|^import |^from |[{}<>]")
_GENERIC_TITLE = re.compile(
    r"(?:introduction|preface|summary|(?:chapter |key )?(?:summary|terms|review)|overview|contents|abstract|readme|"
    r"conclusions?|background|menu|home|news|skip to .*|chapter [ivxlc\d]+\.?|[ivxlc\d]+\.?|what is .*|how .*)",
    re.IGNORECASE,
)


def analyse(document: str) -> Analysis:
    """Analyse a document's first `ANALYSED_CHARS` characters."""
    return _analyse(document[:ANALYSED_CHARS])


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _analyse(text: str) -> Analysis:
    found = tuple(_sentences(text))
    all_words = _WORD.findall(text)
    counts = Counter(word.lower() for word in all_words)
    lower = frozenset(word for word in all_words if word[0].islower())
    title = _title(text)
    terms = _terms(text, counts)
    topic = title if title and len(title.split()) <= 7 else next(iter(terms), "")
    return Analysis(text, found, counts, lower, title, terms, topic)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans of paragraphs: single lines, with hard-wrapped lines joined to what they continue."""
    start = end = position = 0
    wrapped = False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if wrapped and bare and not _LIST_MARK.match(line):
            end = position + len(line)
        else:
            if end > start:
                yield start, end
            start, end = position, position + len(line)
        wrapped = 45 <= len(bare) <= 110  # a shorter line is a heading or the last, a longer one a paragraph
        position += len(line)
    if end > start:
        yield start, end


def _sentences(text: str) -> Iterator[Sentence]:
    for begin, stop in _blocks(text):
        start = begin
        for match in _SENTENCE_END.finditer(text, begin, stop):
            if not _ABBREVIATION.search(text, max(start, match.start() - 12), match.start()):
                yield from _sentence(text, start, match.end())
                start = match.end()
        yield from _sentence(text, start, stop)


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    raw = text[start:end]
    bare = raw.strip()
    if bare:
        start += raw.index(bare[0])
        yield Sentence(" ".join(bare.split()), start, start + len(bare))


def _title(text: str) -> str:
    """The heading that the text opens with; "" if it has none that says what the text is about."""
    match = _FRONT_MATTER_TITLE.match(text[:600]) or _CHAPTER_MACRO.search(text[:300])
    lines = [match[1]] if match else [line for line in text[:1500].splitlines() if line.strip()][:3]
    for line in lines:
        title = _TITLE_TAIL.sub("", re.sub(r"[*_`#]|^[^\w\"(]+", "", line)).strip()
        if not title or len(title) > 90 or len(title.split()) > 12 or title[-1] in ".;:,?" or not title[0].isalnum():
            return ""
        if not _GENERIC_TITLE.fullmatch(title) and _WORD.search(title) and not _CODE_TITLE.search(title):
            return title.title() if title.isupper() and len(title) > 8 else title
    return ""


def _terms(text: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Names, word pairs and words that come back most often, best first, none inside another."""
    scores: dict[str, float] = {}
    for phrase, count in Counter(_NAMES.findall(text)).items():
        if count > 1 and phrase.lower() not in _STOP | _VAGUE:
            scores[phrase] = count * 1.5
    content = {word for word, count in counts.items() if count > 1 and len(word) > 3 and word not in _STOP and word not in _VAGUE}
    pairs = Counter(f"{a} {b}" for a, b in re.findall(r"\b([a-z]{4,})(?= ([a-z]{4,})\b)", text) if a in content and b in content)
    scores |= {pair: count * 1.8 for pair, count in pairs.items() if count > 1 and not pair.split()[0].endswith("ly")}
    scores |= {word: counts[word] * 0.8 for word in content if len(word) > 4 and counts[word] > 2 and word.isascii()}
    chosen: list[str] = []
    for term in sorted(scores, key=lambda term: (-scores[term], text.find(term))):
        stems = {stem(word) for word in term.split()}
        if all(stems.isdisjoint(stem(word) for word in other.split()) for other in chosen):
            chosen.append(term)
        if len(chosen) == 8:
            break
    return tuple(chosen)


def stem(word: str) -> str:
    """A word without case and common endings, so that "Bridges" and "bridge" agree."""
    word = word.lower()
    for ending in ("ies", "ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "ing" else 3) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


# --- filter ----------------------------------------------------------------------------------------

_BROKEN = re.compile("[\u00c3\u00c2\u00c5\u00c4][\u0080-\u00bf\u0152-\u0192\u2013-\u203a\u20ac\u2122]|\ufffd")
_SITE_WORDS = re.compile(
    r"\b(?:cookies?|consent|einwilligung|datenschutz\w*|privacy policy|webseite|website verwendet|newsletter|sign in|log ?in|"
    r"subscribe|skip to|impressum|anmelden|registrieren|menu|abo|read more|all rights reserved)\b",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"\s*(?:def |class |import |from \w+|return\b|if .*:$|for .*:$|else:|try:|except|with |@|#include|public |private |static |"
    r"const |let |var |\$ |>>> |[\w.\[\]]+ [+|-]?= ?\S|[\w.]+\(.*\)?;?$|[{}()\]]+[;,]?$|//|/\*|\*/|<\w+)"
)

_CLOSED = re.compile(r"[.!?。।)\"'”*`:]$")
# Below this a text is judged as a possible fragment: does it open and close like a whole?
SHORT_CHARS = 400


def judge(document: str) -> dict[str, Any]:
    """Filter: does the document say enough, by itself, to prove an answer? Judged by its statistics."""
    reason = _fault(document)
    return {"qualified": not reason, "reason": reason or "ok"}


def _fault(document: str) -> str:
    """Why a document does not qualify; "" if it does."""
    analysis = analyse(document)
    text = analysis.text.strip()
    if sum(map(str.isalpha, text[:2000])) < 25 or len(_BROKEN.findall(text)) * 250 > len(text):
        return "not_informative"
    if len(_SITE_WORDS.findall(text)) * (160 if len(text) < 2000 else 60) > len(text):
        return "not_informative"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    short = len(text) < SHORT_CHARS and sum(bool(_CODE_LINE.match(line)) for line in lines) < 0.4 * len(lines)
    if short and next(filter(str.isalpha, text)).islower():
        return "not_self_contained"
    stated = sum(end - start for start, end in _statements(analysis))
    structured = sum(len(line) for line in lines if _CODE_LINE.match(line) or _states_quantity(line))
    repeated = 1 - len(set(lines)) / len(lines)
    if (stated + structured) < 0.25 * len(text) or (repeated > 0.5 and len(lines) > 20 and stated < 0.3 * len(text)):
        return "not_informative"
    return "not_self_contained" if short and not _CLOSED.search(text) else ""


def _statements(analysis: Analysis) -> Iterator[tuple[int, int]]:
    """Spans of what reads as a sentence: ends like one and is long enough to say something."""
    for sentence in analysis.sentences:
        closed = sentence.text.rstrip("\"'”’)]*_`")[-1:] in ".!?:;。！？।"
        spaced = sentence.text.count(" ")
        if (closed and spaced >= 5) or spaced >= 14 or (spaced < 5 and len(sentence.text) > 30 and not sentence.text.isascii()):
            yield sentence.start, sentence.end


def _states_quantity(line: str) -> bool:
    """Whether a line looks like a row of facts: an ingredient, a measurement, a formula, a list entry."""
    return bool(re.search(r"\d|[=≤≥∑∫√]|\\[a-z]+", line)) and len(line) > 8


# --- classify --------------------------------------------------------------------------------------

# A compact word list for each shipped domain (by slug), as stems; exemplar banks and descriptions add theirs.
_DOMAIN_WORDS = {
    "math": """theorem proof equation algebra integer polynomial matrix vector derivative integral probability statistic
        variance deviation hypothesis distribution random sample mean median geometry triangle angle exponent logarithm
        function variable sum fraction arithmetic calculus permutation combinatorics coordinate axis curve slope regression
        confidence interval null p-value degrees freedom chi-square binomial quantity symbol formula prime mathematics
        mathematical number infinite series limit proposition ellipse parabola conic real imaginary calculator primes outlier""",
    "technology_engineering": """engine machine steam turbine boiler electricity electric electronic circuit voltage current motor
        device software hardware computer digital network internet wireless radio signal construction bridge building
        concrete steel material design engineer engineering vehicle aircraft spacecraft rocket system platform website web
        user usability agile government service agency team launch prototype developer cloud security infrastructure
        encryption data dataset product piston cylinder valve pump telegraph alternating inventor patent tesla oxygen tank
        capsule module lunar automation robot packet switching server modular procurement api federal open-source deploy""",
    "coding": """python java javascript rust string list dictionary tuple variable function method class object loop array
        code program programming compiler library module import print syntax argument parameter return integer boolean
        float index iterate recursion exception debug script shell command file directory bash git repository install
        pip package dataframe pandas algorithm runtime api json interpreter keyword statement operator namespace inheritance
        slicing attribute instance constructor stdout docker pipeline cli readme github config tokenizer programmer""",
    "social_science": """history war empire king treaty revolution colonial parliament constitution election party law court
        legal rights political politics government democracy state nation policy society social sociology culture ethnic
        minority population immigrant migration religion church protestant catholic reform soldier army military
        battle troops dynasty century emperor conquest settler slavery treaty legislation citizen disobedience
        imperialism islamist communist colony kingdom territory province governor union act supreme justice psychology
        memory behavior cognitive gender identity anthropolog civilization huguenot norman mongol khan yuan police""",
    "natural_science": """physics chemistry biology cell molecule atom electron proton energy force motion velocity
        acceleration mass gravity species plant animal organism dna rna gene protein evolution bacteria membrane
        chloroplast photosynthesis oxygen hydrogen carbon acid reaction temperature geology rock fossil mineral planet
        star galaxy orbit earth ocean river climate rainforest forest ecosystem habitat marine jellyfish ctenophore larvae
        chemical compound element quantum particle newton thermodynamic wave light spectrum glacier basin sediment
        isotope mantle crust volcano ultraviolet cilia prey tentacle thylakoid algae magnetic immune lymphocyte antigen""",
    "travel_lifestyle": """travel trip hotel tourist visit beach restaurant recipe ingredient cook bake oven butter flour sugar
        salt pepper onion garlic chicken sauce tablespoon teaspoon tbsp tsp cup minute stir boil simmer chop serve serving
        prep dish dough cheese egg tomato rice soup salad fashion garden hobby house old-fashioned street city town lady
        hotel companion landscape traveler southern charming hospitality virginia drive cuisine museum attraction directions
        pasta meat potato vegetable flavor delicious taste spice oil pan skillet bowl dress mansion railroad hunt""",
    "commerce_economics": """market price demand supply firm business company consumer cost profit revenue tax trade export
        import currency inflation unemployment bank monetary fiscal policy economy economic economics investment investor
        stock bond capital finance financial debt interest rate wage labor income inequality wealth marketing customer
        product brand sales management manager employee entrepreneur corporation partnership competition monopoly
        tariff gdp budget accounting asset loan equity shareholder advertising retail supplier production equilibrium
        elasticity network broadcasting television abc output purchasing organizational leadership global""",
    "medicine_health": """patient disease syndrome symptom treatment therapy clinical diagnosis doctor hospital surgery drug
        medication dose cancer tumor blood heart kidney liver lung brain muscle nerve infection virus immune vaccine
        health healthcare medical medicine pharmacist pharmacy nurse disorder genetic mutation inherited chronic acute
        cohort trial mortality risk prevalence outcome therapeutic pain physician surgical postoperative ci odds
        randomized symptom hearing diabetes asthma pregnancy infant obesity diet cholesterol tissue bone skin prognosis
        gene affected autosomal recessive biopsy chemotherapy survival serum plasma screening""",
    "education": """student teacher school college university classroom course curriculum learning learner teaching study
        exam test grade degree academic campus education educational instructor professor lecture homework skill
        notes reading memory motivation career goal tutor advisor scholarship tuition enrollment graduate undergraduate faculty
        pupil kindergarten literacy pedagogy syllabus assignment time-management procrastination freshman major adviser
        private harvard class dormitory alumni success financial-aid resume internship mindset note-taking""",
    "other": """game team season player football super bowl championship coach quarterback touchdown league sport olympic
        film movie actor music album song band singer concert theatre novel poet painting artist museum broadcast
        episode character series doctor-who doctor tardis halftime stadium victory fan award religion god prayer bible temple
        news celebrity entertainment dance comedy drama festival trophy yard interception panthers broncos nfl museum
        sculpture gallery collection exhibition ceramics religious methodist bishop worship""",
}
# Three readers for each shipped domain, then some who read anything; {} is the document's topic.
_PERSONAS = {
    slug: tuple(readers.split("; "))
    for slug, readers in {
        "math": "student revising {}; lecturer preparing an exercise on {}; data analyst applying {}",
        "technology_engineering": "engineer comparing options for {}; project lead responsible for {}; technical historian of {}",
        "coding": "developer new to {}; code reviewer checking the use of {}; instructor writing a tutorial on {}",
        "social_science": "history student working on {}; policy analyst summarising {}; museum guide explaining {}",
        "natural_science": "field researcher working on {}; science teacher planning lessons on {}; journalist covering {}",
        "travel_lifestyle": "home reader trying out {}; magazine editor checking facts about {}; traveller curious about {}",
        "commerce_economics": "economics student revising {}; business analyst reporting on {}; founder planning for {}",
        "medicine_health": "clinician reviewing evidence on {}; medical student learning about {}; carer reading up on {}",
        "education": "first-year student dealing with {}; counsellor advising on {}; education researcher studying {}",
        "other": "quiz author collecting facts about {}; journalist checking a story on {}; fan who reads everything on {}",
    }.items()
}
_ANY_PERSONAS = (
    "newcomer to the subject of {}",
    "reporter checking facts about {}",
    "archivist describing material on {}",
    "trainer preparing a course about {}",
    "editor of a reference work on {}",
    "consultant asked about {}",
)
_INTERESTS = (
    "Wants the exact facts about {} in order to use them without looking further.",
    "Has to explain {} to others and needs figures and names that are right.",
    "Compares what is said of {} with other sources and looks for what can be checked.",
)
DEFAULT_MAX_PERSONAS = 3


def classify(document: str, system: str) -> dict[str, Any]:
    """Classify: the best-fitting domain of those listed in the system message, and its readers."""
    domain = _domain(document, _domain_lines(system))
    limit = _PERSONA_LIMIT.search(system)
    return {"domain": domain, "personas": personas(document, domain, int(limit[1]) if limit else DEFAULT_MAX_PERSONAS)}


def personas(document: str, domain: str, limit: int) -> list[dict[str, str]]:
    """Up to `limit` distinct readers of the document, named after its own topics."""
    analysis = analyse(document)
    slug = {known.name: known.slug for known in _shipped()}.get(domain, "")
    topics = [topic for topic in dict.fromkeys((analysis.topic, *analysis.terms)) if topic] or [domain.lower()]
    found = []
    for number, template in enumerate((_PERSONAS.get(slug, ()) + _ANY_PERSONAS)[: max(limit, 1)]):
        about = topics[0] if number == 0 else topics[number % len(topics)]
        found.append({"name": template.format(topics[0]), "interest": _INTERESTS[number % len(_INTERESTS)].format(about)})
    return found


@lru_cache(maxsize=1)
def _shipped() -> tuple[Any, ...]:
    return load_domains()


@lru_cache(maxsize=16)
def _domain_lines(system: str) -> tuple[tuple[str, str], ...]:
    """(name, description) of the domains that a system message lists, else of the shipped ones."""
    return tuple(_DOMAIN_LINE.findall(system)) or tuple((domain.name, domain.description) for domain in _shipped())


def _domain(document: str, listed: tuple[tuple[str, str], ...]) -> str:
    evidence = _evidence(listed)
    analysis = analyse(document)
    scores = [0.0] * len(listed)
    for word, count in _stem_counts(analysis.text).items():
        for number, weight in evidence.get(word, ()):
            scores[number] += weight * (1 + log(count))
    for word in {stem(word) for word in analysis.title.split()}:
        for number, weight in evidence.get(word, ()):
            scores[number] += 2 * weight
    # With no evidence at all the last of the list, by custom the catch-all, is the honest choice.
    best = max(scores, default=0.0)
    return listed[scores.index(best) if best > 0 else -1][0]


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _stem_counts(text: str) -> Mapping[str, int]:
    return Counter(map(stem, _WORD.findall(text[:12_000])))


@lru_cache(maxsize=16)
def _evidence(listed: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[tuple[int, float], ...]]:
    """word stem -> (index of the domain, weight); a word that many domains share weighs less."""
    slugs = {domain.name: domain.slug for domain in _shipped()}
    weights: dict[str, dict[int, float]] = {}
    for number, (name, description) in enumerate(listed):
        slug = slugs.get(name, "")
        for source, weight in (
            (f"{name} {description}", 1.5 if slug else 3.0),
            (_DOMAIN_WORDS.get(slug, ""), 2.0),
            (_exemplar_text(slug), 0.5),
        ):
            for word in {stem(word) for word in _WORD.findall(source) if word.lower() not in _STOP and len(word) > 2}:
                held = weights.setdefault(word, {})
                held[number] = max(held.get(number, 0.0), weight)
    return {word: tuple((number, weight / len(held) ** 0.7) for number, weight in held.items()) for word, held in weights.items()}


def _exemplar_text(slug: str) -> str:
    """What the exemplar bank of a domain says; "" where there is no bank."""
    bank = resources.files("prompts") / "exemplars" / f"{slug}.jsonl"
    if not slug or not bank.is_file():
        return ""
    rows = [json.loads(line) for line in bank.read_text("utf-8").splitlines() if line.strip()]
    return " ".join(f"{row.get('persona', '')} {row.get('passage', '')} {row.get('question', '')}" for row in rows)


# --- synthesize ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that a sentence of the document answers; `score` ranks how natural it reads."""

    question: str
    answer: str
    answer_type: str
    score: float
    position: int


def synthesize(document: str, persona: str, domain: str = "") -> dict[str, Any]:
    """Synthesize: the persona's question and its answer; both empty if there is nothing to ask.

    Personas that `classify` gave for this document get different facts; any other persona gets one
    that its own text decides.
    """
    found = facts(document)
    named = [reader["name"] for reader in personas(document, domain, len(_ANY_PERSONAS))]
    number = next((number for number, name in enumerate(named) if name in persona), None)
    if number is None and found:
        number = stable_seed("persona", persona, found[0].question) % len(found)
    if number is None or number >= len(found):
        return {"question": "", "answer": "", "answer_type": "term", "aliases": []}
    fact = found[number]
    return {"question": fact.question, "answer": fact.answer, "answer_type": fact.answer_type, "aliases": _aliases(fact)}


def _aliases(fact: Fact) -> list[str]:
    """Other spellings that mean the same: "40 percent" for "40%"."""
    match = re.fullmatch(r"([\d.,]+) ?(%|percent|per cent)", fact.answer)
    if fact.answer_type == "percentage" and match:
        return [f"{match[1]} percent" if match[2] == "%" else f"{match[1]}%"]
    return []


def facts(document: str) -> tuple[Fact, ...]:
    """Facts that can be asked for, best first: one a sentence, kinds of answer mixed."""
    return _facts(document[:ANALYSED_CHARS])


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _facts(text: str) -> tuple[Fact, ...]:
    analysis = _analyse(text)
    candidates = [*_line_facts(analysis), *_code_facts(analysis), *_sentence_facts(analysis)]
    best: dict[int, Fact] = {}
    for fact in candidates:
        if fact.position not in best or fact.score > best[fact.position].score:
            best[fact.position] = fact
    return tuple(_mixed(list(best.values())))


def _mixed(pool: list[Fact]) -> Iterator[Fact]:
    """Order facts by score, each further one of a kind a little lower, no answer twice."""
    taken: Counter[str] = Counter()
    answers: set[str] = set()
    while pool:
        fact = max(pool, key=lambda fact: (fact.score - 0.6 * taken[fact.answer_type], -fact.position))
        pool.remove(fact)
        if normalise(fact.answer) not in answers:
            answers.add(normalise(fact.answer))
            taken[fact.answer_type] += 1
            yield fact


# What makes a sentence lean on its neighbours, so that no question from it can stand alone ...
_LEANS = re.compile(
    r"\b(?:[Tt]his|[Tt]hese|above|below|following|previous|previously|aforementioned|[Cc]hapters?|[Ss]ections?|[Ff]igures?|Fig|"
    r"[Tt]ables?|[Ee]quations?|[Ee]xercises?|pages?|here|I|I’m|I’d|I’ve|my|me|mine|latter|former|to-day|"
    r"authors?|article|text|passage|paper|book|respectively|aforesaid|post|yesterday|tomorrow)\b"
)
# ... or lean a little: it speaks to its reader, or from its own day. Quoted whole it can still be asked about.
_SPEAKS = re.compile(r"\b(?:[Ww]e|[Oo]urs?|us|[Yy]ou|[Yy]our|[Tt]oday|[Rr]ecently|[Nn]ow|[Cc]urrently|ago)\b")
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her)\b")
_DANGLING = re.compile(
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


def _sentence_facts(analysis: Analysis) -> Iterator[Fact]:
    usable = 0
    if not _english(analysis):
        return
    for sentence in analysis.sentences:
        if not 30 < len(sentence.text) < 320:
            continue
        plain = _plain(sentence.text)
        if not plain or _LEANS.search(plain) or _nameless(plain, analysis):
            continue
        usable += 1
        if usable > SEARCHED_SENTENCES:
            return
        leaning = bool(_SPEAKS.search(plain))
        for form, score in _FORMS:
            if leaning and score > 2.0:
                continue
            for question, raw, kind in form(plain, analysis):
                found = raw.strip(" \"'“”‘,;")
                asked = _placed(question, found, analysis, quoted=form in _CLOZES)
                if asked and _sound(asked, found, kind) and normalise(found) in normalise(sentence.text):
                    yield Fact(asked, found, kind, score - leaning - sentence.start / 200_000, sentence.start)
                    break


def _english(analysis: Analysis) -> bool:
    """Whether the question forms, which are English, fit the document's language."""
    common = sum(analysis.counts.get(word, 0) for word in ("the", "of", "and", "to", "is", "with"))
    return common > 0.06 * sum(analysis.counts.values())


def _plain(sentence: str) -> str:
    """A sentence without markup, connectors and full stop; "" if it cannot stand alone."""
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
    return "" if unbalanced or not opens or _DANGLING.match(text) or _MARKUP.search(text) else text


def _nameless(text: str, analysis: Analysis) -> bool:
    """Whether a "he" or "she" comes before any name it could stand for."""
    pronoun = _PRONOUN.search(text)
    names = re.findall(r"\b[A-Z][a-z]{2,}", text[: pronoun.start()]) if pronoun else ["-"]
    return all(re.fullmatch(_MONTH, name) or name.lower() in analysis.lower | _STOP for name in names)


def _placed(question: str, found: str, analysis: Analysis, quoted: bool) -> str:
    """The question with its subject named; "" if that cannot be done without giving the answer away."""
    hidden = {stem(word) for word in _WORD.findall(found)} | set(re.findall(r"\d+", found))
    topic = next(
        (
            topic
            for topic in (analysis.topic, *(term for term in analysis.terms if " " in term or term[0].isupper()))
            if topic and hidden.isdisjoint({stem(word) for word in _WORD.findall(topic)} | set(re.findall(r"\d+", topic)))
        ),
        "",
    )
    if quoted:
        return question.replace("{about}", f" about {topic}" if topic else "")
    said = {stem(word) for word in _WORD.findall(question)}
    named = re.search(r"(?<!^)\b[A-Z][a-z]+", question)
    if not topic or {stem(word) for word in _WORD.findall(topic)} <= said:
        return question if named or len(said - _STOP) > 4 else ""
    if named and len(said) > 8:
        return question
    return f"In the context of {topic}, {_lower_first(question, analysis)}"


def _sound(question: str, found: str, kind: str) -> bool:
    """Whether a pair is worth asking: answer short and hidden, question of a reasonable length."""
    count = len(found.split())
    limit = 16 if kind == "list" else 7
    if not found or count > limit or not 5 <= len(question.split()) <= 60:
        return False
    if leaks(question, found) or _REFERS.search(question):
        return False
    said = {stem(word) for word in _WORD.findall(question)}
    hidden = {stem(word) for word in _WORD.findall(found) if len(word) > 3 and word.lower() not in _STOP}
    return kind in ("number", "duration", "percentage", "money", "date") or hidden.isdisjoint(said)


def _lower_first(text: str, analysis: Analysis) -> str:
    """Uncapitalise the first word unless it is a name: a word that the document writes in capitals only."""
    first = re.match(r"[A-Za-z]+", text)
    if not first or (len(first[0]) > 1 and not first[0][1:].islower()):
        return text
    word = first[0].lower()
    return word + text[len(first[0]) :] if word in _STOP or word in analysis.lower else text


Asked = Iterator[tuple[str, str, str]]  # question, answer, answer type

_NUM = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SCALE = r"(?: (?:hundred|thousand|million|billion|trillion))?"
_SPELT = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundreds?)"
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = rf"(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?, \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}|{_MONTH} \d{{4}})"
_YEAR = r"(?:1[0-9]|20)\d\d"
_PERIOD = r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|decades?|centuries)"
_UNIT = (
    r"(?:km²?|cm|mm|kg|mg|ml|g|lbs?|pounds?|ounces?|miles?|feet|foot|ft|inch(?:es)?|yards?|met(?:er|re)s?|kilomet(?:er|re)s?|"
    r"°C|°F|degrees(?: Celsius| Fahrenheit)?|[MG]Hz|volts?|watts?|kW|MW|[KMGT]B|bits?|bytes?|lit(?:er|re)s?|gallons?|cups?|"
    r"tbsp|tsp|tablespoons?|teaspoons?|acres|hectares|tons?|tonnes|square (?:miles|feet|kilomet(?:er|re)s|meters)|times)\b"
)
_HEDGE = (
    r"(?:[Aa]bout|[Aa]pproximately|[Rr]oughly|[Nn]early|[Aa]lmost|[Aa]round|[Oo]ver|[Mm]ore than|[Aa]t least|[Ll]ess than|"
    r"[Uu]p to)"
)
_ALONE = r"(?<![-–/.\w$€£])"  # no digit, sign or letter just before: not the tail of a range or of a name
_IN_YEAR = "|".join(rf"(?<=\b{word} )" for word in ("[IiOo]n", "[Ff]rom", "[Ss]ince", "[Uu]ntil", "[Bb]y"))
# (answer type, what the question calls it, pattern), the most telling first.
_QUANTITIES = (
    ("money", "amount of money", re.compile(rf"(?:US)?[$€£¥] ?{_NUM}{_SCALE}|\b{_NUM}{_SCALE} (?:dollars|euros|pounds)\b")),
    ("percentage", "percentage", re.compile(rf"{_ALONE}(?<!±)(?:{_NUM} ?(?:-|–|to) ?)?{_NUM} ?(?:%|percent\b|per cent\b)")),
    ("date", "date", re.compile(rf"\b{_DATE}\b")),
    ("duration", "length of time", re.compile(rf"{_ALONE}(?<!,)(?:{_NUM}|{_SPELT}) {_PERIOD}\b")),
    ("number", "quantity", re.compile(rf"{_ALONE}{_NUM}{_SCALE} ?{_UNIT}(?! \d)")),
    ("date", "year", re.compile(rf"(?:{_IN_YEAR}){_YEAR}\b(?![-–]|s\b)")),
    ("number", "number", re.compile(rf"{_ALONE}(?<!:)\b{_NUM}{_SCALE}\b(?![-–/%:]| ?(?:%|percent|AM|PM|am|pm))")),
)
_AUX = re.compile(r"^(.{2,90}?) (was|were|is|are|can|could|will|has|have|had|must|may|should) (.+)$")
_NOT_SUBJECT = re.compile(
    r"[,;:]|\b(?:that|which|who|whom|when|where|if|because|although|while|as|than|and|or|but|not|said|found|showed|has|have|had|"
    r"does|do|did|says|shows|means|makes|there|it|they|what|how|if|[a-z]+ed)\b(?! [A-Z])"
)
_PAST = dict(
    pair.split(":")
    for pair in """became:become began:begin won:win wrote:write made:make led:lead built:build took:take gave:give lost:lose
    moved:move opened:open founded:found established:establish created:create published:publish introduced:introduce
    developed:develop released:release received:receive signed:sign launched:launch announced:announce adopted:adopt
    passed:pass died:die joined:join started:start ended:end discovered:discover invented:invent defeated:defeat
    conquered:conquer purchased:purchase bought:buy sold:sell returned:return arrived:arrive appeared:appear
    completed:complete changed:change proposed:propose hosted:host played:play agreed:agree ordered:order issued:issue
    declared:declare left:leave came:come went:go held:hold reached:reach acquired:acquire produced:produce served:serve
    merged:merge graduated:graduate married:marry visited:visit settled:settle formed:form designed:design
    demonstrated:demonstrate proved:prove described:describe published:publish ruled:rule invaded:invade
    expanded:expand attended:attend obtained:obtain aired:air premiered:premiere granted:grant abolished:abolish
    replaced:replace renamed:rename banned:ban seized:seize captured:capture entered:enter offered:offer ran:run
    set:set broke:break rose:rise fell:fall grew:grow found:find met:meet sent:send spent:spend brought:bring""".split()
)
_PAST_CLAUSE = re.compile(rf"^(.{{2,70}}?) ((?:{'|'.join(_PAST)})) (.+)$")
_TIME = re.compile(rf",? (?:(on) ({_DATE})|(in) ({_MONTH} \d{{4}}|{_YEAR}))(?![-–\d]|s\b)(?: BC| AD)?")
_TIME_LEAD = re.compile(rf"^(?:(On) ({_DATE})|(In) ({_MONTH} \d{{4}}|{_YEAR})), (.+)$")


def _subject(text: str) -> bool:
    """Whether a text can be the whole subject of a clause: no verb, no clause boundary, not too long."""
    return len(text.split()) <= 10 and not _NOT_SUBJECT.search(text) and not re.search(r"\b(?:also|only|in|of|to|for)$", text)


# "The X is the same / the case / a key ...": a remark on X, not what X is.
_NO_DEFINITION = frozenset("only same case main reason result key following most number few lot good".split())


def _ask_definition(text: str, analysis: Analysis) -> Asked:
    """Turn "Dumping is the practice of ..." into "What is the term for the practice of ...?"."""
    match = re.match(
        r"^(?:An? )?((?:[\w’'()-]+ ){1,5})(is|are|describes|refers to|means) (an? |the |any )?(.{25,230})$",
        _FURTHER_STATEMENT.split(text)[0],
    )
    if not match or (match[2] in ("is", "are") and not match[3]):
        return
    term = re.sub(r"\s*\([^()]*\)$", "", match[1].strip())
    if not _subject(term) or len(term.split()) > 4 or _DANGLING.match(term) or re.search(r"\b(?:of|in|to|for|on|by)\b|\d", term):
        return
    if term.split()[0].lower() in _STOP or match[4].split()[0].lower() in _NO_DEFINITION:
        return
    named = all(word[0].isupper() and word.lower() not in analysis.lower for word in term.split())
    rest = f"{match[3] or ''}{match[4]}"
    if named:
        yield f'Which name fits the description "{rest}"?', term, "name"
    else:
        shown = term if term.lower() not in analysis.lower else term[0].lower() + term[1:]
        term = shown if normalise(shown) else term
        yield f"What is the term for {rest}?", term, "term"


def _ask_called(text: str, analysis: Analysis) -> Asked:
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
        subject = _lower_first(match[1], analysis)
        adverb = (match[3] or "").strip()
        verb = "referred to" if match[4] == "referred to as" else verb
        yield f"{lead} {match[2]} {subject} {adverb + ' ' if adverb else ''}{verb}?", match[5], "term"


def _ask_when(text: str, analysis: Analysis) -> Asked:
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
    clause = _inverted(body, analysis)
    if clause:
        asked = "On which date" if on else "In which month and year" if " " in found else "In which year"
        yield f"{asked} {clause}?", found, "date"


def _inverted(body: str, analysis: Analysis) -> str:
    """A statement in the order of a question: "X was built" -> "was X built"; "" if the verb is not sure."""
    past, aux = _PAST_CLAUSE.match(body), _AUX.match(body)
    if aux and _subject(aux[1]) and (aux[2] not in ("has", "have", "had") or re.match(r"been |[a-z]+ed ", aux[3])):
        return f"{aux[2]} {_lower_first(aux[1], analysis)} {aux[3]}"
    if past and _subject(past[1]):
        return f"did {_lower_first(past[1], analysis)} {_PAST[past[2]]} {past[3]}"
    return ""


_COUNT_LEAD = re.compile(r"^((?:In|At|By|During|Since|Among|On|For|From|Within|Of|As of)\b[^,]{2,60}, )?(.+)$")


_NOT_COUNTED = re.compile(
    r"(?:years?|months?|days?|percent|hundred|thousand|million|billion|trillion|to|and|or|in|at|minutes?|hours?|by|is|was|were|are|will|would|can|had|have|has|did)\b"
)
# Where a sentence goes on to something else, which a question about its first clause must not drag along.
_FURTHER_CLAUSE = re.compile(
    r"; |, (?:while|whereas|but|and|so|which|though|although|with|who|where)\b"
    r"| (?:and|but) (?:the|it|its|he|she|they|was|were|in)\b"
)
_FURTHER_STATEMENT = re.compile(r"; |, (?:so|but|while|whereas|although|(?:and|or) (?:is|are|it|they|the))\b")
_COUNTED = re.compile(rf"^({_HEDGE} )?({_NUM}{_SCALE}(?: ?%| percent| per cent)?) (of )?([a-z].{{12,}})$")


def _ask_count(text: str, analysis: Analysis) -> Asked:
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


def _ask_how_many(text: str, analysis: Analysis) -> Asked:
    """Turn "The union has 28 member states" into "How many member states does the union have?"."""
    match = re.match(
        rf"^(.{{3,80}}?) (has|have|had|contains?|contained|includes?|included|comprises?) ({_HEDGE} )?({_NUM}{_SCALE}|{_SPELT}) "
        r"([a-z]+(?: [a-z]+){0,2}?)"
        r"(?=[,.;:(]| (?:of|in|on|at|with|that|which|who|and|for|from|to|per|as|by|such|called|known)\b|$)(.*)$",
        text,
    )
    if not match or not _subject(match[1]) or match[5].split()[-1] in ("percent", "times", "or") or not match[5].endswith("s"):
        return
    do = "did" if match[2] in ("had", "contained", "included") else "does" if match[2].endswith("s") else "do"
    base = {"has": "have", "had": "have"}.get(match[2], re.sub(r"(?<=[nes])d$|s$", "", match[2]).replace("containe", "contain"))
    kind = "duration" if re.fullmatch(_PERIOD, match[5].split()[-1]) else "number"
    yield f"How many {match[5]} {do} {_lower_first(match[1], analysis)} {base}?", match[4], kind


def _ask_what_is(text: str, analysis: Analysis) -> Asked:
    """Turn "The boiling point of water is 100 °C" into "What is the boiling point of water?"."""
    match = re.match(r"^(The .{8,90}?) (is|was) (?:about |approximately |roughly |nearly )?(.{1,40})$", text)
    if not match or not _subject(match[1]):
        return
    for kind, _, pattern in _QUANTITIES:
        if pattern.fullmatch(match[3]):
            yield f"What {match[2]} {_lower_first(match[1], analysis)}?", match[3], kind
            return


def _ask_who(text: str, analysis: Analysis) -> Asked:
    """Turn "Grace Hopper published the first compiler" into "Who or what published the first compiler?"."""
    match = re.match(
        rf"^(?:The )?((?:{_NAME})(?: (?:of |the |de )?(?:{_NAME})){{0,4}}) "
        rf"((?:was|is|were|are|has|had|{'|'.join(_PAST)}) .{{25,}})$",
        text,
    )
    if not match or match[1].split()[0].lower() in analysis.lower | _STOP | {"nor"}:
        return
    yield f"Who or what {match[2]}?", match[1], "name"


def _ask_list(text: str, analysis: Analysis) -> Asked:
    """Turn "Bronze consists of copper, tin and lead" into "What does bronze consist of?"."""
    match = re.match(r"^(.{4,80}?) (consists? of|comprises?|includes?) ((?:[\w’' -]{2,40}, )+(?:and )?[\w’' -]{2,40})$", text)
    if match and _subject(match[1]) and " and " in match[3]:
        does = "does" if match[2].split()[0].endswith("s") else "do"
        verb = re.sub(r"^(\w+?)s(?= |$)", r"\1", match[2])
        yield f"What {does} {_lower_first(match[1], analysis)} {verb}?", match[3], "list"


_CODE_SPAN = re.compile(r"`([^`\s]{2,40})`|(?<![\w.])([a-z_][\w.]*\(\))")


def _cloze_code(text: str, analysis: Analysis) -> Asked:
    """A sentence that names an identifier, with the identifier left out."""
    for match in _CODE_SPAN.finditer(text):
        found = match[1] or match[2]
        if re.search(r"\w", found):
            yield _cloze("identifier or command", text, match.start(), match.end()), found, "code"


# "Super Bowl 50", "line 10": the number is part of a name.
_LABEL = re.compile(r"[A-Z][\w-]*|lines?|steps?|questions?|problems?|items?|part|level|No\.|type|version|grade|group|state|year")


def _cloze_quantity(text: str, analysis: Analysis) -> Asked:
    """A sentence that states a quantity or a date, with it left out."""
    for kind, noun, pattern in _QUANTITIES:
        for match in pattern.finditer(text):
            before = text[: match.start()].rsplit(" ", 2)[-2:]
            labelled = bool(before) and (_LABEL.fullmatch(before[0]) and match.start() > len(before[0]) + 1)
            if not (noun == "number" and (labelled or len(match[0]) == 1)):
                yield _cloze(noun, text, match.start(), match.end()), match[0], kind


_PLACE_BEFORE = re.compile(
    r"\b(?:located in|born in|held in|held at|city of|town of|capital of|river|near|(?:north|south|east|west) of)\s$"
)


def _cloze_name(text: str, analysis: Analysis) -> Asked:
    """A sentence with a name in it, the name left out."""
    headline = sum(word[0].isupper() for word in text.split()) > 0.45 * len(text.split())
    for match in _NAMES.finditer(text):
        place = bool(_PLACE_BEFORE.search(text[: match.start()]))
        if (place or (" " in match[0] and len(match[0]) > 6)) and not headline:
            kind = "place" if place else "name"
            yield _cloze(kind, text, match.start(), match.end()), match[0], kind


def _cloze_term(text: str, analysis: Analysis) -> Asked:
    """A sentence about one of the document's main terms, the term left out."""
    for term in analysis.terms:
        match = re.search(rf"\b{re.escape(term)}\b", text)
        if match and len(term) > 5 and " " in term and match.start() > 0:
            yield _cloze("term", text, match.start(), match.end()), match[0], "term"


def _cloze(noun: str, text: str, start: int, end: int) -> str:
    blank = f"{text[:start]}____{text[end:]}".replace("`", "").replace('"', "'")
    return f'Which {noun} completes this statement{{about}}: "{blank}."?'


# How to ask, with a score for how natural the result reads; only clozes (2.0 and less) may lean on context.
_CLOZES = (_cloze_code, _cloze_quantity, _cloze_name, _cloze_term)
_FORMS = (
    (_ask_count, 4.2),
    (_ask_when, 4.0),
    (_ask_called, 4.0),
    (_ask_how_many, 3.8),
    (_ask_what_is, 3.6),
    (_ask_definition, 3.4),
    (_ask_list, 3.2),
    (_ask_who, 2.8),
    (_cloze_quantity, 2.0),
    (_cloze_code, 1.9),
    (_cloze_name, 1.6),
    (_cloze_term, 0.6),
)

_INGREDIENT = re.compile(
    r"^\s*[-*]\s+(?P<amount>(?:\d[\d./–-]*|½|¼|¾|1½)(?:\s?(?:x\s?\d+\s?\w+|"
    r"(?:gm?|kg|mg|ml|cl|dl|l|lbs?|oz|cups?|tbsps?|tsps?|tablespoons?|teaspoons?|grams?|cloves?|cans?|slices?|pinch(?:es)?|litres?)\b))?)"
    r"\s+(?:of\s+)?(?P<what>[A-Za-z][A-Za-z -]{2,40}?)\s*(?:[,(;/.].*)?$",
    re.MULTILINE,
)
_RECIPE_LINE = re.compile(
    r"(?P<what>Prep(?:aration)? time|Cook(?:ing)? time|Total time|Servings?)\W{0,4}:\s*(?P<amount>\d[\w –-]{0,20}?)\s*$",
    re.MULTILINE | re.IGNORECASE,
)


def _line_facts(analysis: Analysis) -> Iterator[Fact]:
    """Facts in lines that are no sentences: a recipe's times and amounts."""
    dish = analysis.title
    if not dish or not re.search(r"ingredients", analysis.text, re.IGNORECASE):
        return
    for match in _RECIPE_LINE.finditer(analysis.text):
        what = match["what"].lower()
        if what.startswith("serving"):
            question, kind = f"How many servings does the recipe for {dish} make?", "number"
        else:
            question, kind = f"How long is the {what} in the recipe for {dish}?", "duration"
        yield Fact(question, match["amount"], kind, 3.9, match.start())
    for match in _INGREDIENT.finditer(analysis.text):
        what = match["what"].strip()
        plain = match["amount"].replace(" ", "").isdigit()
        question = f"How {'many' if plain else 'much'} {what} does the recipe for {dish} call for?"
        countable = what.endswith("s") or not plain
        if countable and what.split()[0].lower() not in _STOP and not leaks(question, match["amount"]):
            yield Fact(question, match["amount"], "number", 3.7, match.start())


_DOCUMENTED = re.compile(
    r"^[ \t]*(?P<kind>def|class) (?P<name>\w+)[^\n]*(?:\n[^\n\"']*)??\n"
    r"\s*(?:\"\"\"|''')\s*(?P<what>[A-Z][^\"\n]{15,140}?)\.?\s*(?:\"\"\"|'''|\n)",
    re.MULTILINE,
)
_CONSTANT = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]{3,30})\s*=\s*(?P<value>[\w.\"'/-]{1,40})\s*(?:#.*)?$", re.MULTILINE)
_DEFINED = re.compile(r"^class (?P<name>\w+)\((?P<base>[\w.]{3,40})\):", re.MULTILINE)


def _code_facts(analysis: Analysis) -> Iterator[Fact]:
    """Facts in source code: what a function is for, which value a constant has, what a class extends."""
    if "def " not in analysis.text and "class " not in analysis.text:
        return
    module = _module(analysis)
    for match in _DOCUMENTED.finditer(analysis.text):
        noun = "function or method" if match["kind"] == "def" else "class"
        question = f'In Python code{module}, which {noun} is documented as "{match["what"]}"?'
        if _sound(question, match["name"], "code"):
            yield Fact(question, match["name"], "code", 3.0, match.start())
    for match in _CONSTANT.finditer(analysis.text):
        question = f"In Python code{module}, which value is assigned to the constant {match['name']}?"
        if _sound(question, match["value"], "code"):
            yield Fact(question, match["value"], "code", 2.6, match.start())
    for match in _DEFINED.finditer(analysis.text):
        question = f"In Python code{module}, which class does {match['name']} inherit from?"
        if match["base"] != "object" and _sound(question, match["base"], "code"):
            yield Fact(question, match["base"], "code", 2.7, match.start())


def _module(analysis: Analysis) -> str:
    """The words " that uses NAME" for the package that a piece of code imports most, to say which code is meant."""
    packages = Counter(re.findall(r"^\s*(?:from|import) (\w+)", analysis.text, re.MULTILINE))
    named = [package for package, _ in packages.most_common() if package not in ("__future__", "typing", "sys", "os", "re")]
    return f" that uses {named[0]}" if named else ""


# --- verify ----------------------------------------------------------------------------------------

_REFERS = re.compile(
    r"\b(?:the|this|that|given|above) (?:\w+ )?(?:text|passage|article|document|excerpt|author|study|paper|page|section|"
    r"chapter)\b"
    r"|\b(?:mentioned|described|shown|listed) (?:above|below|here)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(r"(?:It|He|She|They|This|That|These|Those|Its|His|Her|Their)\b")
_HARM = re.compile(r"\b(?:nerve agent|pipe bomb|(?:build|make) a bomb|social security number|credit card number)\b", re.I)
# Words of our own question forms and of any question; they prove nothing.
_FRAME = frozenset(
    stem(word)
    for word in """which what how many much year date month term name place number quantity amount length percentage completes
        statement context identifier command code python fits description documented value assigned constant recipe call time
        long function method class inherit""".split()
)
MIN_OVERLAP = 0.6


def verify(document: str, question: str, found: str) -> dict[str, Any]:
    """Verify: find the words that prove the answer; judge leakage and whether the question stands alone."""
    analysis = analyse(document)
    quote, overlap = _proof(analysis, question, found)
    return {
        "quote": quote,
        "correct": overlap >= MIN_OVERLAP,
        "leaks": leaks(question, found),
        "self_contained": bool(question) and not _REFERS.search(question) and not _POINTS.match(question),
        "safe": not _HARM.search(f"{question} {found}"),
    }


def leaks(question: str, found: str) -> bool:
    """Whether the answer stands in the question as words of its own; choices and yes/no do not count."""
    hidden, asked = normalise(found), normalise(question)
    if not hidden or hidden in ("yes", "no") or re.search(rf"\bor {re.escape(hidden)}\b|\b{re.escape(hidden)},? or\b", asked):
        return False
    return _bounded(hidden).search(asked) is not None


def _bounded(needle: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(needle)}(?!\w)")


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _searchable(text: str) -> tuple[str, ...]:
    """The document's sentences, each normalised for matching."""
    return tuple(normalise(sentence.text) for sentence in _analyse(text).sentences)


def _proof(analysis: Analysis, question: str, found: str) -> tuple[str, float]:
    """The words that have the answer and most of the question's content words, and the share they have.

    A sentence, or two neighbours where one is not enough (a heading and its line, a signature and its docstring).
    """
    needle = normalise(found)
    if not needle:
        return "", 0.0
    asked = _content(question) - _FRAME
    near = _content(f"{analysis.title} {' '.join(analysis.terms)}")
    pattern = _bounded(needle)
    # `in` first: most sentences do not have the answer, and it is much cheaper than a pattern.
    holding = [
        number
        for number, text in enumerate(_searchable(analysis.text))
        if needle in ("yes", "no") or (needle in text and pattern.search(text))
    ]
    best, best_share = "", 0.0
    for before, after in ((0, 0), (0, 1), (1, 0)):
        for number in holding:
            first, last = max(number - before, 0), min(number + after, len(analysis.sentences) - 1)
            span = analysis.text[analysis.sentences[first].start : analysis.sentences[last].end]
            said = _content(span)
            proper = asked - (near - said)
            share = len(proper & said) / len(proper) if proper else 1.0
            if share > best_share:
                best, best_share = span, share
        if best_share >= MIN_OVERLAP:
            break
    return best, best_share


def _content(text: str) -> set[str]:
    """Stems of the words that carry meaning, and the numbers."""
    return {stem(word) for word in _WORD.findall(text) if word.lower() not in _STOP} | set(re.findall(r"\d+", text))
