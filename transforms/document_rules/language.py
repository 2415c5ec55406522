"""Which language a text is in, decided as cheaply as the text allows.

langdetect behind a cheap check: it takes milliseconds, and the share of stop words settles prose in
the languages of `STOP_WORDS` in microseconds. Deterministic: langdetect is seeded, and every sample
is taken from fixed places and bounded.
"""

import re
import threading
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from langdetect import detector_factory
from langdetect.detector import Detector
from langdetect.lang_detect_exception import LangDetectException

from transforms.languages.more_stop_words import MORE_STOP_WORDS
from transforms.languages.scripts import LANGUAGES_OF_SCRIPT, by_own_letters, chinese_writing, script_of
from transforms.languages.stop_words import STOP_WORDS

UNKNOWN = ""

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(code for code, listed in STOP_WORDS.items() if word in listed) for word in set().union(*STOP_WORDS.values())
}

# Whose letters alone name the language. langdetect takes Chinese with a few English words for English or Korean.
_EAST_ASIAN = {
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
}
_COMMAND = re.compile(r"\\[A-Za-z]+")  # "\alpha", "\frac": Catalan, to langdetect
_LETTERS = re.compile(r"[^\W\d_]+")

_SAMPLE_CHARS = 6000
_PROBE_CHARS = 1500  # langdetect converges well before this, and its cost grows with the length
_ENOUGH_WORDS = 12  # below this no verdict is worth more than a guess
_CLEAR_SHARE = 0.12  # prose in any of the languages above has a third or more of stop words
_CLEAR_LEAD = 1.6  # Danish and Norwegian share most of theirs; English and German hardly any
_BACKED_SHARE = 0.03  # of the words: stop words or accents that bear langdetect out
_PROSE_LINE_WORDS = 8  # words a line from which a text is sentences, and no list of names or ingredients
_SURE = 0.9  # langdetect is overconfident on lists of names, so half-sure is not believed


def detect_language(text: str) -> str:
    """Name the language as a two-letter code, or "" where the text does not say.

    Formulas, code, tables of numbers and lists of names often do not say. Chinese is "zh".
    """
    sample = _COMMAND.sub(" ", _sample(text))
    words = _LETTERS.findall(sample.lower())
    letters = sum(map(len, words))
    if not sample.isascii():
        if found := _by_letters(sample, letters):
            return found
        if script := script_of(sample, letters):
            return _by_script(sample, script)
    if len(words) < _ENOUGH_WORDS:
        return UNKNOWN
    return _by_stop_words(words) or _by_more_words(words) or _by_langdetect(sample, words)


def is_wanted(found: str, text: str, languages: Collection[str]) -> bool:
    """Whether a text that was found to be in a language is in one of those; "zh" stands for both writings of Chinese."""
    if found in languages:
        return True
    writings = {language for language in languages if language.partition("-")[0] == found}
    return bool(writings) and chinese_writing(text[:_SAMPLE_CHARS]) in ("", *writings)


def stop_word_share(text: str) -> float:
    """The share of words that hold sentences together, in whichever language has the most of them."""
    words = _LETTERS.findall(_sample(text).lower())
    return max(_stop_word_shares(words).values()) if words else 0.0


def _by_letters(sample: str, letters: int) -> str:
    counts = {code: len(pattern.findall(sample)) for code, pattern in _EAST_ASIAN.items()}
    if 2 * sum(counts.values()) <= letters:
        return UNKNOWN
    if counts["ja"] > 0.1 * counts["zh"]:  # Japanese prose is about half kana
        counts["ja"] += counts.pop("zh")
    return max(counts, key=lambda code: counts[code])


def _by_script(sample: str, script: str) -> str:
    languages = LANGUAGES_OF_SCRIPT[script]
    if len(languages) == 1:
        return languages[0]
    found = by_own_letters(sample, script) or _probe(sample, 0.0)
    return found if found in languages else languages[0]


def _by_more_words(words: list[str]) -> str:
    counts = Counter(words)
    shares = {code: sum(counts[word] for word in listed) / len(words) for code, listed in MORE_STOP_WORDS.items()}
    first = max(shares, key=lambda code: shares[code])
    most = max(_stop_word_shares(words).values())
    return first if shares[first] >= _CLEAR_SHARE and shares[first] >= _CLEAR_LEAD * most else UNKNOWN


def _by_stop_words(words: list[str]) -> str:
    shares = _stop_word_shares(words)
    first, second = sorted(shares, key=lambda code: -shares[code])[:2]
    if shares[first] >= _CLEAR_SHARE and shares[first] >= _CLEAR_LEAD * shares[second]:
        return first
    return UNKNOWN


def _stop_word_shares(words: list[str]) -> dict[str, float]:
    found = dict.fromkeys(STOP_WORDS, 0)
    for word, count in Counter(words).items():
        for code in _LANGUAGES_OF.get(word, ()):
            found[code] += count
    return {code: count / len(words) for code, count in found.items()}


def _by_langdetect(sample: str, words: list[str]) -> str:
    """Ask langdetect, and believe it only where the words bear it out.

    It gives recipes, tables and lists of names to a random language with full confidence, so a
    list with neither stop words nor accents of the language named is left undecided.
    """
    found = _probe(sample, _SURE)
    if found in ("", "en"):
        return found
    english = sum(word in STOP_WORDS["en"] for word in words)
    accented = sum(not word.isascii() for word in words)
    if found in STOP_WORDS:
        named = sum(word in STOP_WORDS[found] for word in words)
        backed = named >= english and named + accented >= _BACKED_SHARE * len(words)
    else:
        sentences = len(words) >= _PROSE_LINE_WORDS * (1 + sample.count("\n"))
        backed = english < _BACKED_SHARE * len(words) and (sentences or accented >= _BACKED_SHARE * len(words))
    return found if backed else UNKNOWN


def _sample(text: str) -> str:
    """Cut windows from the start, the middle and the end, so that a long text costs as much as a page."""
    if len(text) <= _SAMPLE_CHARS:
        return text
    window, middle = _SAMPLE_CHARS // 3, len(text) // 2
    return " ".join((text[:window], text[middle : middle + window], text[-window:]))


_LOADING = threading.Lock()
detector_factory.DetectorFactory.seed = 0


def _probe(sample: str, sure: float) -> str:
    start = max(0, (len(sample) - _PROBE_CHARS) // 2)
    return _ask_langdetect(sample[start : start + _PROBE_CHARS], sure)


@lru_cache(maxsize=4096)  # Screen asks, and Synthesize asks again; 1,500 characters each
def _ask_langdetect(text: str, sure: float) -> str:
    with _LOADING:  # once a process: langdetect's loader is not thread safe
        detector_factory.init_factory()
    detector = _Doubting(detector_factory._factory)
    detector.sure = sure
    detector.append(text)
    try:
        found = detector.get_probabilities()
    except LangDetectException:
        return UNKNOWN
    if not found or found[0].prob < sure:
        return UNKNOWN
    return str(found[0].lang).split("-")[0]


class _Doubting(Detector):
    """langdetect, but that it stops when no language can be sure any more, with the same verdict.

    It draws until one language is certain, a thousand times at most, in seven trials of which it takes the mean. Nonsense never
    gets there and cost ten times what prose does; its first trial or two show already that the mean will be low.
    """

    sure = 0.0

    def _detect_block(self) -> None:
        self.cleaning_text()
        ngrams = self._extract_ngrams()
        if not ngrams:
            raise LangDetectException(0, "No features in text.")
        self.langprob = [0.0] * len(self.langlist)
        self.random.seed(self.seed)
        for left in reversed(range(self.n_trial)):
            for language, share in enumerate(self._trial(ngrams)):
                self.langprob[language] += share / self.n_trial
            if max(self.langprob) + left / self.n_trial < self.sure:
                return

    def _trial(self, ngrams: list[str]) -> list[float]:
        shares: list[float] = self._init_probability()
        alpha = self.alpha + self.random.gauss(0.0, 1.0) * self.ALPHA_WIDTH
        for drawn in range(self.ITERATION_LIMIT + 1):
            self._update_lang_prob(shares, self.random.choice(ngrams), alpha)
            if drawn % 5 == 0 and self._normalize_prob(shares) > self.CONV_THRESHOLD:
                break
        return shares
