"""Countries and states: what is said behind a place and does not compete with it: "Paris, France", not "Paris, Texas"."""

from transforms.answers.canonical import canonical

# As addresses have them, so in capitals alone.
_STATES = dict(
    pair.replace("_", " ").split(":")
    for pair in (
        "AL:alabama AK:alaska AZ:arizona AR:arkansas CA:california CO:colorado CT:connecticut DE:delaware FL:florida GA:georgia "
        "HI:hawaii ID:idaho IL:illinois IN:indiana IA:iowa KS:kansas KY:kentucky LA:louisiana ME:maine MD:maryland "
        "MA:massachusetts MI:michigan MN:minnesota MS:mississippi MO:missouri MT:montana NE:nebraska NV:nevada "
        "NJ:new_jersey NH:new_hampshire NM:new_mexico NY:new_york NC:north_carolina ND:north_dakota OH:ohio OK:oklahoma "
        "OR:oregon PA:pennsylvania RI:rhode_island SC:south_carolina SD:south_dakota TN:tennessee TX:texas UT:utah VT:vermont "
        "VA:virginia WA:washington WV:west_virginia WI:wisconsin WY:wyoming DC:dc ON:ontario BC:british_columbia QC:quebec"
    ).split()
)
_REGIONS = frozenset(_STATES.values()).union(
    (
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
        "africa, alberta, new south wales, queensland, victoria, tasmania"
    ).split(", ")
)


def is_region(text: str) -> bool:
    """Whether a text names a country or a state: what is said behind a place and does not compete with it."""
    return _region(text) in _REGIONS


def state_of(code: str) -> str:
    """The state that two capital letters stand for in an address: "california" for "CA"; "" if none."""
    return _STATES.get(code, "")


def _region(text: str) -> str:
    return _STATES.get(text.strip(" .,")) or canonical(text, "place")


_SAME = tuple(
    frozenset(names.split(", "))
    for names in (
        "us, usa, united states, united states of america; uk, united kingdom; ussr, soviet union; holland, netherlands; "
        "burma, myanmar; uae, united arab emirates; ivory coast, cote divoire; czechia, czech republic; new york, new york "
        "city, nyc; "
        "washington dc, washington d.c.; persia, iran; siam, thailand; turkey, turkiye; cape verde, cabo verde"
    ).split("; ")
)


def other_names(place: str) -> tuple[str, ...]:
    """What else a country is called: "United States" for "the U.S."."""
    said = canonical(place, "place")
    return next((tuple(sorted(names - {said})) for names in _SAME if said in names), ())


# Cities whose names others have too, and where the one is that is met without its country. A name that several
# places share evenly has no home: whichever of them is said may be the wrong one.
_HOMES = {
    (
        "europe",
    ): "france: paris, versailles, orleans, marseille, marseilles, lyon, lyons, nice, calais, montpellier, lille, brest; "
    "italy: rome, naples, florence, venice, milan, verona, parma, palermo, syracuse, turin, genoa, pisa, ravenna; "
    "greece: athens, sparta, corinth, thebes, olympia, delphi, marathon; spain: madrid, barcelona, toledo, seville, granada, "
    "valencia, cordoba, cadiz, malaga; germany: berlin, hamburg, frankfurt, frankfort, hanover, dresden, munich, cologne, "
    "bremen, potsdam, heidelberg; russia: moscow, st petersburg, saint petersburg; netherlands: amsterdam, rotterdam, holland, "
    "haarlem; ireland: dublin, cork, limerick; austria: vienna; switzerland: geneva, lucerne, zurich, bern, basel; "
    "belgium: brussels, antwerp, ghent, waterloo; poland: warsaw; portugal: lisbon, porto; sweden: stockholm; "
    "norway: oslo, bergen; denmark: copenhagen; ukraine: odessa",
    ("uk", "united kingdom", "europe"): "england: london, manchester, birmingham, oxford, bristol, bath, york, plymouth, "
    "liverpool, southampton, sheffield, leeds, nottingham, brighton, dover, canterbury, windsor; scotland: edinburgh, glasgow, "
    "aberdeen, dundee, inverness; wales: cardiff, swansea; northern ireland: belfast",
    ("usa", "us", "united states", "united states of america"): "massachusetts: boston; maryland: baltimore; pennsylvania: "
    "philadelphia, pittsburgh; michigan: detroit; florida: miami; california: los angeles, san francisco, hollywood",
    ("asia",): "india: delhi, calcutta, madras, hyderabad; china: canton, shanghai, peking; lebanon: tyre, sidon, beirut; "
    "syria: damascus, palmyra, aleppo; israel: jerusalem, nazareth, haifa; palestine: bethlehem, jericho, hebron",
    ("africa",): "egypt: cairo, alexandria, memphis, luxor; tunisia: carthage, tunis; libya: tripoli",
    ("australia",): "new south wales: sydney, newcastle; victoria: melbourne; western australia: perth",
    ("canada",): "british columbia: vancouver; ontario: toronto, ottawa",
    (): "turkey: troy, smyrna, antioch, ephesus; peru: lima; chile: santiago; jamaica: kingston",
}
_HOMES_OF = {
    city: (home, *around)
    for around, countries in _HOMES.items()
    for home, cities in (country.split(": ") for country in countries.split("; "))
    for city in cities.split(", ")
}
_HOMES_OF |= dict.fromkeys("cambridge portland springfield richmond hamilton georgetown durham worcester lincoln".split(), ())


def is_elsewhere(place: str, region: str) -> bool:
    """Whether a place said to be in a region is another one than the place of that name: Paris in Texas, not Paris in France."""
    homes = _HOMES_OF.get(canonical(place, "place"))
    return homes is not None and _region(region) not in homes
