"""Numbers as words: cardinals, ordinals, parts and scales."""

UP_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
).split()
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
SMALL_NUMBERS = {word: value for value, word in enumerate(UP_TO_TWENTY)} | TENS
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth"
).split()
ORDINALS = {word: value for value, word in enumerate(_ORDINALS, 1)}
_PART_NAMES = ["half", "third", "quarter", *_ORDINALS[3:10]]
PARTS = dict(zip(_PART_NAMES, (2, 3, 4, *range(4, 11)), strict=True))
PARTS |= {f"{name}s": size for name, size in PARTS.items() if name != "half"} | {"halves": 2}
