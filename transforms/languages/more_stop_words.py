"""Function words of languages that langdetect does not know and takes for others, with full confidence.

They tell a language, and no rule reads more out of them. "el-latn" is Greek in Latin letters, as people type it.
"""

MORE_STOP_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(listed.split())
    for code, listed in {
        "az": "və bir ilə üçün bu də olan kimi olaraq daha ən edir olub çox isə onun burada idi etmiş vermiş",
        "eo": "la kaj de en estas al ne por kiu ĉi ankaŭ estis kiel sed aŭ ili kiuj oni",
        "eu": "eta da ez bat zen izan dira ere baina duen zuen ditu den hau dute baino",
        "ga": "agus an na ar is bhí tá sa leis ag go seo mar ina í sí sé bliain don",
        "is": "og að er í á sem við það til um ekki var með af en hún hann þar eru",
        "la": "et in est non ad cum qui quae quod sunt ut ex ab per sed hi inter quam esse aut atque eius omnes hic",
        "mg": "ny sy dia izy amin tamin no fa izay ho tsy an ireo eo io ao iray",
        "mt": "u li ta fil il minn dan kien huwa għal hija jew kienet mill ma",
        "yo": "ní ti tí àti ó jẹ sí àwọn pé náà wà kan ọ̀kan ìlú fún láti",
        "zu": "kanye kodwa kakhulu futhi ukuthi uma noma lapho ngoba abantu lo ukuze kuleli njengoba iningi kukhona khona",
        "el-latn": "kai tin tis ton tou einai apo sti stin sto pou tha gia oti den ston ta tous ena",
    }.items()
}
