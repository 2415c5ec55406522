"""Rules on the text of one document: is it text at all, and more than furniture, fragments or noise?

Each rule is a published heuristic for web text, loosened until code, formulas, recipes, lists and
tables get through: the aim is to remove noise, not to purify (Webscale-RL, arXiv:2510.06499, keeps
the diversity of pretraining data on purpose). Sources, named again at each threshold:

Gopher   arXiv:2112.11446, appendix A.1.1: document lengths, symbols, bullets, stop words, repetition
C4       arXiv:1910.10683, section 2.2: terminal punctuation, policy notices, "javascript" lines
FineWeb  arXiv:2406.17557, section 3.5: short lines, lines without punctuation, duplicated characters
RefinedWeb arXiv:2306.01116, appendix G.2: line-wise removal of menus, counters and calls to act
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np

from transforms.document_rules import advertising, boilerplate, mojibake
from transforms.document_rules.language import detect_language, stop_word_share
from transforms.languages.stop_words import STOP_WORDS
from transforms.records import Fault
from transforms.shingles import hash_shingles, hash_words, shingle_words
from transforms.text import count_tokens


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where each rule draws its line. Shares are between 0 and 1; lowering a minimum loosens.

    "x" names the reason to reject a text that is below a minimum or above a maximum.
    """

    tokenizer: str = "estimate"  # or the name of a tiktoken encoding
    min_tokens: int = 50  # "too_short"; Webscale-RL's figure
    fragment_tokens: int = 120  # below it "truncated_fragment" is looked for: a longer text has context enough to ask about
    # "too_few_words": words with letters, or different words in 20 times as many. Gopher's 50 would drop formula sheets.
    min_words: int = 10
    min_alphabetic_share: float = 0.1  # "symbols": words that have a letter (Gopher: 0.8, which tables of figures miss)
    min_alphanumeric_share: float = 0.35  # "symbols": characters that are letters or digits
    max_symbol_share: float = 0.1  # "symbols": "#tag" or "..." for each word (Gopher's figure)
    max_ellipsis_line_share: float = 0.3  # "symbols": lines that end cut off with "..." (Gopher's figure)
    # "bullets": lines that start with a bullet (Gopher's figure), where they also have fewer than `min_bullet_words`
    # on average. Knowledge often comes as lists; from so many words a bullet says something.
    max_bullet_line_share: float = 0.9
    min_bullet_words: float = 2.5
    min_mean_word_chars: float = 2.2  # "word_length" (Gopher: 3, which formulas are below)
    max_mean_word_chars: float = 12.0  # "word_length" (Gopher: 10)
    # "stop_words": how many of English prose are Gopher's 8, who asks for 2 a document. Prose has 0.2, keyword spam next to none.
    min_stop_word_share: float = 0.02
    # "repetition": characters in repeated lines (Gopher: 0.2; FineWeb: 0.1, which lessons with repeated code marks miss),
    # words in the most frequent 2-gram or 4-gram (Gopher's figures), words in repeated 10-grams (Gopher: 0.10, which
    # templated tables of facts and refrains miss), and the most frequent word that is not small, in a text of
    # 40 words or more: lists of search terms have 0.3, songs and recipes half of that.
    max_duplicate_line_chars: float = 0.3
    max_top_2gram_share: float = 0.2
    max_top_4gram_share: float = 0.16
    max_duplicate_10gram_share: float = 0.45
    max_top_word_share: float = 0.2
    max_pitch_share: float = 0.05  # "advertisement": different pitches ("order now") for each word
    max_log_line_share: float = 0.7  # "log": lines that begin as a program's log does
    # "mojibake": wrongly decoded letters for each word. English with broken quotes stays far below; other languages reach 0.1.
    max_mojibake_share: float = 0.03
    max_furniture_share: float = 0.5  # "boilerplate": words in consent, account and sharing notices
    max_menu_share: float = 0.5  # "boilerplate": words in bare short lines that also repeat or read like a menu
    min_content_words: int = 150  # in full lines: no page with so many is called a menu


_CODE_LINE = re.compile(
    r"[;{}]\s*(?:(?://|#).*)?$"
    r"|^(?:def |class \w+[(:]|import \w|from \S+ import |#include|#define|return\b|if \(|for \(|while \(|else:|elif |try:|except"
    r"|const |let |var |function |public |private |static |package |use |fn |SELECT |INSERT |CREATE |@\w|\$ |>>> |//|/\*|\*/"
    r"|</?\w)"
    r"|^[\w.\[\]'\"]+ ?(?:=|\+=|:=) ?\S|\w\([^()]*\)[:;]?$|[(\[{,]$|^[)\]}]+,?$"
)
_PROSE_LINE = re.compile(r"\W*\w+(?:[\s,'\u2019-]+\w+){7,}")
_MARKED_LINE = re.compile(r"[-*+\u2022\u25aa\u25e6>#|\\$`~%&=:({\[<@!]|\d+[.)]|.*[|\t=]")
_BULLET = re.compile(r"(?:[-*+\u2022\u25aa\u25cf\u25e6\u2023\u2013]|\d{1,3}[.)])\s")

# What a long text is has shown by then, and its chunks are screened again one by one.
_WINDOW_CHARS = 200_000
_MAX_LINES = 4000
_MAX_WORDS = 20_000
_PROSE_WORDS = 8  # words in a line from which it is no row of a table
_SENTENCE_WORDS = 16  # words in a line from which it is prose, whatever it ends with


class Page:
    """A text with the measurements that several rules share, each taken once and only if asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.window = text[:_WINDOW_CHARS]

    @cached_property
    def lines(self) -> list[str]:
        """Lines with something on them, without the white space around it."""
        return [stripped for line in self.window.splitlines() if (stripped := line.strip())][:_MAX_LINES]

    @cached_property
    def words(self) -> list[str]:
        """Runs of letters and digits, lower case; a character each in scripts without spaces."""
        return shingle_words(self.window.lower())[:_MAX_WORDS]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word stands there."""
        return Counter(self.words)

    @cached_property
    def is_code(self) -> bool:
        """Whether this is a program, a shell session or markup, where rules for prose mean nothing.

        A third of the lines must look like code, and more lines than look like prose: text that
        mentions code is no code, and neither is a recipe whose lines end in a comma.
        """
        lines = [line[:200] for line in self.lines[:400]]
        code = sum(bool(_CODE_LINE.search(line)) for line in lines)
        prose = sum(bool(_PROSE_LINE.match(line)) for line in lines)
        return code >= 3 and code >= 0.33 * len(lines) and code > prose

    @cached_property
    def language(self) -> str:
        return detect_language(self.text)


def is_too_short(page: Page, limits: Thresholds) -> str:
    """Fewer tokens than a question with its answer needs. A long text is counted only as far as it takes."""
    enough = 40 * limits.min_tokens
    tokens = count_tokens(page.text[:enough], limits.tokenizer)
    if tokens <= limits.min_tokens and len(page.text) > enough:
        tokens = count_tokens(page.text, limits.tokenizer)
    return f"{tokens} tokens" if tokens < limits.min_tokens else ""


def is_mojibake(page: Page, limits: Thresholds) -> str:
    """Decoded by the wrong table throughout, or bytes that were no text."""
    wrong = mojibake.count_wrong_letters(page.window) + mojibake.count_control(page.window)
    if wrong <= _FEW_WRONG:
        return ""
    words = max(1, len(page.window.split()))
    return f"{wrong} wrongly decoded characters in {words} words" if wrong > limits.max_mojibake_share * words else ""


_FEW_WRONG = 3  # any text may quote a few


def is_boilerplate(page: Page, limits: Thresholds) -> str:
    """Consent and account notices, menus and footers, with no more than scraps of a text between them."""
    seen = boilerplate.find_notice(page.text, page.lines, limits.max_furniture_share) or boilerplate.find_menu(
        page.lines, limits.max_menu_share, limits.min_content_words
    )
    return seen if seen and not page.is_code else ""


def is_advertisement(page: Page, limits: Thresholds) -> str:
    """One pitch after the other, in whatever grammar."""
    return advertising.find_pitches(page.text, limits.max_pitch_share)


_LOG_LINE = re.compile(
    r"\W?\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d"  # 2021-03-04 11:02:17
    r"|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d "  # Mar  4 11:02:17, as syslog has it
    r"|\[?(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\]"  # [Thu Mar 04 11:02:17 2021]
    r"|\d{1,3}(?:\.\d{1,3}){3} \S+ \S+ \["  # a web server's
    r"|\[ *(?:OK|FAILED|INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|NOTICE|DEPEND|\d+\.\d{6}) *\]"
    r"|(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|NOTICE|CRITICAL)(?:[:\]]| +[\[(]| +\S+ +[-:] )"
    r"|[VDIWEF]/[\w.-]+ *\( *\d+\):"  # a telephone's
    r"|Traceback \(most|During handling of the above|Caused by: |(?:\w+\.)*\w+(?:Error|Exception)(?:: |$)"  # a stack
    r"|File \".+\", line \d+|at [\w$.<>]+\([^()]*\)$|goroutine \d+ \["
)
_FEW_LOG_LINES = 5
_LOG_PROBE = 40  # a log has begun by this line


def is_log(page: Page, limits: Thresholds) -> str:
    """What a program wrote while it ran, with nobody's words around it."""
    if len(page.lines) < _FEW_LOG_LINES:
        return ""
    logged = quoted = 0
    for number, line in enumerate(page.lines, 1):
        if number == _LOG_PROBE and not logged:
            return ""
        logged += bool(quoted or _LOG_LINE.match(line))
        quoted = not quoted and line.startswith('File "')  # the next line is the source line there
    return f"{logged} of {len(page.lines)} lines of a log" if logged > limits.max_log_line_share * len(page.lines) else ""


_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
_PROSE_SHARE = 0.25  # of stop words: a list of search terms has next to none


def _is_one_sentence(page: Page) -> bool:
    return len(page.lines) <= 2 and not _SENTENCE_END.search(page.window) and stop_word_share(page.window) >= _PROSE_SHARE


def is_fragment(page: Page, limits: Thresholds) -> str:
    """Starts in the middle of a sentence and stops in the middle of one, with little between."""
    text = page.text.strip()
    if len(text) > 12 * limits.fragment_tokens:
        return ""
    if not any(character.isupper() for character in text[1:]) and not _is_one_sentence(page):
        return ""  # written in lower case throughout: the first letter says nothing
    starts_inside = text[0].islower() or text[0] in ",;:.)]}\u2026%?!" or text.startswith("'s ")
    stops_inside = bool(re.search(r"[\w,;(\u2026-]$", text)) or text.endswith("...")
    prose = any(len(line.split()) >= _PROSE_WORDS for line in page.lines)
    if not (starts_inside and stops_inside and prose) or page.is_code:
        return ""
    if count_tokens(text, limits.tokenizer) < limits.fragment_tokens:
        return f"from {text[:30]!r} to {text[-30:]!r}"
    return ""


def is_too_few_words(page: Page, limits: Thresholds) -> str:
    """Next to no words, whatever else there is; or next to no different ones, as of single letters, which may repeat."""
    words = 0
    for word in page.words:
        words += not word.isdigit() and any(map(str.isalpha, word))
        if words >= limits.min_words:
            break
    else:
        return f"{words} words with letters"
    if len(page.words) < _SAID_OVER * limits.min_words or len(page.counts) >= limits.min_words:
        return ""
    return f"{len(page.counts)} different words in {len(page.words)}"


_SAID_OVER = 20  # times the least words: so many have some different ones among them in any text


_CUT_OFF = re.compile(r"(?:\.\.\.|\u2026|\[\u2026\]|\(\.\.\.\))$")
_HASHTAG = re.compile(r"(?:^|\s)#[^\W\d]\w*")
_NOT_ALPHANUMERIC = bytes(byte for byte in range(128) if not chr(byte).isalnum())


def is_symbols(page: Page, limits: Thresholds) -> str:
    """Drawings in characters, figures without labels, hashtags, or teasers that break off."""
    if page.window.isascii():  # combining signs of other scripts are no letters to Python
        alphanumeric = len(page.window.encode().translate(None, _NOT_ALPHANUMERIC))
        solid = sum(map(len, page.window.split()))
        if alphanumeric < limits.min_alphanumeric_share * solid:
            return f"{alphanumeric} letters and digits in {solid} characters"
    words = page.words
    alphabetic = len(words) - sum(map(str.isdigit, words))
    if alphabetic < limits.min_alphabetic_share * len(words):
        return f"{alphabetic} of {len(words)} words have a letter"
    marks = page.window.count("...") + page.window.count("\u2026")
    marks += len(_HASHTAG.findall(page.window)) if "#" in page.window else 0
    if marks > limits.max_symbol_share * len(words) and not page.is_code:
        return f"{marks} hashtags or ellipses for {len(words)} words"
    cut = sum(bool(_CUT_OFF.search(line[-6:])) for line in page.lines) if marks else 0
    if len(page.lines) >= 5 and cut > limits.max_ellipsis_line_share * len(page.lines) and not page.is_code:
        return f"{cut} of {len(page.lines)} lines break off"
    return ""


def is_bullets(page: Page, limits: Thresholds) -> str:
    """Bullets of a word or two from top to bottom: tags, links, file names."""
    bullets = [line for line in page.lines if _BULLET.match(line)]
    if len(bullets) < 10 or len(bullets) <= limits.max_bullet_line_share * len(page.lines) or page.is_code:
        return ""
    words = sum(len(bullet.split()) - 1 for bullet in bullets)
    mean = words / len(bullets)
    if mean >= limits.min_bullet_words or 2 * words < sum(len(line.split()) for line in page.lines) - len(bullets):
        return ""  # they say something, or are the index at the end of much prose
    return f"{len(bullets)} bullets of {mean:.1f} words"


_CELL_EDGE = re.compile(r"[,;|]")
_OPERATOR = re.compile(r"[=+^\\<>{}|/*_~]")


def has_odd_word_length(page: Page, limits: Thresholds) -> str:
    """Letters spaced out, or strings that are no words: encoded data, addresses, run-together words."""
    excerpt = page.window[:20_000]
    raw = _CELL_EDGE.sub(" ", excerpt).split()
    if not raw:
        return ""
    mean = sum(map(len, raw)) / len(raw)
    if limits.min_mean_word_chars <= mean <= limits.max_mean_word_chars or page.is_code or not _writes_words_apart(page):
        return ""
    if mean < limits.min_mean_word_chars and len(_OPERATOR.findall(excerpt)) > _FORMULA_SHARE * len(raw):
        return ""
    return f"mean word of {mean:.1f} characters"


def _writes_words_apart(page: Page) -> bool:
    """Whether the length of a word means something: not in Chinese, Japanese or Thai."""
    return page.window.isascii() or sum(len(word) == 1 and not word.isascii() for word in page.words) < 0.3 * len(page.words)


GOPHER_STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
_FORMULA_SHARE = 0.1  # operators for each word from which a text is formulas
_NOTE_END = re.compile(r"\w[.;:](?= [A-Z0-9(]|$)")
_NOTE_SHARE = 0.1  # ends of notes for each word from which a text is a glossary, a pedigree, a description of a plant


def lacks_stop_words(page: Page, limits: Thresholds) -> str:
    """English in full lines with hardly any of the words that hold sentences together."""
    if sum(page.counts[word] for word in GOPHER_STOP_WORDS) >= limits.min_stop_word_share * len(page.words):
        return ""
    prose = " ".join(line for line in page.lines if len(line.split()) >= _SENTENCE_WORDS and not _MARKED_LINE.match(line))
    words = [word for word in shingle_words(prose.lower()) if not word.isdigit()]
    if len(words) < 40 or len(words) < 0.5 * len(page.words) or page.is_code or page.language not in ("en", ""):
        return ""
    found = sum(word in GOPHER_STOP_WORDS for word in words)
    if found >= limits.min_stop_word_share * len(words) or len(_OPERATOR.findall(prose)) > _FORMULA_SHARE * len(words):
        return ""
    if len(_NOTE_END.findall(prose)) > _NOTE_SHARE * len(words):
        return ""
    return f"{found} stop words in {len(words)} words of prose"


def is_repetitive(page: Page, limits: Thresholds) -> str:
    """The same lines or phrases over and over."""
    lines, words = page.lines, page.words
    if _has_refrain(lines):  # a song is judged without its repeats
        lines = list(dict.fromkeys(lines))
        words = shingle_words("\n".join(lines).lower())[:_MAX_WORDS]
    if detail := _repeats_lines(lines, limits) or _repeats_phrases(words, limits) or _repeats_a_word(words, limits):
        return "" if page.is_code else detail
    return ""


def _repeats_lines(lines: list[str], limits: Thresholds) -> str:
    total = sum(map(len, lines))
    repeated = total - sum(map(len, set(lines)))
    if repeated <= limits.max_duplicate_line_chars * total:
        return ""
    return f"{repeated / total:.0%} of the characters in repeated lines"


def _has_refrain(lines: list[str]) -> bool:
    """Whether what repeats are the lines of a song: sentences, between more others that do not repeat."""
    times = Counter(lines)
    refrain = [line for line, count in times.items() if count > 1]
    if not refrain or len(times) < 2 * len(refrain):
        return False
    repeated = sum(len(line) * (times[line] - 1) for line in refrain)
    return repeated <= _REFRAIN_SHARE * sum(map(len, lines)) and all(map(_is_sung, refrain))


_REFRAIN_SHARE = 0.6
_THREE_WORDS, _MARKS_AT_AN_END = re.compile(r"\w\W+\w+\W+\w"), tuple(".,;:!?\u2014'\"\u201d-")


def _is_sung(line: str) -> bool:
    """Some words, and a mark at the end."""
    return line.endswith(_MARKS_AT_AN_END) and bool(_THREE_WORDS.search(line))


def _repeats_a_word(words: list[str], limits: Thresholds) -> str:
    if len(words) < 40 or len(words) > _STUFFED_WORDS:
        return ""
    said = ((word, count) for word, count in Counter(words).items() if len(word) > 2 and not word.isdigit())
    word, count = max(((word, count) for word, count in said if word not in STOP_WORDS["en"]), key=itemgetter(1), default=("", 0))
    return f"{word!r} {count} times in {len(words)} words" if count > limits.max_top_word_share * len(words) else ""


_STUFFED_WORDS = 1000  # a longer text that says one word so often has a reason: a table, a program


def _repeats_phrases(words: list[str], limits: Thresholds) -> str:
    hashes = hash_words(words, lambda word: len(word) > 1 and not word.isdigit())  # variables, dates and times may repeat
    if len(hashes) < 40:
        return ""
    for size, most in ((2, limits.max_top_2gram_share), (4, limits.max_top_4gram_share)):
        top = int(np.unique(hash_shingles(hashes, size), return_counts=True)[1].max())
        if top > 3 and top * size > most * len(hashes):
            return f"one {size}-gram {top} times in {len(hashes)} words"
    shingles = hash_shingles(hashes, 10)
    again = np.ones(len(shingles))
    again[np.unique(shingles, return_index=True)[1]] = 0
    repeated = int(np.count_nonzero(np.convolve(again, np.ones(10))))
    if repeated <= limits.max_duplicate_10gram_share * len(hashes):
        return ""
    return f"{repeated} of {len(hashes)} words in repeated 10-grams"


def count_flaws(text: str) -> int:
    """How much of a copy's state counts against it when a better copy of the same text exists."""
    flaws = mojibake.count_wrong_letters(text) + mojibake.count_wrong_punctuation(text) + boilerplate.count_furniture(text)
    flaws += text == text.lower() != text.upper()
    return flaws + (text.count("  ") > 0.3 * text.count(" "))


Rule = Callable[[Page, Thresholds], str]

# In the order they are asked: what makes the later questions meaningless comes first.
TEXT_RULES: tuple[tuple[str, Rule], ...] = (
    ("too_short", is_too_short),
    ("mojibake", is_mojibake),
    ("boilerplate", is_boilerplate),
    ("log", is_log),
    ("advertisement", is_advertisement),
)
PROSE_RULES: tuple[tuple[str, Rule], ...] = (
    ("truncated_fragment", is_fragment),
    ("too_few_words", is_too_few_words),
    ("symbols", is_symbols),
    ("bullets", is_bullets),
    ("word_length", has_odd_word_length),
    ("repetition", is_repetitive),
    ("stop_words", lacks_stop_words),
)


def find_fault(page: Page, limits: Thresholds, rules: tuple[tuple[str, Rule], ...]) -> Fault | None:
    """The first rule that the text breaks, with what was seen."""
    for reason, rule in rules:
        if detail := rule(page, limits):
            return Fault(reason, detail)
    return None
