"""Countries and states: what is said behind a place and does not compete with it ("Paris, France")."""

from transforms.answers import canonical

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


def is_region(text: str) -> bool:
    """Whether a text names a country or a state: what is said behind a place and does not compete with it."""
    return canonical(text, "place") in _REGIONS
