"""Countries and states: what is said behind a place and does not compete with it: "Paris, France", not "Paris, Texas"."""

from transforms.answers.canonical import canonical

_REGIONS = frozenset(
    name.strip()
    for name in (
        "afghanistan, albania, algeria, andorra, angola, argentina, armenia, australia, austria, azerbaijan, bahamas, "
        "bahrain, bangladesh, barbados, belarus, belgium, belize, benin, bhutan, bolivia, botswana, brazil, brunei, "
        "bulgaria, burundi, cambodia, cameroon, canada, chad, chile, china, colombia, congo, costa rica, croatia, cuba, "
        "cyprus, czech republic, czechia, denmark, djibouti, dominica, ecuador, egypt, el salvador, england, eritrea, "
        "estonia, eswatini, ethiopia, fiji, finland, france, gabon, gambia, georgia, germany, ghana, greece, grenada, "
        "guatemala, guinea, guyana, haiti, honduras, hungary, iceland, india, indonesia, iran, iraq, ireland, israel, "
        "italy, ivory coast, jamaica, japan, jordan, kazakhstan, kenya, kosovo, kuwait, kyrgyzstan, laos, latvia, lebanon, "
        "lesotho, liberia, libya, liechtenstein, lithuania, luxembourg, madagascar, malawi, malaysia, maldives, mali, "
        "malta, mauritania, mauritius, mexico, moldova, monaco, mongolia, montenegro, morocco, mozambique, myanmar, "
        "namibia, nepal, netherlands, new zealand, nicaragua, niger, nigeria, north korea, north macedonia, northern "
        "ireland, norway, oman, pakistan, panama, papua new guinea, paraguay, peru, philippines, poland, portugal, qatar, "
        "romania, russia, rwanda, samoa, saudi arabia, scotland, senegal, serbia, seychelles, sierra leone, singapore, "
        "slovakia, slovenia, somalia, south africa, south korea, south sudan, spain, sri lanka, sudan, suriname, sweden, "
        "switzerland, syria, taiwan, tajikistan, tanzania, thailand, togo, tonga, trinidad and tobago, tunisia, turkey, "
        "turkmenistan, uganda, ukraine, united arab emirates, united kingdom, united states, united states of america, "
        "uruguay, uzbekistan, vanuatu, venezuela, vietnam, wales, yemen, zambia, zimbabwe, uk, us, usa, uae, europe, asia, "
        "africa, alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, florida, hawaii, idaho, "
        "illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland, massachusetts, michigan, minnesota, "
        "mississippi, missouri, montana, nebraska, nevada, new hampshire, new jersey, new mexico, new york, north carolina, "
        "north dakota, ohio, oklahoma, oregon, pennsylvania, rhode island, south carolina, south dakota, tennessee, texas, "
        "utah, vermont, virginia, washington, west virginia, wisconsin, wyoming, dc, ontario, quebec, british columbia, "
        "alberta, new south wales, queensland, victoria, tasmania"
    ).split(",")
)


# As addresses have them, so in capitals alone.
_STATES = dict(
    pair.split(":")
    for pair in (
        "AL:alabama AK:alaska AZ:arizona AR:arkansas CA:california CO:colorado CT:connecticut DE:delaware FL:florida GA:georgia "
        "HI:hawaii ID:idaho IL:illinois IN:indiana IA:iowa KS:kansas KY:kentucky LA:louisiana ME:maine MD:maryland "
        "MA:massachusetts MI:michigan MN:minnesota MS:mississippi MO:missouri MT:montana NE:nebraska NV:nevada "
        "NJ:new_jersey NH:new_hampshire NM:new_mexico NY:new_york NC:north_carolina ND:north_dakota OH:ohio OK:oklahoma "
        "OR:oregon PA:pennsylvania RI:rhode_island SC:south_carolina SD:south_dakota TN:tennessee TX:texas UT:utah VT:vermont "
        "VA:virginia WA:washington WV:west_virginia WI:wisconsin WY:wyoming DC:dc ON:ontario BC:british_columbia QC:quebec"
    ).split()
)


def is_region(text: str) -> bool:
    """Whether a text names a country or a state: what is said behind a place and does not compete with it."""
    return _region(text) in _REGIONS


def _region(text: str) -> str:
    state = _STATES.get(text.strip(" .,"))
    return state.replace("_", " ") if state else canonical(text, "place")


# Cities whose names others have too, and where the one is that is met without its country. A name that several
# places share evenly has no home: whichever of them is said may be the wrong one.
_UK, _USA = ("uk", "united kingdom", "europe"), ("usa", "us", "united states", "united states of america")
_ENGLAND, _SCOTLAND = ("england", *_UK), ("scotland", *_UK)
_HOMES: dict[tuple[str, ...], str] = {
    (
        "france",
        "europe",
    ): "paris, versailles, orleans, marseille, marseilles, lyon, lyons, nice, calais, montpellier, lille, brest",
    ("italy", "europe"): "rome, naples, florence, venice, milan, verona, parma, palermo, syracuse, turin, genoa, pisa, ravenna",
    ("greece", "europe"): "athens, sparta, corinth, thebes, olympia, delphi, marathon",
    (
        "germany",
        "europe",
    ): "berlin, hamburg, frankfurt, frankfort, hanover, dresden, munich, cologne, bremen, potsdam, heidelberg",
    ("spain", "europe"): "madrid, barcelona, toledo, seville, granada, valencia, cordoba, cadiz, malaga",
    ("russia", "europe"): "moscow, st petersburg, saint petersburg",
    ("netherlands", "europe"): "amsterdam, rotterdam, holland, haarlem",
    ("ireland", "europe"): "dublin, cork, limerick",
    ("northern ireland", *_UK): "belfast",
    ("wales", *_UK): "cardiff, swansea",
    _ENGLAND: "london, manchester, birmingham, oxford, bristol, bath, york, plymouth, liverpool, southampton, sheffield, leeds, "
    "nottingham, brighton, dover, canterbury, windsor",
    _SCOTLAND: "edinburgh, glasgow, aberdeen, dundee, inverness",
    ("austria", "europe"): "vienna",
    ("switzerland", "europe"): "geneva, lucerne, zurich, bern, basel",
    ("belgium", "europe"): "brussels, antwerp, ghent, waterloo",
    ("poland", "europe"): "warsaw",
    ("portugal", "europe"): "lisbon, porto",
    ("sweden", "europe"): "stockholm",
    ("norway", "europe"): "oslo, bergen",
    ("denmark", "europe"): "copenhagen",
    ("ukraine", "europe"): "odessa",
    ("turkey",): "troy, smyrna, antioch, ephesus",
    ("egypt", "africa"): "cairo, alexandria, memphis, luxor",
    ("tunisia", "africa"): "carthage, tunis",
    ("libya", "africa"): "tripoli",
    ("peru",): "lima",
    ("chile",): "santiago",
    ("india", "asia"): "delhi, calcutta, madras, hyderabad",
    ("china", "asia"): "canton, shanghai, peking",
    ("lebanon", "asia"): "tyre, sidon, beirut",
    ("syria", "asia"): "damascus, palmyra, aleppo",
    ("israel", "asia"): "jerusalem, nazareth, haifa",
    ("palestine", "asia"): "bethlehem, jericho, hebron",
    ("jamaica",): "kingston",
    ("australia", "new south wales"): "sydney, newcastle",
    ("australia", "victoria"): "melbourne",
    ("australia", "western australia"): "perth",
    ("canada", "british columbia"): "vancouver",
    ("canada", "ontario"): "toronto, ottawa",
    ("massachusetts", *_USA): "boston",
    ("maryland", *_USA): "baltimore",
    ("pennsylvania", *_USA): "philadelphia, pittsburgh",
    ("michigan", *_USA): "detroit",
    ("florida", *_USA): "miami",
    ("california", *_USA): "los angeles, san francisco, hollywood",
    (): "cambridge, portland, springfield, richmond, hamilton, georgetown, durham, worcester, lincoln",
}
_HOMES_OF = {city.strip(): homes for homes, cities in _HOMES.items() for city in cities.split(",")}


def is_elsewhere(place: str, region: str) -> bool:
    """Whether a place said to be in a region is another one than the place of that name: Paris in Texas, not Paris in France."""
    homes = _HOMES_OF.get(canonical(place, "place"))
    return homes is not None and _region(region) not in homes
