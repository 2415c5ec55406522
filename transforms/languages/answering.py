"""Words of sentences that answer, by language: what labels an answer, joins it to its subject, leaves it open or denies it."""

# What stands before an answer: "La réponse est", "答案是". Behind it a colon, or a form of "to be" with a space.
ANSWER_WORDS: dict[str, str] = {
    "de": r"(?:die |meine )?(?:richtige |endg\u00fcltige )?(?:antwort|l\u00f6sung)(?: lautet| ist|:)",
    "fr": r"(?:la |ma )?(?:bonne )?r\u00e9ponse(?: finale| correcte)?(?: est| ?:)",
    "es": r"(?:la |mi )?respuesta(?: final| correcta)?(?: es| ?:)",
    "it": r"(?:la |mia )?risposta(?: finale| corretta)?(?: \u00e8| ?:)",
    "pt": r"(?:a |minha )?resposta(?: final| correta)?(?: \u00e9| ?:)",
    "nl": r"(?:het )?antwoord(?: is| ?:)",
    "ru": r"ответ(?: ?:| ?[\u2014-])",
    "zh": r"(?:最终|最終|正确|正確)?答案(?:是|为|為|[:：])",
    "ja": r"(?:最終的な|正しい)?(?:答え|解答|回答|正解)(?:は[、,]?|[:：])",
    "ko": r"(?:정답|답)(?:은 |[:：])",
}
# A form of "to be", or a verb for it, between what was asked and the answer.
COPULAS: dict[str, str] = {
    "de": r"(?:^| )(?:handelt sich um|man nennt(?: diesen vorgang)?|ist|war|sind|waren|hei\u00dft|hie\u00df|lautet|von|liegt "
    r"in) ",
    "fr": r"(?:^| )(?:c'est|c'\u00e9tait|s'agit (?:de )?|est|\u00e9tait|sont|fut|s'appelle|se trouve \u00e0|se trouve en|par) ",
    "es": r"(?:^| )(?:se trata de|es|era|son|fue|fueron|se llama|est\u00e1 en|por) ",
    "it": r"(?:^| )(?:si tratta di|\u00e8|era|sono|fu|\u00e8 stat[oa]|si chiama|si trova a|si trova in|da) ",
    "pt": r"(?:^| )(?:trata-se d[aeo]|\u00e9|era|s\u00e3o|foi|chama-se|fica em|por) ",
    "zh": r"(?:是|为|為|叫做|叫|位于|在)",
    "ja": r"(?:は、?|が|を)",
}
# What comes between the copula and the answer, or ends a sentence behind it.
LEADS: dict[str, str] = {
    "de": r"(?:der|die|das|stadt|den|dem|ein|eine|einen|von|in|im|am|an|etwa|ungef\u00e4hr|der stadt) ",
    "fr": r"(?:ville de |le |la |les |l'|un |une |des |du |de |d'|par |\u00e0 |en |environ )",
    "es": r"(?:ciudad de|el|la|los|las|un|una|de|del|por|en|aproximadamente) ",
    "it": r"(?:citt\u00e0 di |il |lo |la |i |gli |le |l'|un |una |uno |di |del |della |da |a |in |nel |circa )",
    "pt": r"(?:cidade de|o|a|os|as|um|uma|de|do|da|por|em|no|na|cerca de) ",
    "zh": r"(?:了|由|在|大约|约|大約|約)",
    "ja": r"(?:約|およそ)",
}
_ENDS = {"ja": r"(?:です|である|だ|でした|だった|であった|といいます|と言います|と呼びます|と呼ばれます|と呼ばれています)?$"}
ENDS = {code: _ENDS.get(code, "$") for code in COPULAS}
# Words that deny, hedge, bound or put another answer beside it.
_OPEN_WORDS: dict[str, str] = {
    "de": "nicht kein keine keinen oder vielleicht m\u00f6glicherweise wahrscheinlich vermutlich entweder weder noch statt ob "
    "\u00fcber unter mindestens h\u00f6chstens mehr weniger seit bis vor nach zwischen sowie falsch wei\u00df k\u00f6nnte "
    "sondern aber nein halt fast doppelte doppelt h\u00e4lfte zweimal dreimal dutzend quadrat falsche falsch l\u00fcge "
    "fr\u00fcher n\u00e4he beinahe",
    "fr": "pas ni non pardon double moiti\u00e9 triple presque jusqu'\u00e0 carr\u00e9 cube douzaine mauvaise fausse faux "
    "erron\u00e9 enfin certains c\u00f4t\u00e9 pr\u00e8s ou peut-\u00eatre probablement soit plut\u00f4t sinon plus moins "
    "depuis jusqu'en avant "
    "apr\u00e8s entre jamais "
    "aucun aucune faux sais pourrait mais",
    "es": "no ni doble mitad triple casi cuadrado docena incorrecta falsa err\u00f3nea cerca antiguamente o u quiz\u00e1s "
    "quiz\u00e1 tal vez probablemente posiblemente m\u00e1s menos desde hasta antes despu\u00e9s "
    "entre nunca sino pero "
    "ning\u00fan ninguna falso podr\u00eda s\u00e9",
    "it": "non no anzi doppio met\u00e0 triplo quasi quadrato dozzina sbagliata sbagliato falsa errata vicino n\u00e9 o "
    "oppure forse probabilmente pi\u00f9 meno dal fino prima dopo tra mai ma nessun nessuna "
    "falso potrebbe bens\u00ec",
    "pt": "n\u00e3o dobro metade triplo quase quadrado d\u00fazia errada errado falsa perto nem ou talvez provavelmente mais "
    "menos desde at\u00e9 antes depois entre nunca mas sen\u00e3o nenhum "
    "nenhuma falso poderia",
    "zh": "以前 以后 以後 不是 不 错 錯 曾 倍 百 千 少于 少於 多于 多於 负 負 近 差 平方 一半 未満 割 没 沒 并非 並非 或 "
    "可能 也许 也許 大概 还是 還是 而是 超过 超過 以上 以下 至少 之前 之后 之後 吗 嗎",
    "ja": "以前 以降 まで から 倍 割 半分 百 千 近く 約 負 間違 誤 かつて ない なく ではなく または もしくは あるいは "
    "かもしれ たぶん おそらく でしょうか ですか 以上 以下 未満 前 後 ません か、 いや 違",
}
OPEN_WORDS = {code: frozenset(listed.split()) for code, listed in _OPEN_WORDS.items()}
# What agrees and what denies at the beginning of an answer.
YES_NO: dict[str, str] = {
    word: said
    for said, listed in (("yes", "ja oui sí si sim 是 是的 对 對 はい"), ("no", "nein non no não 不 不是 否 いいえ"))
    for word in listed.split()
}
# Words that no English sentence has, and that leave an answer open or deny it.
FOREIGN_DENIALS: frozenset[str] = frozenset(
    "pas n'est peut-être probablement nicht kein keine keinen vielleicht wahrscheinlich möglicherweise nein quizás quizá "
    "perdón forse non não talvez desculpe sais weiß scusa pardon entschuldigung oder oppure ou ni vor avant desde hasta seit "
    "depuis statt sauf menos falsch "
    "faux falso au\u00dfer excepto tranne exceto antes jusqu'en mindestens h\u00f6chstens né nem".split()
)
