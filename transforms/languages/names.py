"""Languages by their codes, those of langdetect and those that a script or a few words tell, and by their English names."""

_NAMES = (
    "af Afrikaans,ar Arabic,bg Bulgarian,bn Bengali,ca Catalan,cs Czech,cy Welsh,da Danish,de German,el Greek,en English,"
    "es Spanish,et Estonian,fa Persian,fi Finnish,fr French,gu Gujarati,he Hebrew,hi Hindi,hr Croatian,hu Hungarian,"
    "id Indonesian,it Italian,ja Japanese,kn Kannada,ko Korean,lt Lithuanian,lv Latvian,mk Macedonian,ml Malayalam,"
    "mr Marathi,ne Nepali,nl Dutch,no Norwegian,pa Punjabi,pl Polish,pt Portuguese,ro Romanian,ru Russian,sk Slovak,"
    "sl Slovenian,so Somali,sq Albanian,sv Swedish,sw Swahili,ta Tamil,te Telugu,th Thai,tl Tagalog,tr Turkish,"
    "uk Ukrainian,ur Urdu,vi Vietnamese,zh Chinese,zh-cn Simplified Chinese,zh-tw Traditional Chinese,"
    "am Amharic,az Azerbaijani,bo Tibetan,dv Dhivehi,eo Esperanto,eu Basque,ga Irish,hy Armenian,is Icelandic,ka Georgian,"
    "km Khmer,la Latin,lo Lao,mg Malagasy,mt Maltese,my Burmese,or Odia,ps Pashto,si Sinhala,yi Yiddish,yo Yoruba,zu Zulu"
)
LANGUAGE_NAMES = {code: name for code, _, name in (entry.partition(" ") for entry in _NAMES.split(","))}


def language_name(code: str) -> str:
    """The English name of a language; a code that is not known as it is."""
    return LANGUAGE_NAMES.get(code, code)


def language_code(said: str) -> str:
    """The code of a language by its code or English name, in any case; "" for none that is known."""
    wanted = " ".join(said.lower().replace("_", "-").split())
    return next((code for code, name in LANGUAGE_NAMES.items() if wanted in (code, name.lower())), "")
