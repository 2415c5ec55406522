"""Which language a short text is in: one question, one answer, the beginning of a document.

langdetect is slow, and unsure of twenty words. Here the script tells, or else the function words; a text that
shows neither counts as English, so that the rules for English read it as they would without this module.
"""

import re
from functools import lru_cache

from transforms.languages.question_words import ASKING
from transforms.languages.stop_words import STOP_WORDS

ENGLISH, OTHER = "en", ""
_MOST_CHARS = 1000

# Kana before Han: Japanese has both. "ru" stands for every language in Cyrillic letters, and so on.
_SCRIPTS = {
    "ja": "\u3040-\u309f\u30a1-\u30fa",
    "ko": "\u1100-\u11ff\uac00-\ud7af",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "th": "\u0e00-\u0e7f",
    "ru": "\u0400-\u052f",
    "ar": "\u0600-\u06ff\u0750-\u077f",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    OTHER: "\u0530-\u058f\u0700-\u074f\u0780-\u08ff\u0980-\u0dff\u0e80-\u109f\u10a0-\u10ff\u1200-\u139f\u1780-\u18af",
}
_FOREIGN = re.compile(f"(?P<greek>[\u0370-\u03ff\u1f00-\u1fff]{{3,}})|[{''.join(_SCRIPTS.values())}]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
# A title tells nothing of the sentence that it stands in.
_QUOTED = re.compile(r"\"[^\"]*\"|[“„«][^“”„«»]*[”“»]|「[^「」]*」|『[^『』]*』|《[^《》]*》")
_ENGLISH = STOP_WORDS[ENGLISH].union(
    "an do does did no so me us am my any off up out over under per where why whose whom many much after before during while "
    "through between because since until should could may might must shall them him these those he she name".split()
)
# Words that another language shares with English: they speak against neither.
_SHARED = {
    "de": "in am an was so es er hat ob mit", "fr": "on de en", "es": "no me he", "it": "come chi in", "pt": "no do as me",
    "nl": "in is was of we over", "da": "for", "no": "for", "pl": "to do", "ro": "in",
}  # fmt: skip
_WORDS_OF = {
    code: STOP_WORDS[code].union(ASKING.get(code, ()), _SHARED.get(code, "").split()) for code in STOP_WORDS if code != ENGLISH
}
_ASKING_ENGLISH = frozenset("who whom whose what when where why how which name".split())


def language_of(text: str) -> str:
    """A two-letter code, by the beginning of a text; "" for a language that is not English and not known. Never raises."""
    return _language_of(text[:_MOST_CHARS])


@lru_cache(maxsize=4096)
def _language_of(text: str) -> str:
    told = text if text.isascii() and '"' not in text else _QUOTED.sub(" ", text)
    words = [word.lower() for word in _LATIN.findall(told)]
    english = {word for word in words if word in _ENGLISH}
    foreign = [] if text.isascii() else [found["greek"] or found[0] for found in _FOREIGN.finditer(told)]
    if foreign and not (english and sum(map(len, words)) >= len(foreign)):
        letters = "".join(foreign)
        counts = {code: len(re.findall(f"[{script}]", letters)) for code, script in _SCRIPTS.items()}
        if counts["ja"]:
            counts["ja"] += counts.pop("zh")
        return max(counts, key=lambda code: counts[code]) if any(counts.values()) else "el"
    if "¿" in text:
        return "es"
    return _by_words(words, english)


def _by_words(words: list[str], english: set[str]) -> str:
    """The language whose words lead; a question word counts twice, a word of both languages not at all."""
    telling = {word for word in words if len(word) > 1} - _ENGLISH
    scores = {code: sum(1 + (word in ASKING.get(code, ())) for word in telling if word in own) for code, own in _WORDS_OF.items()}
    first = max(scores, key=lambda code: scores[code])
    against = sum(1 + (word in _ASKING_ENGLISH) for word in english if word not in _WORDS_OF[first] and len(word) > 1)
    return first if scores[first] > max(against, 1) else ENGLISH
