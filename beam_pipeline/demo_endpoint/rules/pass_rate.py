"""Pass rate: a solver that knows nothing and guesses, so that most questions are hard for it and a few are not."""

import re
from typing import Any

from transforms.text import stable_seed

# What a question asks for, and what one would say who has no idea.
_GUESSES = (
    (r"\bmonth and year\b", "January 2000; June 1990; May 2010"),
    (r"\bdate\b", "1 January 2000; 4 July 1976; 11 November 1918"),
    (r"\byear\b|\bwhen\b", "1900; 1945; 1969; 1990; 2000; 2010; 2015"),
    (r"\bpercentage\b", "50%; 10%; 25%; 5%; 90%"),
    (r"\bhow (?:much|many)\b|\b(?:number|quantity)\b", "2; 3; 4; 5; 10; 12; 100"),
    (r"\bhow long\b|\blength of time\b", "5 minutes; 10 minutes; 1 hour; two years"),
    (r"\bamount of money\b", "$1 million; $100; $10"),
    (r"\bwho\b|\bname\b", "Isaac Newton; William Shakespeare; United States"),
    (r"\bplace\b|\bwhere\b", "London; New York; Paris"),
)
_CHOICE = re.compile(r"([\w-]+),? or ([\w-]+)\W*\?$")
_YES_NO = re.compile(r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will)\b", re.IGNORECASE)


def guess_answer(question: str, seed: int) -> dict[str, Any]:
    """Pass rate: a guess at the answer, another one for another seed."""
    choice = _CHOICE.search(question)
    if choice:
        guesses = [choice[1], choice[2]]
    elif _YES_NO.match(question):
        guesses = ["yes", "no"]
    else:
        asked = (said for form, said in _GUESSES if re.search(form, question, re.IGNORECASE))
        guesses = next(asked, "water; time; energy").split("; ")
    return {"reasoning": "This is a guess.", "answer": guesses[stable_seed(question, str(seed)) % len(guesses)]}
