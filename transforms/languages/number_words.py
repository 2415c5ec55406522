"""Small numbers, halves and doubles in words of other languages, by the language's code."""

_SMALL = {
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn "
    "neunzehn zwanzig",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf "
    "vingt",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette "
    "diciotto diciannove venti",
    "pt": "dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito dezenove "
    "vinte",
    "ru": "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать "
    "шестнадцать семнадцать восемнадцать девятнадцать двадцать",
}
_OTHERS = {
    "de": {
        0.5: "halb halbe halben halber halbes hälfte", 2: "doppelt doppelte doppelten zweimal verdoppelt",
        3: "dreimal dreifache dreifach", 4: "viermal", 0.25: "viertel", 12: "dutzend", 30: "dreißig", 40: "vierzig",
        50: "fünfzig", 60: "sechzig", 100: "hundert",
    },
    "fr": {
        0.5: "moitié demi demie demis demies", 2: "double doublé doubler", 3: "triple", 4: "quadruple", 0.25: "quart",
        12: "douzaine douzaines", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 100: "cent",
    },
    "es": {
        0.5: "mitad medio media", 2: "doble duplica duplicó", 3: "triple triplica", 4: "cuádruple", 0.25: "cuarto cuarta",
        12: "docena docenas", 30: "treinta", 40: "cuarenta", 50: "cincuenta", 60: "sesenta", 100: "cien",
    },
    "it": {
        0.5: "metà mezzo mezza", 2: "doppio", 3: "triplo", 0.25: "quarto", 12: "dozzina dozzine", 30: "trenta",
        40: "quaranta", 50: "cinquanta", 60: "sessanta", 100: "cento",
    },
    "pt": {
        0.5: "metade meio meia", 2: "duas dobro", 3: "triplo", 0.25: "quarto", 12: "dúzia dúzias", 30: "trinta",
        40: "quarenta", 50: "cinquenta", 60: "sessenta", 100: "cem",
    },
    "ru": {
        0.5: "половина половину половины половиной вдвое", 2: "двух две дважды вдвое", 3: "трех трёх трижды втрое",
        4: "четырех четырёх", 5: "пяти", 6: "шести", 7: "семи", 8: "восьми", 9: "девяти", 10: "десяти", 30: "тридцать",
        40: "сорок", 50: "пятьдесят", 60: "шестьдесят", 100: "сто", 0.25: "четверть",
    },
}  # fmt: skip

NUMBER_WORDS: dict[str, dict[str, float]] = {
    code: {
        **{word: float(value) for value, word in enumerate(words.split(), 2)},
        **{word: float(value) for value, named in _OTHERS[code].items() for word in named.split()},
    }
    for code, words in _SMALL.items()
}
"""Of each language, words in lower case and the numbers that they say."""
