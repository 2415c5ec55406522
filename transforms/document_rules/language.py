"""Which language a text is in, decided as cheaply as the text allows.

langdetect behind a cheap check: it takes milliseconds, and the share of stop words settles prose in
the languages of `STOP_WORDS` in microseconds. Deterministic: langdetect is seeded, and every sample
is taken from fixed places and bounded.
"""

import re
import threading
from collections import Counter

from langdetect.detector_factory import DetectorFactory, detect_langs, init_factory
from langdetect.lang_detect_exception import LangDetectException

UNKNOWN = ""

# The 8 English words of Gopher (arXiv:2112.11446, table A1 and section A.1.1) are too few to tell
# languages apart; these are the most frequent function words of each, without the words that are
# names or nouns elsewhere ("die", "a", "come").
STOP_WORDS: dict[str, frozenset[str]] = {
    # One-letter words ("o", "i", "w") would make formulas Portuguese or Polish.
    code: frozenset(word for word in listed.split() if len(word) > 1 or not word.isascii())
    for code, listed in {
        "en": "the of and to in is that was for with as on by are this be from at it his her he she they which or have has had "
        "not were been their its but you your we our can will would there these if when who what how all more than into about",
        "de": "der die das und den dem des ein eine einer einem einen nicht mit ist von zu im auf sich auch werden wurde wird "
        "für als aus bei nach dass oder über durch sie wir ihre sind zum zur noch wie haben kann unter",
        "fr": "le la les des du et en un une est que qui dans pour par sur au aux avec ce cette ne pas plus sont ou il elle son "
        "sa ses nous vous être été leur mais comme",
        "es": "el la los las de del y en un una que por con para es se su sus al lo como más pero fue este esta son no ha era "
        "sobre entre también o desde",
        "it": "il lo la gli le di del della dei delle che e è un una per con non sono si da dal alla nel nella anche come più "
        "ha questo questa ma al sua suo essere",
        "pt": "o os as do da dos das e em um uma que não para com por é se na no nos nas mais como ao foi sua seu são ou pela "
        "pelo também mas isso",
        "nl": "de het een en van in is op te dat die voor met niet zijn aan er ook als bij door wordt naar uit maar dit om deze "
        "over nog worden werd heeft",
        "sv": "och att det som en ett är av för på med den till inte har de om från var han men vid kan så eller",
        "da": "og at det som en et er af for på med den til ikke har de om fra var han men ved kan så eller blev",
        "no": "og å det som en et er av for på med den til ikke har de om fra var han men ved kan så eller ble",
        "fi": "ja on ei että se oli hän mutta myös kun joka ovat sekä tai kuin niin sen ole mukaan jälkeen vuonna",
        "pl": "i w na z do się nie że jest to od przez po jak dla oraz za jego są był była co który która które",
        "cs": "a v na se je s z že do o i to k ve za pro ale jako jsou byl bylo která který které nebo také jeho po",
        "ro": "și în de la cu pe care un o este nu din a fost pentru mai au că prin său sau fi ale unui unei către",
        "hu": "a az és hogy nem is egy van volt meg csak mint de vagy ez el már ki még által között",
        "tr": "ve bir bu da de için ile olarak olan çok daha gibi göre kadar en ne sonra o ise",
        "id": "yang dan di dari untuk dengan pada ini itu dalam tidak adalah ke oleh sebagai juga akan atau telah",
        "vi": "và của là các có được cho một trong không với những người này đã khi từ để cũng như ông vào",
    }.items()
}

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {
    word: tuple(code for code, listed in STOP_WORDS.items() if word in listed) for word in set().union(*STOP_WORDS.values())
}

# Whose letters alone name the language. langdetect takes Chinese with a few English words for English or Korean.
_EAST_ASIAN = {
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
}
# Other scripts that langdetect knows: Greek, Cyrillic, Hebrew, Arabic, those of India, Thai.
_FOREIGN = re.compile("[\u0370-\u052f\u0590-\u06ff\u0750-\u077f\u0900-\u0d7f\u0e00-\u0e7f\u1f00-\u1fff]")
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
        if 2 * len(_FOREIGN.findall(sample)) > letters:
            return _probe(sample, 0.0)
    if len(words) < _ENOUGH_WORDS:
        return UNKNOWN
    return _by_stop_words(words) or _by_langdetect(sample, words)


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
DetectorFactory.seed = 0


def _probe(sample: str, sure: float) -> str:
    start = max(0, (len(sample) - _PROBE_CHARS) // 2)
    with _LOADING:  # once a process: langdetect's loader is not thread safe
        init_factory()
    try:
        found = detect_langs(sample[start : start + _PROBE_CHARS])
    except LangDetectException:
        return UNKNOWN
    if not found or found[0].prob < sure:
        return UNKNOWN
    return str(found[0].lang).split("-")[0]
