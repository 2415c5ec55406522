import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.document_rules import boilerplate
from transforms.document_rules.boilerplate import find_menu, find_notice

FURNITURE = {
    "blog": "Home\nAbout Us\nServices\nPortfolio\nBlog\nContact\nHome\nAbout Us\nServices\nWeb "
    "Design\nBranding\nPortfolio\nBlog\nContact\nRecent Posts\n"
    "Ten Tips for Branding\nWhy Colour Matters\nArchives\nMarch 2021\nFebruary "
    "2021\nCategories\nDesign\nMarketing\nMeta\nLog in\nEntries feed",
    "one line": "Home About Us News Sports Business Entertainment Opinion Obituaries Classifieds Jobs Autos Homes "
    "Subscribe Contact Us Login Register "
    "Search Weather Traffic Lottery Crossword Comics Horoscope Events Photos Videos Podcasts Newsletters Archives "
    "Advertise Careers",
    "shop": "Skip to content\nFree shipping on orders over $50\nShop\nMen\nWomen\nKids\nSale\nLog in\nCart (0)\nYour cart "
    "is empty\nContinue shopping\n"
    "Filter\nSort by\nFeatured\nBest selling\nAdd to cart\nQuick view\nAdd to cart\nQuick view\nSubscribe to our "
    "newsletter\nEnter your email\nSubscribe",
    "consent": "We value your privacy\nWe and our partners store and access information on a device, such as cookies, and "
    "process personal data. With your "
    "permission we and our partners may use precise geolocation data. You may click to consent to our processing as "
    "described above. Please note "
    "that some processing may not require your consent. Your preferences will apply to this website only.\nMORE OPTIONS\nAGREE",
    "cookies": "This website uses cookies to ensure you get the best experience on our website. By continuing to browse "
    "the site you are agreeing to our "
    "use of cookies. You can change your cookie settings at any time. Find out more in our cookie policy. Accept all. "
    "Reject all.",
    "cookies, German": "Diese Website verwendet Cookies, um Ihnen die bestmögliche Erfahrung zu bieten. Weitere "
    "Informationen zu Cookies finden Sie in "
    "unserer Datenschutzerklärung. Notwendige Cookies sollten immer aktiviert sein. Alle Cookies akzeptieren.",
    "cookies, Spanish": "Utilizamos cookies propias y de terceros para mejorar nuestros servicios. Si continua navegando, "
    "consideramos que acepta el uso "
    "de cookies. Puede obtener más información en nuestra política de privacidad.",
    "script needed": "Please enable JavaScript to continue. Your browser is not supported or JavaScript is disabled. This "
    "page requires JavaScript and "
    "cookies to work. Checking your browser before accessing the site. Your browser will redirect to your requested "
    "content shortly.",
    "login": "Sign in to your account\nEmail address\nPassword\nRemember me\nForgot your password?\nSign in\nor\nSign in "
    "with Google\nDon't have an account? "
    "Sign up\nBy continuing, you agree to our Terms of Service and Privacy Policy.\nHelp\nPrivacy\nTerms\nLanguage\nEnglish",
    "paywall": "You have reached your limit of free articles. Subscribe now to continue reading. Already a subscriber? Log "
    "in. By subscribing you agree to "
    "our Terms of Service and Privacy Policy. Sign up for our newsletter. Enter your email address. Follow us on Facebook. "
    "Share on Twitter.",
    "comments": "5 Comments\nJohn\nReply\nThanks!\nMary\nReply\nGreat post\nPete\nReply\nNice\nLeave a Reply\nYour email "
    "address will not be published. "
    "Required fields are marked *\nComment\nName\nEmail\nWebsite\nPost Comment\nNotify me of new posts by email.",
    "consent framework": "We and our 842 partners store and/or access information on a device, such as unique identifiers, "
    "to process "
    "personal data. You may accept or manage your choices by clicking below, including your right to object where "
    "legitimate interest "
    "is used. These choices will be signalled to our partners and will not affect browsing data.\nAccept all\nReject all",
    "server error": "Service Unavailable\nThe server is temporarily unable to service your request due to maintenance "
    "downtime. Please "
    "try again later.\nAdditionally, a 503 Service Unavailable error was encountered while trying to use an ErrorDocument.",
    "parked domain": "Domain for sale\nThe domain bluefern.example is for sale! To purchase, call us or click here to "
    "inquire.\nRelated "
    "searches\nGarden Plants\nCheap Flowers\nCar Insurance\nThis page is provided courtesy of the registrar. The sponsored "
    "listings "
    "displayed above are served automatically by a third party.",
    "form": "Sign up\nFirst name *\nLast name *\nEmail *\nConfirm email *\nPassword *\nMust be at least 8 "
    "characters\nCountry *\nI have read "
    "and accept the terms and conditions\nCreate account\nAlready have an account? Log in",
    "calendar": "\n".join(["June 2014", *"MTWTFSS", *map(str, range(1, 31)), "Jul", "Blogroll", "Archives"]),
    "menu with rules": "Home | About | Courses | Admissions | Contact\nLibrary | Timetable | Jobs\nFacebook | Twitter | "
    "YouTube\nSitemap",
    "counts of an archive": "\n".join(
        f"{word} ({n})" for n, word in enumerate("art bread cats diy family garden home kids music".split())
    )
    + "\n2018 (52)\n2017 (61)",
    "calls to click": "\n".join(f"{n} bedroom house for sale in Leeds, \u00a3{n}45,000 - View details" for n in range(1, 10)),
    "headlines": "Home\nNews\nSport\nWeather\nNews\nSport\n"
    + "\n".join(f"Council votes on plan {n} for the old harbour after long debate\nLocal\nShare\nJust now" for n in range(20)),
    "placeholder": "Sample Page\nThis is an example page. It's different from a blog post because it will stay in one place.",
}
ARTICLE = (
    "The bridge was opened in 1894 after eight years of work by more than four hundred men. It carried carts and trams at "
    "first, and cars from 1910 on. "
    "Each of its two towers holds a lift of eighty steps. The middle of the bridge opens for tall ships about eight "
    "hundred times a year, which takes five "
    "minutes. In the first years coal fired the steam engines that lifted it; since 1976 oil and electricity have done so. "
)


def seen(text: str) -> str:
    lines = [line for line in text.splitlines() if line]
    return find_notice(text, lines, 0.5) or find_menu(lines, 0.5, 150)


@pytest.mark.parametrize("text", FURNITURE.values(), ids=FURNITURE)
def test_furniture(text: str) -> None:
    assert seen(text)


@pytest.mark.parametrize("text", FURNITURE.values(), ids=FURNITURE)
def test_article_between_furniture_is_kept(text: str) -> None:
    assert not seen(f"{text}\n{ARTICLE * 2}\n{text[:100]}")


def test_long_text_that_mentions_notices_is_kept() -> None:
    assert not seen((ARTICLE + "You can read more in our newsletter. ") * 20)


def test_labels_without_a_sentence_are_an_index() -> None:
    names = [
        f"{colour} {thing}"
        for colour in ("Red", "Blue", "Green", "White", "Black", "Grey")
        for thing in "Fox Hen Ram Bee Cod Elk Owl Yak".split()
    ]
    assert seen("\n".join(names))
    assert not seen("\n".join(names[:30]))
    assert not seen("\n".join(f"{name} {number}" for number, name in enumerate(names)))


KEPT = {
    "on error pages": "A 404 page is what a server sends when a page cannot be found. 403 means that access is denied, 500 "
    "an internal "
    "server error, 503 that the service is unavailable for the moment. There never was a room 404 at CERN.",
    "on cookies": "A cookie with the Secure attribute is sent over HTTPS only. Session cookies end with the browser; "
    "persistent ones "
    "carry an Expires attribute. A browser sends them back with later requests to the web site that set them.",
    "films with their years": "\n".join(f"Film number {n} ({1927 + n})" for n in range(14)),
    "a table with rules": "Element | Symbol | Z\nHydrogen | H | 1\nHelium | He | 2\nLithium | Li | 3\nBeryllium | Be | "
    "4\nBoron | B | 5",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_looks_like_furniture_is_kept(text: str) -> None:
    assert not seen(text)


# --- the plain strings that are looked for first


def alternatives(pattern: str) -> list[str]:
    """The parts of a regular expression between its outermost bars."""
    parts, depth, start, place = [], 0, 0, 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            place += 1
        elif char == "[":
            place = pattern.index("]", place + 2)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            parts.append(pattern[start:place])
            start = place + 1
        place += 1
    return [*parts, pattern[start:]]


ALTERNATIVES = sorted(
    {
        part
        for pattern in (boilerplate._CONSENT, boilerplate._NOTICE, boilerplate._FAILURE.pattern)
        for part in alternatives(pattern)
    }
)


LETTERS = st.characters(codec="latin-1", exclude_characters="\n")


@pytest.mark.parametrize("first", range(0, len(ALTERNATIVES), 10))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_pattern_finds_holds_a_stem(first: int, data: st.DataObject) -> None:
    for alternative in ALTERNATIVES[first : first + 10]:
        found = data.draw(st.from_regex(re.compile(alternative), fullmatch=True, alphabet=LETTERS)).lower()
        assert any(stem in found for stem in (*boilerplate._STEMS, *boilerplate._SHORT_STEMS)), (alternative, found)


@pytest.mark.parametrize("alternative", ["a(b|c)|d", "[|]|x", r"\||y"])
def test_alternatives_are_told_apart(alternative: str) -> None:
    assert len(alternatives(alternative)) == 2
