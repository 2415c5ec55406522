"""Writing systems, and the languages that use each: no text is in a language that is not written so.

The first language of a script is what a text in it counts as where nothing tells more.
"""

import re

# Of each script its letters, then its languages, those that langdetect knows among them.
_SCRIPTS: dict[str, tuple[str, str]] = {
    "Greek": ("\u0370-\u03ff\u1f00-\u1fff", "el"),
    "Cyrillic": ("\u0400-\u052f", "ru uk bg mk"),
    "Armenian": ("\u0530-\u058f", "hy"),
    "Hebrew": ("\u0590-\u05ff", "he yi"),
    "Arabic": ("\u0600-\u06ff\u0750-\u077f", "ar fa ur ps"),
    "Thaana": ("\u0780-\u07bf", "dv"),
    "Devanagari": ("\u0900-\u097f", "hi mr ne"),
    "Bengali": ("\u0980-\u09ff", "bn"),
    "Gurmukhi": ("\u0a00-\u0a7f", "pa"),
    "Gujarati": ("\u0a80-\u0aff", "gu"),
    "Oriya": ("\u0b00-\u0b7f", "or"),
    "Tamil": ("\u0b80-\u0bff", "ta"),
    "Telugu": ("\u0c00-\u0c7f", "te"),
    "Kannada": ("\u0c80-\u0cff", "kn"),
    "Malayalam": ("\u0d00-\u0d7f", "ml"),
    "Sinhala": ("\u0d80-\u0dff", "si"),
    "Thai": ("\u0e00-\u0e7f", "th"),
    "Lao": ("\u0e80-\u0eff", "lo"),
    "Tibetan": ("\u0f00-\u0fff", "bo"),
    "Burmese": ("\u1000-\u109f", "my"),
    "Georgian": ("\u10a0-\u10ff\u1c90-\u1cbf", "ka"),
    "Ethiopic": ("\u1200-\u139f", "am"),
    "Khmer": ("\u1780-\u17ff", "km"),
}
_LETTERS = {name: re.compile(f"[{letters}]") for name, (letters, _) in _SCRIPTS.items()}
_ANY = re.compile(f"[{''.join(letters for letters, _ in _SCRIPTS.values())}]")
LANGUAGES_OF_SCRIPT = {name: tuple(languages.split()) for name, (_, languages) in _SCRIPTS.items()}
# Letters that only one of a script's languages has.
_OWN_LETTERS = {
    "ps": re.compile("[\u067c\u0681\u0685\u0689\u0693\u0696\u069a\u06ab\u06bc\u06cd\u06d0]"),
    "yi": re.compile("[\u05f0-\u05f2\ufb1f]|\u05d0[\u05b7\u05b8]|[\ufb2e\ufb2f]"),
}
_OWN_SHARE = 0.02
# The points of Hebrew that Yiddish hardly writes.
_POINTS, _POINTED_SHARE = re.compile("[\u05b0-\u05b6\u05b9-\u05bb]"), 0.1
# Of frequent characters of Chinese, those that only one of its two writings has.
_SIMPLIFIED = re.compile("[这个们来时说为国对会过后还没发经学实现点开长问动种从当机关门见车东书电话语读写万与业产义]")
_TRADITIONAL = re.compile("[這個們來時說為國對會過後還沒發經學實現點開長問動種從當機關門見車東書電話語讀寫萬與業產義]")


def script_of(text: str, letters: int) -> str:
    """The script of more than half of so many letters; "" for the Latin one, those of East Asia, and none."""
    found = "".join(_ANY.findall(text))
    if 2 * len(found) <= letters:
        return ""
    return max(_LETTERS, key=lambda name: len(_LETTERS[name].findall(found)))


def by_own_letters(text: str, script: str) -> str:
    """The language of a text in a script of several, where letters of its own tell it; "" where they do not."""
    letters = len(_LETTERS[script].findall(text))
    for language in LANGUAGES_OF_SCRIPT[script]:
        own = _OWN_LETTERS.get(language)
        pointed = language == "yi" and len(_POINTS.findall(text)) >= _POINTED_SHARE * letters
        if own and not pointed and len(own.findall(text)) > _OWN_SHARE * letters:
            return language
    return ""


def chinese_writing(text: str) -> str:
    """How Chinese is written: "zh-cn" or "zh-tw"; "" where the characters do not tell."""
    simplified, traditional = len(_SIMPLIFIED.findall(text)), len(_TRADITIONAL.findall(text))
    if max(simplified, traditional) < 2 * min(simplified, traditional) or simplified == traditional:
        return ""
    return "zh-cn" if simplified > traditional else "zh-tw"
