"""Pass rate: a solver that knows nothing and guesses, so that most questions are hard for it and a few are not."""

import re
from typing import Any

from transforms.text import stable_seed

# What a question asks for, and what one would say who has no idea.
_GUESSES = (
    (r"\bdate\b|\bmonth\b", "1 January 2000; 4 July 1976; May 2010"),
    (r"\byear\b|\bwhen\b", "1900; 1945; 1969; 1990; 2000; 2010; 2015"),
    (r"\bpercentage\b", "50%; 10%; 25%; 5%; 90%"),
    (r"\bhow (?:much|many)\b|\b(?:number|quantity)\b", "2; 3; 4; 5; 10; 12; 100"),
    (r"\bhow long\b|\blength of time\b", "5 minutes; 10 minutes; 1 hour; two years"),
    (r"\bwho\b|\bname\b", "Isaac Newton; William Shakespeare; United States"),
    (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will)\b", "yes; no"),
    (r"", "time; energy; nature"),
)


def guess_answer(question: str, seed: int) -> dict[str, Any]:
    """A guess at the answer, another one for another seed; a choice that the question offers is one of the two."""
    choice = re.search(r"(?<![\w-])([\w-]+),? or ([\w-]*\w)\W*\?$", question)
    said = next(said for asked, said in _GUESSES if re.search(asked, question, re.IGNORECASE))
    guesses = choice.groups() if choice else said.split("; ")
    return {"reasoning": "This is a guess.", "answer": guesses[stable_seed(question, str(seed)) % len(guesses)]}
