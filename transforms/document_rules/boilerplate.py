"""Page furniture: consent notices, account prompts, menus, footers. What a page says about itself.

C4 (arXiv:1910.10683, section 2.2) drops pages and lines with policy notices and "javascript";
RefinedWeb (arXiv:2306.01116, appendix G.2) removes menu lines, counters and calls to act;
FineWeb (arXiv:2406.17557, section 3.5) looks at the share of short lines without punctuation. Here
lines are left in place, and a page is furniture only when little else is on it.
"""

import re
from dataclasses import dataclass

from transforms.document_rules.language import stop_word_share
from transforms.document_rules.second_person import speaks_to_reader

# Cookies are also baked, and articles are written about consent: a notice names cookies in a way that
# shops and kitchens do not, speaks of a site, and speaks of itself or to its reader.
_CONSENT = (
    r"\b(?:uses?|using|verwende[nt]?|nutz(?:t|en)|setz(?:t|en)|utili[sz](?:a|amos|e|ons|ent)|usa|usiamo|gebruik(?:t|en)|usamos"
    r"|all|accepte?r?|acepta\w*|accetta\w*|manage|enable|disable|necessary|essential|notwendige|third.party|tracking"
    r"|such as)\s+(?:\w+\s+){0,2}cookies?\b|\bcookies?[\s-]*(?:policy|policies|settings?|preferences?|consent|notice|banner"
    r"|statement|einstellung|richtlinie|hinweis|nutzung|zustimm|verwend)|\bverwendung von cookies|\bconsent (?:to|preferences"
    r"|choices)\b|\bcookies? (?:zu|on this|to improve|help us|and (?:data|similar|other|andere))|\b(?:performance|functional"
    r"|targeting|analytics|advertising|session|marketing) cookies\b|\bpersonali[sz]ed? (?:ads|advertising|content)|\b(?:gdpr"
    r"|dsgvo|rgpd)\b"
    # the words of the Transparency and Consent Framework, which most banners carry
    r"|\bstore(?: and|/|, )*(?:or )?access information on a device|\b(?:we and our|our \d+) (?:\d+ )?partners\b"
    r"|\bprocess(?:ing of)? (?:your )?personal data|\b(?:manage|change|confirm|withdraw)\w* (?:your|my) (?:choices|preferences"
    r"|options|consent)|\b(?:reject|accept|deny|allow|decline) all\b|\balle (?:akzeptieren|ablehnen)|\btout (?:accepter|refuser)"
    r"|\baceptar todo|\brechazar todo"
)
_ABOUT_A_SITE = re.compile(
    r"web|\bsite\b|brows|on a device|priva|policy|consent|setting|preference|experience|service|dienste|datenschutz|einstell"
    r"|zustimm|sitio|navega"
)
_NOTICE = (
    r"privacy (?:policy|notice|settings|statement)|data protection|datenschutz|terms (?:of (?:use|service)|and conditions"
    r"|& conditions)|nutzungsbedingungen|impressum|mentions l[\u00e9e]gales|politique de confidentialit"
    r"|pol[\u00ed]tica de privacidad|legitimate interest|informatique et libert|all rights reserved|alle rechte vorbehalten"
    r"|tous droits r[\u00e9e]serv|derechos reservados|\u00a9 ?(?:19|20)\d\d|copyright (?:\u00a9 |\(c\) )?(?:19|20)\d\d|\b(?:sign"
    r"|log) ?(?:in|up|out) (?:to|with|for|here|or)\b|create an account|already (?:have an account|a (?:member|subscriber))"
    r"|(?:forgot|reset) (?:your )?password|subscribe|newsletter|enter your e-?mail|your e-?mail address|follow us|share (?:this"
    r"|on|via)|tweet this|like us on|skip to (?:main )?(?:content|navigation)|back to top|\b(?:read|learn) more$|view all|see all"
    r"|load(?:ing)? more|click here|show more|enable (?:javascript|js)|javascript (?:is|must be|to be) (?:disabled|enabled"
    r"|required)|browser (?:is )?(?:out of date|not supported)|requires? (?:javascript|cookies)|upgrade your browser"
    r"|no comments yet|leave a (?:reply|comment)|post a comment|required fields are marked|related (?:posts|articles)"
    r"|you may also like|add to (?:cart|basket|wishlist)|shopping (?:cart|basket)|warenkorb|out of stock|free shipping|powered by"
    r"|\badvertisement\b|\bsponsored\b|^anzeige\b|continue (?:browsing|to use)|by (?:continuing|using) (?:to|our|this)|got it\b"
    r"|more info"
    # what a sharing plug-in and a form say
    r"|\bclick to (?:share|e-?mail|print)|\bopens in (?:a )?new (?:window|tab)|\blike loading|\bpost navigation|\bview all posts"
    r"|\bas a new \w+ user|\bhello world!?$|\bfill (?:in|out) the form|\bget back to you\b|\bnot a robot\b|\b(?:re)?captcha\b"
    r"|\bfree articles? (?:left|this month|remaining|a month)|\blast free article|\bunlimited (?:digital |online )?access"
    r"|\b(?:rest of (?:the|this)|full) (?:story|article) (?:is|,|subscribe)|\bto read the (?:full|whole|rest)|\bcancel any ?time"
    r"|\bregister for free\b|\bdigital edition\b|\b(?:i have read|i agree to|i accept) .{0,30}(?:terms|conditions|policy)"
    r"|\bmust be at least \d+ characters"
)
# What a server, a firewall, a registrar or a program says when there is no page to show. People write about these
# things too, so they count only where the page speaks to its reader.
_FAILURE = re.compile(
    r"\bbrowser will redirect|\bprocess is automatic|\ballow up to \d+ seconds|\bddos protection|\bray id\b|\baccess denied"
    r"|\bpage (?:not found|you (?:requested|are looking for))|\b40[34] |\bchecking your browser|\byou are (?:a )?human"
    r"|\b(?:service|site|page|server|website|resource) (?:is )?(?:temporarily |currently )?(?:unavailable|down for maintenance)"
    r"|\b(?:unable|failed) to (?:service|process|complete|handle|fulfil|access|connect)\b.{0,40}\b(?:request|website|site|server)"
    r"|(?:please )?try again (?:later|in a few)|\binternal server error|\bbad gateway|\bgateway time-?out|\berrordocument\b"
    r"|\bserver at \S+ port \d+|\b50[0-4] (?:service|internal|bad|error|gateway)|\btoo many requests"
    r"|\bsession (?:has )?(?:expired|timed out)|\b(?:page|link|file|site) (?:can't|cannot|could not|was not|can\u2019t) be found"
    r"|\bnothing (?:was |has been )?found|\bnot found on this server|\brequested (?:url|page|resource|file)|\bbroken link"
    r"|\b(?:back|return) to the (?:home|previous|main) ?page|\bcontact (?:the|your) (?:site|server|web ?site|registrar|provider"
    r"|network)|\bemail the site owner|\bmaintenance (?:downtime|mode)|\b(?:reference|incident|request|error) (?:id|code)\b"
    r"|\b(?:cookies?|javascript|scripts?|it) (?:is|are|must be) (?:disabled|enabled|blocked)|\benabled? (?:on|in) your browser"
    r"|\bad ?block|need to enable javascript|\bsupport (?:cookies|javascript)|\bverify(?:ing)? (?:that )?(?:your browser|you are"
    r"|you're)|\bnot (?:automatically )?redirected|\bsecurity (?:of your connection|service to protect|solution)"
    r"|\bconnection is secure|\byou have been blocked|\bbeen (?:blocked|denied)\b|\bautomat(?:ion|ed) tools\b|\bunusual traffic\b"
    r"|\b(?:warning|notice|deprecated|fatal error|parse error): .{5,200} on line \d+|\bon line \d+$|\buncaught \w*(?:error"
    r"|exception)"
    # a name that somebody has registered and nobody uses
    r"|\bdomain(?: name)?\b.{0,60}\b(?:for sale|expired|parked|available)|\b(?:buy|buying|renew|own|owner of) this domain"
    r"|\bparked (?:free|domain|by)|\bsponsored listings?|\brelated searches|\bcourtesy of\b|\bto purchase, call|\bback-?order"
    r"|\bweb hosting from|\bfind a domain|\bbuild a website",
    re.IGNORECASE,
)
_CONSENT_PATTERN = re.compile(_CONSENT, re.IGNORECASE)
_NOTICE_PATTERN = re.compile(_NOTICE, re.IGNORECASE)
_CONSENT_PAGE = re.compile(rf"cookie|\baccept\b|\bagree\b|\bokay\b|consent|zustimm|{_CONSENT}|{_NOTICE}", re.IGNORECASE)


def _entries(listed: str) -> tuple[str, ...]:
    return tuple(entry for part in listed.replace("\n", " ").split("|") if (entry := part.strip()))


# Every pattern above contains one of these; looking for plain strings is ten times as fast.
_STEMS = _entries(
    """
cookie | privac | datenschutz | data protection | consent | rights | rechte | droits | derechos | terms | bedingungen |
impressum | mentions | informatique | personali | gdpr | dsgvo | rgpd | interest | © | copyright | sign in | sign up | log in |
log out | login | account | already | password | subscribe | newsletter | email | e-mail | follow | share | tweet | like us |
skip | back to | read more | learn more | view all | see all | load | click | show more | javascript | browser | access | page |
requir | automatic | seconds | ddos | ray id | 403 | 404 | human | comment | related | also like | add to | shopping | warenkorb |
stock | shipping | powered | advertise | sponsor | anzeige | continu | by using | got it | more info | accept | agree | okay |
zustimm | leave a | preference | your options | my options | partners | akzeptieren | personal data | enable j | signin | signup |
sign out | signout | logout | log up | logup
"""
)
# The same for what only short pages are searched for.
_SHORT_STEMS = _entries(
    """
our partners | and our | reject all | decline all | deny all | allow all | ablehnen | refuser | rechazar | choices | new window |
new tab | like loading | post navigation | all posts | as a new | hello world | i have read | must be at least | the form |
get back to you | not a robot | captcha | free article | unlimited | full stor | full article | rest of th | cancel any |
register for free | digital edition | to read the | unavailable | maintenance | unable to | failed to | try again | server |
gateway | errordocument | requests | expired | timed out | not found | be found | nothing | requested | broken link | page |
contact | error | request | id | cookie | javascript | your browser | redirect | secur | blocked | denied | automat | traffic |
on line | uncaught | domain | parked | sponsored | aceptar | disabled | enabled | ad block | adblock | courtesy | to purchase |
order | hosting | website | automatic | seconds | ddos | human | verify | reference | 500 | 501 | 502 | 503 | 504
"""
)
_BANNER_WORDS = 300
_FEW_TELLING = 3
_BANNER_EASE = 0.6
_PLACEHOLDER = re.compile(
    r"this is an example page|this is your first post|lorem ipsum dolor sit amet|site is under construction"
    r"|this account has been suspended"
    r"|default (?:web ?)?page for (?:this|the) (?:server|site|domain)|your new (?:web ?site|blog) is ready"
)
_PLACEHOLDER_WORDS = 150
_NOTICE_WORDS = 600  # a notice is short; a longer text that mentions cookies is about something
_PHRASE_WORDS = 4  # what one hit covers in a sentence about it
_CLAUSE_WORDS = 30  # what one hit can cover: a long line without punctuation is no notice for one phrase in it

_MENU_LINES = frozenset(
    _entries(
        """
home | homepage | start | startseite | inicio | accueil | portada | menu | main menu | menü | hauptmenü | menú | navigation |
search | suche | suchen | buscar | rechercher | about | about us | about me | who we are | our team | team | our mission |
our work | über uns | kontakt | contact | contact us | contacto | contactez-nous | help | hilfe | help center | help centre |
faq | faqs | support | login | log in | log out | sign in | sign up | sign out | register | registrieren | anmelden | my account |
account | join | join us | blog | news | latest news | events | calendar | jobs | careers | karriere | press | presse | media |
media center | mediathek | gallery | photos | videos | video | podcast | podcasts | newsletter | newsletters | subscribe | abo |
shop | store | cart | checkout | products | services | service | solutions | pricing | resources | downloads | documentation |
privacy | privacy policy | privacy notice | datenschutz | terms | terms of use | terms of service | terms & conditions |
terms and conditions | legal | impressum | agb | imprint | disclaimer | sitemap | site map | accessibility | cookies |
cookie policy | cookie settings | advertise | advertise with us | advertising | advertisement | anzeige | donate | donate now |
share | teilen | tweet | like | follow | follow us | print | email | e-mail | facebook | twitter | x | instagram | youtube |
linkedin | pinterest | tiktok | rss | whatsapp | telegram | reddit | google+ | mail | comments | reply | antworten | kommentare |
archive | archives | archiv | categories | tags | topics | themen | recent posts | popular posts | related posts |
related articles | latest posts | recent comments | previous | next | prev | back | zurück | weiter | older posts | newer posts |
read more | more | mehr | more info | learn more | view all | see all | show more | load more | close | schließen | open | ok |
accept | accept all | reject all | decline | got it | skip to content | skip to main content | jump to navigation |
jump to search | top | back to top | sports | sport | politics | politik | business | wirtschaft | entertainment | lifestyle |
opinion | culture | kultur | technology | tech | science | health | world | local | weather | travel | live | radio | tv |
language | languages | english | deutsch | español | français | deportes | economía | sociedad | opinión | política | submit |
send | go | edit | delete | yes | no | all | members | membership | first name | last name | your name | username | user name |
email address | e-mail address | your email | password | confirm email | confirm password | forgot password | remember me |
phone number | zip code | create account | select your country | add to cart | add to basket | add to wishlist | quick view |
view cart | wishlist | sort by | size guide | track order | gift cards | store finder | out of stock | in stock | blogroll |
meta | entries feed | comments feed | uncategorized | read later | whats new | quick links | register now | sign me up |
suche nach | stellenangebote | aktuelles | anfahrt | barrierefreiheit | schlagzeilen | gewinnspiel | kategorien |
neueste kommentare | secciones | nacional | multimedia | publicidad | noticias | contáctenos | nous contacter | adhérer |
faire un don | mentions légales | se connecter | actualités | community | forum | forums | partners | clients | portfolio |
adelante | agenda | livres
"""
    )
)
_MENU_WORDS = frozenset(entry for entry in _MENU_LINES if " " not in entry and len(entry) > 2)
_LABEL_EDGE = " \t<>\u00ab\u00bb\u2039\u203a\u2190\u2192\u2193\u2191\u2022\u00b7|*+-_\u00d7\u25be\u25bc\u25b6:"

_CLAUSE = re.compile(r"(?<=[.!?:])\s+")
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\u0964\uff01\uff1f][\"')\]\u201d\u2019\u00bb]*$")
_MARKED_LINE = re.compile(
    r"[-*+\u2022\u25aa\u25e6\u2013\u2014>#|\\$`~%&=:({\[<@]|\d+[.)\u00b0]?(?:\s|$)|[A-Za-z][.)]\s|[\u2460-\u2473]|.*[|\t=]|.*\d"
)
_WIDE_LINE_WORDS = 8  # words in a line above which it reads as a sentence rather than as a label
_BARE_LINE_WORDS = 5
_FEW_LINES = 8
_STRETCH_WORDS = 60  # a paragraph: what a text has somewhere and a page of teasers nowhere
_DAYS_OF_A_CALENDAR = 28
_ARCHIVE_LINE = re.compile(r"\w \(\d{1,3}\)$")  # "knitting (9)", "December 2017 (4)"; four digits are a year
_ARCHIVE_LINES = 10
_ARCHIVE_SHARE = 0.7
_RULED = re.compile(r"\w \| \w[^|]* \| \w|\w \u00b7 \w[^\u00b7]* \u00b7 \w|\w \u2022 \w[^\u2022]* \u2022 \w")
_RULE = re.compile(r" [|\u00b7\u2022] ")
_CALL_AT_END = re.compile(
    r"\b(?:(?:view|see|show|get) (?:the )?(?:details?|more|full (?:report|details|story|profile|article)|profile|listing|offer"
    r"|deal|price)|read (?:more|the full (?:story|article|report))|add to (?:cart|basket)|quick view|(?:buy|book|apply|order"
    r"|shop) now|learn more|continue reading|more (?:details|info)|full (?:story|article|report)|notify me|select options"
    r"|choose options|request info|weiterlesen|mehr lesen|lire la suite|leer m[a\u00e1]s)\W{0,3}$",
    re.IGNORECASE,
)
# Every call ends in one of these.
_CALL_ENDS = tuple(
    "detail details more profile listing offer deal price cart basket view now reading info story article report me options "
    "lesen suite m\u00e1s mas".split()
)
_LAST_WORD = 16
_CALL_CHARS = 40
_FEW_CALLS = 4
_CALL_SHARE = 0.25
_LABELS_ONLY = 40  # lines from which labels without one sentence are an index, and no list of facts
_BREADCRUMB = re.compile(r"(?:home|start|startseite|inicio|accueil|you are here:?)\s*[>\u00bb/\u203a|\u2192]", re.IGNORECASE)
_CALL_TO_SHARE = re.compile(
    r"(?:share (?:this|on|via)\b|follow us\b|skip to (?:main )?(?:content|navigation)\b|tweet(?: this)?$)", re.IGNORECASE
)


def find_notice(text: str, lines: list[str], max_share: float) -> str:
    """Say what was seen if more than `max_share` of the words are in notices; "" otherwise."""
    if len(text) > 12 * _NOTICE_WORDS:
        return ""
    folded = text.lower()
    total = len(folded.split())
    if total > _NOTICE_WORDS:
        return ""
    short = total <= _BANNER_WORDS
    stems = sum(map(folded.count, _STEMS))
    if short:
        stems += sum(map(folded.count, _SHORT_STEMS))
        if total <= _PLACEHOLDER_WORDS and (placeholder := _PLACEHOLDER.search(folded)):
            return f"a page that nobody has written yet: {placeholder[0]!r}"
    if stems * _CLAUSE_WORDS < max_share * total:
        return ""
    patterns, telling = _notice_patterns(folded, total)
    addressed = telling > 0 or patterns != [_NOTICE_PATTERN]
    if short and telling >= _FEW_TELLING:
        max_share *= _BANNER_EASE  # between the telling sentences, a banner or an error page explains itself
    furniture = total = 0
    for line in lines:
        for clause in _CLAUSE.split(line) if len(line) > 60 else (line,):
            size = len(clause.split())
            total += size
            hits = sum(len(pattern.findall(clause)) for pattern in patterns)
            # Where a page does not speak to its reader, a full sentence with such a phrase in it is about something.
            cover = _CLAUSE_WORDS if addressed or size <= _WIDE_LINE_WORDS else _PHRASE_WORDS
            furniture += size if _label(clause) in _MENU_LINES else min(size, cover * hits)
    share = furniture / max(1, total)
    return f"{share:.0%} of {total} words in notices" if share > max_share else ""


def _notice_patterns(folded: str, words: int) -> tuple[list[re.Pattern[str]], int]:
    """What counts as a notice on this page, and how many different phrases say that it is nothing else."""
    if not speaks_to_reader(folded, words):
        return [_NOTICE_PATTERN], 0
    consents = set(_CONSENT_PATTERN.findall(folded)) if _ABOUT_A_SITE.search(folded) else set()
    patterns = [_CONSENT_PAGE if consents else _NOTICE_PATTERN]
    if words > _BANNER_WORDS:
        return patterns, len(consents)
    return [*patterns, _FAILURE], max(len(consents), len(set(_FAILURE.findall(folded))))


def find_menu(lines: list[str], max_share: float, min_content_words: int) -> str:
    """Say what was seen if the lines are menus, footers and teasers with at most scraps of text; "" otherwise.

    Bare short lines alone prove nothing (a poem, a list of names, the cells of a table): they must
    also repeat or contain the entries of a menu, or go on for long without a sentence among them.
    """
    if any(_RULED.search(line) for line in lines if " | " in line or " \u00b7 " in line or " \u2022 " in line):
        # Of a line such as "Home | About | Contact" what stands between the rules.
        cells = (_RULE.split(line) if _RULED.search(line) else [line] for line in lines)
        lines = [stripped for row in cells for cell in row if (stripped := cell.strip())]
    if len(lines) < _FEW_LINES:
        return _find_flat_menu(" ".join(lines))
    counts = _count_lines(lines, min_content_words)
    if counts is None:
        return ""
    if counts.calls >= _FEW_CALLS and counts.calls > _CALL_SHARE * len(lines):
        return f"{counts.calls} of {len(lines)} lines call to click"
    if counts.archive_lines >= _ARCHIVE_LINES and counts.archive_lines > _ARCHIVE_SHARE * len(lines):
        return f"{counts.archive_lines} of {len(lines)} lines count the posts of an archive"
    if counts.bare_lines < 0.6 * len(lines):
        return ""
    repeated = 1 - len(set(lines)) / len(lines)
    seen = f"{counts.menu_lines} menu entries, {counts.bare_lines} of {len(lines)} lines bare, {repeated:.0%} repeated"
    entries = counts.menu_lines >= max(3, 0.05 * len(lines)) or (counts.menu_lines > 0 and repeated > 0.2)
    # A page of headlines and teasers has more words in sentences than in labels, but nowhere a text.
    portal = counts.content_words >= min_content_words and entries
    if entries and (portal or counts.bare_words > max_share * counts.all_words or counts.menu_lines > 0.15 * len(lines)):
        return seen
    labels_only = (
        counts.bare_words > 0.85 * counts.all_words
        and counts.content_words < 0.05 * counts.all_words
        and len(lines) >= _LABELS_ONLY
    )
    return seen if labels_only and stop_word_share(" ".join(lines)) < 0.1 else ""


@dataclass(slots=True)
class _Counts:
    """What the lines of a page are."""

    all_words: int = 0
    content_words: int = 0
    bare_lines: int = 0
    bare_words: int = 0
    menu_lines: int = 0
    calls: int = 0
    archive_lines: int = 0


def _count_lines(lines: list[str], min_content_words: int) -> _Counts | None:
    """Look at each line; None if so much is said in one stretch that the rest does not matter."""
    counts = _Counts()
    stretch = longest = days = 0
    for line in lines:
        size = line.count(" ") + 1
        counts.all_words += size
        if line[-_LAST_WORD:].lower().rstrip(" .!>\u00bb\u2192\u2026").endswith(_CALL_ENDS):
            counts.calls += bool(_CALL_AT_END.search(line[-_CALL_CHARS:]))
        if size > _WIDE_LINE_WORDS or _SENTENCE_END.search(line[-8:]):
            counts.content_words += size
            stretch += size
            longest = max(longest, stretch)
            if counts.content_words >= min_content_words and longest >= _STRETCH_WORDS:
                return None
            continue
        stretch = 0
        days = days + 1 if line == str(days + 1) else int(line == "1")
        if days == _DAYS_OF_A_CALENDAR:  # 1 to 28, a line each: the furniture of a blog
            counts.bare_lines += days
            counts.menu_lines += days
            counts.bare_words += days
        counts.archive_lines += line.endswith(")") and bool(_ARCHIVE_LINE.search(line))
        if size <= _BARE_LINE_WORDS:
            if _label(line) in _MENU_LINES:
                counts.menu_lines += 1
            elif _MARKED_LINE.match(line):
                continue
            counts.bare_lines += 1
            counts.bare_words += size
    return counts


def _find_flat_menu(text: str) -> str:
    """A menu whose line breaks were lost: many menu words, hardly a word between them."""
    words = text.lower().split()
    if not words or len(words) > 300:
        return ""
    entries = sum(word in _MENU_WORDS for word in words)
    if entries >= 6 and entries > 0.25 * len(words) and stop_word_share(text) < 0.1:
        return f"{entries} menu entries in {len(words)} words"
    return ""


def count_furniture(text: str) -> int:
    """Count breadcrumbs and calls to share: lines that a clean copy of the same text would not have."""
    return sum(bool(_BREADCRUMB.match(line) or _CALL_TO_SHARE.match(line)) for line in map(str.strip, text.splitlines()))


def _label(line: str) -> str:
    return line.strip(_LABEL_EDGE).lower().removesuffix(" (required)")
