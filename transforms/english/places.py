"""Places and peoples in lower case, as queries have them, and names that are of no place."""

import re

from transforms.english.phrases import Phrases

MONTHS = tuple("january february march april may june july august september october november december".split())
PLACES = Phrases(
    "united states, united kingdom, great britain, new zealand, south africa, south korea, north korea, saudi arabia",
    "sri lanka, new york, los angeles, san francisco, new mexico, new jersey, north carolina, south carolina, north dakota",
    "south dakota, west virginia, rhode island, new hampshire, costa rica, el salvador, sierra leone, hong kong",
    "european union, northern ireland, dominican republic, declaration of independence, puerto rico, soviet union",
    "roman empire, british empire, ottoman empire, middle east, north america, south america",
)
DEMONYMS = frozenset(
    "american british english scottish welsh irish french german italian spanish portuguese dutch belgian swiss austrian swedish "
    "norwegian danish finnish icelandic polish czech slovak hungarian romanian bulgarian greek turkish russian ukrainian indian "
    "pakistani chinese japanese korean vietnamese thai indonesian filipino malaysian australian canadian mexican brazilian "
    "argentine argentinian chilean colombian peruvian cuban egyptian nigerian kenyan ethiopian ghanaian israeli iranian iraqi "
    "saudi roman byzantine ottoman soviet european african asian athenian spartan mongol aztec inca mayan persian prussian "
    "america britain usa u.s u.s.a uk us eu".split()
)
# Names that say no place: days, holidays, bodies of all nations, ages.
NO_PLACES = re.compile(
    r"\b(?:(?:Independence|Mother's|Father's|Labou?r|Memorial|Veterans|National|Boxing|Christmas|New Year's|Valentine's|Easter|"
    r"Republic|Constitution|Election|Remembrance|Arbou?r|Flag|Women's) (?:Day|Eve)|Thanksgiving|Christmas|Easter|Halloween|"
    r"Ramadan|Diwali|Eid|Hanukkah|United Nations|Olympics?|World Cup|World War (?:I|II|One|Two)|Great Depression|Cold War|"
    r"First Amendment|Bill of Rights|Constitution|Parliament|Senate|Congress|Supreme Court|House of Representatives|President|"
    r"Prime Minister|Premier League|Internet|McDonald's|Sunday|Monday|Friday|VAT|TV|AIDS|HIV|COVID(?:-19)?|GDP|CEO)\b"
)
