"""Numbers, units and dates of other languages as an English reader has them: "4. Mai 1923" is "4 May 1923".

Only what English does not write itself is changed, so that an English text stays as it is.
"""

import re
from fractions import Fraction

_MONTHS = """
Januar janvier enero gennaio janeiro; Februar février febrero febbraio fevereiro; März mars marzo março; avril abril aprile;
Mai mai mayo maggio maio; Juni juin junio giugno junho; Juli juillet julio luglio julho; août agosto; septembre septiembre
settembre setembro; Oktober octobre octubre ottobre outubro; novembre noviembre novembro; Dezember décembre diciembre dicembre
dezembro
"""
_ENGLISH = "January February March April May June July August September October November December".split()
_MONTH_OF = {name.lower(): month for month, names in zip(_ENGLISH, _MONTHS.split(";"), strict=True) for name in names.split()} | {
    month.lower(): month for month in _ENGLISH
}
_DATE = re.compile(
    rf"(?<!\w)(\d{{1,2}})(?:\.|er|\u00ba|\u00b0)? (?:de |di )?({'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})(?:,| de|"
    rf" del)? (\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_EASTERN_DATE = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日号일])?")
_EASTERN_YEAR = re.compile(r"(\d{4}) ?[年년](?! ?\d)")
_WORDS = """
million: Millionen millions millones milioni milhões milhão milione millón;
billion: Milliarden Milliarde milliards milliard miliardi
miliardo bilhões bilhão; thousand: tausend mille mil mila; percent: Prozent pourcent;
metres: mètres mètre metros metri metro 米 メートル; kilometres: Kilometer kilomètres kilomètre kilómetros kilómetro chilometri
chilometro quilômetros quilómetros 公里 千米 キロメートル; centimetres: Zentimeter centimètres centímetros centimetri;
kilograms: Kilogramm kilogrammes kilogramos chilogrammi quilogramas 公斤 千克; grams: Gramm grammes gramos grammi gramas;
hours: Stunden Stunde heures heure horas ore 小时 小時 時間; minutes: Minuten minutos minuti 分钟 分鐘; years: Jahre Jahren ans
années años anni anos; days: Tage Tagen jours días giorni dias; seconds: Sekunden
secondes segundos secondi; euros: Euro 欧元 ユーロ; yen: 円;
yuan: 元 人民币; dollars: ドル
"""
_WORD_OF = {
    word.lower(): english.strip()
    for entry in _WORDS.split(";")
    for english, _, words in (entry.partition(":"),)
    for word in words.split()
}
# A number alone in front tells that it is one of these words: "mars" and "mil" are others in English.
_COUNTED = re.compile(
    rf"(?<=\d) ?({'|'.join(sorted(map(re.escape, _WORD_OF), key=len, reverse=True))})(?![A-Za-z\u00c0-\u024f])", re.IGNORECASE
)
_BESIDE_DIGIT = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff])(?=[\d$\u00a5])|(?<=[\d%A-Za-z])(?=[\u3040-\u30ff\u3400-\u9fff])")
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:[.\u00a0\u202f ]\d{3})+)(?![\d.])")
_MYRIADS = re.compile(r"(\d[\d,]{0,12}(?:\.\d{1,3})?) ?([万萬亿億])(?! ?\d)", re.ASCII)
# Where a point parts thousands.
POINT_PARTS_THOUSANDS = frozenset({"de", "es", "it", "pt"})


def _multiplied(found: re.Match[str]) -> str:
    """ "500万" -> "5000000"."""
    value = Fraction(found[1].replace(",", "")) * (10**4 if found[2] in "万萬" else 10**8)
    return str(value.numerator) if value.denominator == 1 else found[0]


def english_values(text: str, language: str = "") -> str:
    """A text with the dates, scales and units of other languages in English; `language` tells how its thousands are parted."""
    if language in POINT_PARTS_THOUSANDS:
        text = _THOUSANDS.sub(lambda found: found[1] + re.sub(r"\D", "", found[2]), text)
    text = _MYRIADS.sub(_multiplied, text)
    text = _DATE.sub(lambda found: f"{found[1]} {_MONTH_OF[found[2].lower()]} {found[3]}", text)
    text = _EASTERN_DATE.sub(lambda found: f" {found[1]}-{found[2]:0>2}" + (f"-{found[3]:0>2} " if found[3] else " "), text)
    text = _COUNTED.sub(lambda found: f" {_WORD_OF[found[1].lower()]}", _EASTERN_YEAR.sub(r" \1 ", text))
    return text if text.isascii() else _BESIDE_DIGIT.sub(" ", text)
