"""Which language a text is in, decided as cheaply as the text allows.

Three tiers, cheapest first: the script of the letters settles most of the world; the share of stop
words settles prose in the languages of `STOP_WORDS` in microseconds; only what is left (short
lists, rare languages) asks langdetect, which takes milliseconds. Deterministic: langdetect is
seeded, and every sample is taken from fixed places.
"""

import re
import threading
from collections import Counter
from collections.abc import Collection

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
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

_SCRIPTS = (
    # name, character class, languages that langdetect knows in it
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff", ("zh", "ja")),
    ("Kana", "\u3040-\u30ff", ("ja",)),
    ("Hangul", "\u1100-\u11ff\uac00-\ud7af", ("ko",)),
    ("Cyrillic", "\u0400-\u052f", ("ru", "uk", "bg", "mk", "sr", "be", "kk", "mn")),
    ("Greek", "\u0370-\u03ff\u1f00-\u1fff", ("el",)),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f", ("ar", "fa", "ur")),
    ("Hebrew", "\u0590-\u05ff", ("he",)),
    ("Devanagari", "\u0900-\u097f", ("hi", "mr", "ne")),
    ("Bengali", "\u0980-\u09ff", ("bn",)),
    ("Gurmukhi", "\u0a00-\u0a7f", ("pa",)),
    ("Gujarati", "\u0a80-\u0aff", ("gu",)),
    ("Tamil", "\u0b80-\u0bff", ("ta",)),
    ("Telugu", "\u0c00-\u0c7f", ("te",)),
    ("Kannada", "\u0c80-\u0cff", ("kn",)),
    ("Malayalam", "\u0d00-\u0d7f", ("ml",)),
    ("Thai", "\u0e00-\u0e7f", ("th",)),
)
_FOREIGN = tuple((name, re.compile(f"[{letters}]"), codes) for name, letters, codes in _SCRIPTS)
_ANY_FOREIGN = re.compile(f"[{''.join(letters for _, letters, _ in _SCRIPTS)}]")
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
    return _settle(_sample(text), None)


def speaks_one_of(text: str, languages: Collection[str]) -> bool:
    """Whether the text is in one of the languages, or in none that can be told.

    Cheaper than `detect_language` where the script already rules every given language out.
    """
    found = _settle(_sample(text), languages)
    return found == UNKNOWN or found in languages


def stop_word_share(text: str) -> float:
    """The share of words that hold sentences together, in whichever language has the most of them."""
    words = _LETTERS.findall(_sample(text).lower())
    return max(_stop_word_shares(words).values()) if words else 0.0


def _settle(sample: str, wanted: Collection[str] | None) -> str:
    if "\\" in sample:
        sample = _COMMAND.sub(" ", sample)
    words = _LETTERS.findall(sample.lower())
    total = sum(map(len, words))
    if not total:
        return UNKNOWN
    if not sample.isascii():
        foreign = len(_ANY_FOREIGN.findall(sample))
        if foreign > total / 2:
            return _by_script(sample, wanted)
    if len(words) < _ENOUGH_WORDS:
        return UNKNOWN
    return _by_stop_words(words) or _by_langdetect(sample, words)


def _by_script(sample: str, wanted: Collection[str] | None) -> str:
    counts = {name: len(pattern.findall(sample)) for name, pattern, _ in _FOREIGN}
    if counts["Kana"] > 0.1 * counts["Han"]:  # Japanese prose is about half kana
        counts["Kana"] += counts["Han"]
        counts["Han"] = 0
    name = max(counts, key=lambda script: counts[script])
    codes = next(codes for script, _, codes in _FOREIGN if script == name)
    if name == "Han" or len(codes) == 1 or (wanted is not None and not set(codes) & set(wanted)):
        return codes[0]
    return _probe(sample, 0.0) or codes[0]


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


class _Profiles:
    """langdetect's profiles, loaded once a process: its own module-level loader is not thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._factory: DetectorFactory | None = None

    def factory(self) -> DetectorFactory:
        with self._lock:
            if self._factory is None:
                factory = DetectorFactory()
                factory.set_seed(0)
                factory.load_profile(PROFILES_DIRECTORY)
                self._factory = factory
            return self._factory


_profiles = _Profiles()


def _probe(sample: str, sure: float) -> str:
    start = max(0, (len(sample) - _PROBE_CHARS) // 2)
    detector = _profiles.factory().create()
    detector.append(sample[start : start + _PROBE_CHARS])
    try:
        found = detector.get_probabilities()
    except LangDetectException:
        return UNKNOWN
    if not found or found[0].prob < sure:
        return UNKNOWN
    return str(found[0].lang).split("-")[0]
