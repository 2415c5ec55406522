"""Words that ask, command, offer a choice, answer yes or no, and point at a text, by language.

Of English no more than tells it from other languages: its rules have lists of their own. A language without
an entry is one that the rules say nothing about.
"""

import re

# Words that begin or hold a question, without those that English has too ("was", "come").
ASKING: dict[str, frozenset[str]] = {
    code: frozenset(listed.split())
    for code, listed in {
        "de": "wer wen wem wessen wann wo wohin woher warum wieso weshalb wie wieviel wieviele welche welcher welches welchem "
        "welchen womit wodurch woraus worin wofür woran",
        "fr": "qui que quoi quel quelle quels quelles où quand comment combien pourquoi lequel laquelle",
        "es": "qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde adónde cómo",
        "it": "cosa qual quale quali quando quanto quanta quanti quante dove perché",
        "pt": "quem qual quais quando quanto quanta quantos quantas onde quê que",
        "nl": "wie wat waar wanneer welke welk hoeveel waarom",
        "ru": "кто кого кому кем что чего чему чем когда где куда откуда почему зачем как какой какая какое какие какого какую "
        "каким каких каков какова каково каковы сколько чей чья чьё чьи ли который которая",
    }.items()
}

# What makes a question of a text without a question mark: "か" at its end, "吗", "Nennen Sie ...".
_COMMANDS = {
    "de": r"was\b|nenne|gib\b|geben sie\b|berechne|bestimme|finde|beschreibe",
    "fr": r"nomme[zr]|cite[zr]|donne[zr]|calcule[zr]|trouve[zr]|indique[zr]|détermine[zr]|précise[zr]",
    "es": r"nombr[ae]|indi(?:ca|que)\b|d[ií]|calcul[ae]|mencion[ae]|determin[ae]|señal[ae]|halle|encuentr[ae]",
    "it": r"nomin[ai]|indi(?:ca|chi)\b|calcol[ai]|cita\b|trov[ai]|determin[ai]",
    "pt": r"nomeie|indique|cite|calcule|determine|encontre",
    "nl": r"noem|geef|bereken|bepaal|vind",
    "ru": r"назовите|укажите|вычислите|найдите|определите|перечислите|назови|укажи|дайте",
}
_ASKS = {
    **{
        code: re.compile(rf"\b(?:{'|'.join(sorted(words))})\b|(?:^|[.:;,] )(?:{_COMMANDS[code]})", re.IGNORECASE)
        for code, words in ASKING.items()
    },
    "ja": re.compile(
        "(?:か|かな|の|だろう|でしょう)[。.]?$|何|誰|だれ|いつ|どこ|どれ|どの|どう|なぜ|いくつ|いくら|なさい|せよ|ください"
    ),
    "zh": re.compile("[吗嗎呢谁誰哪几幾何怎请請]|什么|什麼|多少|多[大高长長久远遠深重]|是否|写出|求|计算"),
    "ko": re.compile("[까나가]요?[.]?$|무엇|누구|언제|어디|어느|어떤|몇|얼마|왜|시오|세요"),
    "th": re.compile("ไหม|หรือไม่|อะไร|ใคร|ที่ไหน|ใด|เมื่อไ|กี่|เท่า(?:ไ|ใ)|อย่างไร|ทำไม|จง"),
}

# "laut dem Text", "根据本文": the reader of a question never sees the document.
_REFERENCES = {
    "de": r"\b(?:laut|gemäß|nach|in|im|vom|aus) (?:dem |diesem )?(?:obigen |vorliegenden |folgenden )?(?:text|dokument|artikel|"
    r"abschnitt|auszug|absatz)(?!\w| (?:von|des|der|über|\d))|\bdiese[mrs]? (?:text|dokument|artikel|abschnitt|auszug|absatz)"
    r"(?:e?s)?\b|\boben (?:genannt|erwähnt|beschrieben)",
    "fr": r"\b(?:selon|d'après|dans) (?:le |l')(?:texte|document|article|passage|extrait)\b(?! (?:d|\d))"
    r"|\bcet?(?:te)? (?:texte|document|article|passage|extrait|paragraphe)\b|\bci-dessus\b",
    "es": r"\b(?:según|de acuerdo con|en) (?:el )?(?:texto|documento|artículo|pasaje|fragmento|párrafo)\b(?! (?:del?\b|que\b|\d))"
    r"|\best[ea] (?:texto|documento|artículo|pasaje|fragmento|párrafo|lectura)\b|\bmencionad[oa]s? (?:arriba|anteriormente)\b",
    "ja": "(?:この|上記の|前述の|次の|以下の|与えられた)(?:文章|本文|文書|テキスト|記事|資料)"
    "|本文(?:に|で|中)|(?:文章|文書|記事)によ(?:ると|れば)|上記の",
    "zh": "(?:根据|依据|按照|据)(?:本文|上文|文中|文章|文本|短文|材料|上述|以上|文档|段落)"
    "|(?:本文|上文|文中|文章|文档|这段文字|该文)中?(?:提到|所述|所说|描述|介绍|指出)|上述",
    "ru": r"\b(?:соглас\w+|в|из|по) (?:эт\w+ |данн\w+ )?(?:тексте?|тексту|документе?|документу|статье|статьи|отрывк[еуа])\b"
    r"(?! \d| \w+[аыиов]\b)|\b(?:эт|данн)\w+ (?:текст|документ|отрыв|стать)|\bвыше(?:указан|упомянут|привед)",
}
REFERENCES = {code: re.compile(pattern, re.IGNORECASE) for code, pattern in _REFERENCES.items()}

# What stands between two things that are offered.
_OR = {"de": "oder", "fr": "ou", "es": "[ou]", "it": "o|oppure", "pt": "ou", "nl": "of", "ru": "или", "sv": "eller", "pl": "lub"}
_OR_SPACELESS = {"ja": "それとも|または|あるいは|どちら", "zh": "还是|還是|或者?", "ko": "아니면|또는"}
OR = {code: re.compile(word) for code, word in ({code: rf"\b(?:{word})\b" for code, word in _OR.items()} | _OR_SPACELESS).items()}

YES_NO = frozenset(
    "có không ya tidak ano ne kyllä ei igen nem nu כן לא так ні "
    "yes no true false ja nein doch wahr falsch richtig oui non vrai faux si sí sì verdadero falso sim não nee jo nej tak nie "
    "да нет верно неверно はい いいえ 是 是的 否 不 不是 对 對 네 예 아니요 아니오 ใช่ ไม่ ไม่ใช่ evet hayır نعم لا हाँ हां नहीं ναι "
    "όχι".split()
)


def is_asked(text: str, language: str) -> bool:
    """Whether a text without a question mark is a question; True in a language whose words are not known."""
    pattern = _ASKS.get(language)
    return pattern is None or bool(pattern.search(text))
