"""How words end in other languages: whether two are forms of one, and what a search for one must let pass."""

import re
from functools import lru_cache

from transforms.text import without_accents

_MIN_STEM, _MIN_RUSSIAN = 4, 3
# Endings of nouns, names and adjectives, as a text has them without accents: "й" is "и".
_ENDINGS: dict[str, tuple[str, ...]] = {
    code: tuple(sorted(without_accents(listed).split(), key=len, reverse=True))
    for code, listed in {
        "de": "e en er es em n ens s r m ern ers",
        "fr": "s e es x le les aux",
        "es": "s es o a os as",
        "it": "a e i o",
        "pt": "s es o a os as",
        "nl": "e en s n",
        "ru": "а я о е ы и у ю ь ой ей ою ею ом ем ам ям ами ями ах ях ов ев ии ию ия ий ый ая яя ое ее ого его ому ему ым им "
        "ую юю их ых ыми ими ые ие ием",
    }.items()
}
_ARTICLES = {
    "de": "der|die|das|des|dem|den|ein|eine|einer|eines|einem|einen",
    "fr": "les?|la|l'|une?|des|du|d'",
    "es": "el|las?|los|unas?|unos?|un",
    "it": "il|l[oae]|gli|i|l'|un[oa]?|un'|dell[ao']|del",
    "pt": "[oa]s?|uma?s?",
    "nl": "de|het|een|'t",
}
_ARTICLE = {code: re.compile(rf"(?:{articles})(?:(?<=')|\s+)(?=\w)", re.IGNORECASE) for code, articles in _ARTICLES.items()}


def without_article(text: str, language: str) -> str:
    """An answer without the article that it begins with: "l'Italie", "die Donau"."""
    article = _ARTICLE.get(language)
    return article.sub("", text, count=1) if article and article.match(text) else text


@lru_cache(maxsize=4096)
def stem(word: str, language: str) -> str:
    """A word in lower case and without accents, less its ending."""
    least = _MIN_RUSSIAN if language == "ru" else _MIN_STEM
    for ending in _ENDINGS.get(language, ()):
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


def any_form(word: str, language: str) -> str:
    """A pattern for every form of a word in lower case and without accents."""
    if len(word) < _MIN_STEM or language not in _ENDINGS:
        return re.escape(word)
    bare = common_beginning(word, language)
    return f"{re.escape(bare)}{_endings_behind(word[len(bare) :], language)}"


def common_beginning(word: str, language: str) -> str:
    """What every form of a word begins with."""
    return word if len(word) < _MIN_STEM or language not in _ENDINGS else stem(word, language)


@lru_cache(maxsize=1024)
def _endings_behind(own: str, language: str) -> str:
    """A pattern for every ending of a word that has its `own`, alone or before another one; each spelling is there once.

    Were one there twice, a row of such words could be read in two ways at each word.
    """
    endings = ("", *_ENDINGS[language])
    every = {*endings, *(own + ending for ending in endings)}
    return f"(?:{'|'.join(sorted(every, key=len, reverse=True))})"
