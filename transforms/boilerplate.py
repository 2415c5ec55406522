"""Page furniture: consent notices, account prompts, menus, footers. What a page says about itself.

C4 (arXiv:1910.10683, section 2.2) drops pages and lines with policy notices and "javascript";
RefinedWeb (arXiv:2306.01116, appendix G.2) removes menu lines, counters and calls to act;
FineWeb (arXiv:2406.17557, section 3.5) looks at the share of short lines without punctuation. Here
lines are left in place, and a page is furniture only when little else is on it.
"""

import re

from transforms.language import stop_word_share

# Cookies are also baked, and articles are written about consent: a notice names cookies in a way that
# shops and kitchens do not, speaks of a site, and speaks of itself or to its reader.
_CONSENT = (
    r"\b(?:uses?|using|verwende[nt]?|nutz(?:t|en)|setz(?:t|en)|utili[sz](?:a|amos|e|ons|ent)|usa|usiamo"
    r"|gebruik(?:t|en)|usamos|all"
    r"|accepte?r?|acepta\w*|accetta\w*|manage|enable|disable|necessary|essential|notwendige|third.party|tracking|such as)"
    r"\s+(?:\w+\s+){0,2}cookies?\b"
    r"|\bcookies?[\s-]*(?:policy|policies|settings?|preferences?|consent|notice|banner|statement|einstellung"
    r"|richtlinie|hinweis|nutzung|zustimm|verwend)|\bverwendung von cookies"
    r"|\bconsent (?:to|preferences|choices)\b|\bcookies? (?:zu|on this|to improve|help us)"
    r"|\bpersonali[sz]ed? (?:ads|advertising|content)|\b(?:gdpr|dsgvo|rgpd)\b"
)
_ABOUT_A_SITE = re.compile(
    r"web|\bsite\b|browser|priva|policy|consent|setting|preference|experience|service|dienste|datenschutz|einstell|zustimm|sitio"
    r"|navega"
)
_OF_ITSELF = re.compile(
    r"\b(?:we|us|our|you|your|this (?:web ?)?site|wir|uns|unser\w*|sie|ihnen|du|diese[rs]? (?:web|seite|internet)\w*|nous|notre"
    r"|nos|vous|votre|nuestr\w+|su|sus|utilizamos|usamos|noi|nostr\w+|onze|wij|u)\b"
)
_NOTICE = (
    r"privacy (?:policy|notice|settings|statement)|data protection|datenschutz"
    r"|terms (?:of (?:use|service)|and conditions|& conditions)"
    r"|nutzungsbedingungen|impressum|mentions l[\u00e9e]gales|politique de confidentialit"
    r"|pol[\u00ed]tica de privacidad|legitimate interest"
    r"|informatique et libert|all rights reserved|alle rechte vorbehalten|tous droits r[\u00e9e]serv"
    r"|derechos reservados|\u00a9 ?(?:19|20)\d\d"
    r"|copyright (?:\u00a9 |\(c\) )?(?:19|20)\d\d|\b(?:sign|log) ?(?:in|up|out) (?:to|with|for|here|or)\b|create an account"
    r"|already (?:have an account|a (?:member|subscriber))|(?:forgot|reset) (?:your )?password|subscribe|newsletter"
    r"|enter your e-?mail|your e-?mail address|follow us|share (?:this|on|via)|tweet this|like us on"
    r"|skip to (?:main )?(?:content|navigation)|back to top|\b(?:read|learn) more$|view all|see all"
    r"|load(?:ing)? more|click here|show more"
    r"|enable (?:javascript|js)|javascript (?:is|must be|to be) (?:disabled|enabled|required)"
    r"|browser (?:is )?(?:out of date|not supported)"
    r"|requires? (?:javascript|cookies)|browser will redirect|process is automatic|allow up to \d+ seconds"
    r"|ddos protection|\bray id\b"
    r"|upgrade your browser|access denied|page (?:not found|you (?:requested|are looking for))|\b40[34] |checking your browser"
    r"|you are (?:a )?human|no comments yet|leave a (?:reply|comment)|post a comment|required fields are marked"
    r"|related (?:posts|articles)"
    r"|you may also like|add to (?:cart|basket|wishlist)|shopping (?:cart|basket)|warenkorb|out of stock|free shipping|powered by"
    r"|\badvertisement\b|\bsponsored\b|^anzeige\b|continue (?:browsing|to use)"
    r"|by (?:continuing|using) (?:to|our|this)|got it\b|more info"
)
_CONSENT_PATTERN = re.compile(_CONSENT, re.IGNORECASE)
_NOTICE_PATTERN = re.compile(_NOTICE, re.IGNORECASE)
_CONSENT_PAGE = re.compile(rf"cookie|\baccept\b|\bagree\b|\bokay\b|consent|zustimm|{_CONSENT}|{_NOTICE}", re.IGNORECASE)


def _entries(listed: str) -> tuple[str, ...]:
    return tuple(entry for part in listed.replace("\n", " ").split("|") if (entry := part.strip()))


# Every pattern above contains one of these; looking for plain strings is ten times as fast.
_STEMS = _entries(
    """
cookie | privac | datenschutz | data protection | consent | rights | rechte | droits | derechos | terms | bedingungen
| impressum | mentions | informatique | personali | gdpr | dsgvo | rgpd | interest | © | copyright | sign in | sign up
| log in | log out | login | account | already | password | subscribe | newsletter | email | e-mail | follow | share |
tweet | like us | skip | back to | read more | learn more | view all | see all | load | click | show more | javascript
| browser | access | page | requir | automatic | seconds | ddos | ray id | 403 | 404 | human | comment | related
| also like | add to | shopping | warenkorb | stock | shipping | powered | advertise | sponsor | anzeige
| continu | by using | got it | more info | accept | agree | okay | zustimm
"""
)
_NOTICE_WORDS = 600  # a notice is short; a longer text that mentions cookies is about something
_CLAUSE_WORDS = 30  # what one hit can cover: a long line without punctuation is no notice for one phrase in it

_MENU_LINES = frozenset(
    _entries(
        """
home | homepage | start | startseite | inicio | accueil | portada | menu | main menu | menü | hauptmenü | menú |
navigation | search | suche | suchen | buscar | rechercher | about | about us | about me | who we are | our team |
team | our mission | our work | über uns | kontakt | contact | contact us | contacto | contactez-nous | help | hilfe |
help center | help centre | faq | faqs | support | login | log in | log out | sign in | sign up | sign out | register
| registrieren | anmelden | my account | account | join | join us | blog | news | latest news | events | calendar |
jobs | careers | karriere | press | presse | media | media center | mediathek | gallery | photos | videos | video |
podcast | podcasts | newsletter | newsletters | subscribe | abo | shop | store | cart | checkout | products | services
| service | solutions | pricing | resources | downloads | documentation | privacy | privacy policy | privacy notice |
datenschutz | terms | terms of use | terms of service | terms & conditions | terms and conditions | legal | impressum
| agb | imprint | disclaimer | sitemap | site map | accessibility | cookies | cookie policy | cookie settings |
advertise | advertise with us | advertising | advertisement | anzeige | donate | donate now | share | teilen | tweet |
like | follow | follow us | print | email | e-mail | facebook | twitter | x | instagram | youtube | linkedin |
pinterest | tiktok | rss | whatsapp | telegram | reddit | google+ | mail | comments | reply | antworten | kommentare |
archive | archives | archiv | categories | tags | topics | themen | recent posts | popular posts | related posts |
related articles | latest posts | recent comments | previous | next | prev | back | zurück | weiter | older posts |
newer posts | read more | more | mehr | more info | learn more | view all | see all | show more | load more | close |
schließen | open | ok | accept | accept all | reject all | decline | got it | skip to content | skip to main content |
jump to navigation | jump to search | top | back to top | sports | sport | politics | politik | business | wirtschaft
| entertainment | lifestyle | opinion | culture | kultur | technology | tech | science | health | world | local |
weather | travel | live | radio | tv | language | languages | english | deutsch | español | français | deportes |
economía | sociedad | opinión | política | submit | send | go | edit | delete | yes | no | all | members | membership
| community | forum | forums | partners | clients | portfolio | adelante | agenda | livres
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
    total = folded.count(" ") + folded.count("\n") + 1
    if sum(map(folded.count, _STEMS)) * _CLAUSE_WORDS < max_share * total:
        return ""
    asks_consent = _CONSENT_PATTERN.search(folded) and _ABOUT_A_SITE.search(folded) and _OF_ITSELF.search(folded)
    notice = _CONSENT_PAGE if asks_consent else _NOTICE_PATTERN
    furniture = total = 0
    for line in lines:
        for clause in _CLAUSE.split(line) if len(line) > 60 else (line,):
            size = len(clause.split())
            total += size
            furniture += size if _label(clause) in _MENU_LINES else min(size, _CLAUSE_WORDS * len(notice.findall(clause)))
    share = furniture / max(1, total)
    return f"{share:.0%} of {total} words in notices" if share > max_share and total <= _NOTICE_WORDS else ""


def find_menu(lines: list[str], max_share: float, min_content_words: int) -> str:
    """Say what was seen if the lines are menus and footers with at most scraps of text; "" otherwise.

    Bare short lines alone prove nothing (a poem, a list of names, the cells of a table): they must
    also repeat or contain the entries of a menu, or go on for long without a sentence among them.
    """
    if len(lines) < _FEW_LINES:
        return _find_flat_menu(" ".join(lines))
    bare_lines = bare_words = content_words = all_words = menu_lines = 0
    for line in lines:
        size = line.count(" ") + 1
        all_words += size
        if size > _WIDE_LINE_WORDS or _SENTENCE_END.search(line[-8:]):
            content_words += size
            if content_words >= min_content_words:
                return ""
        elif size <= _BARE_LINE_WORDS:
            if _label(line) in _MENU_LINES:
                menu_lines += 1
            elif _MARKED_LINE.match(line):
                continue
            bare_lines += 1
            bare_words += size
    if bare_lines < 0.6 * len(lines):
        return ""
    repeated = 1 - len(set(lines)) / len(lines)
    seen = f"{menu_lines} menu entries, {bare_lines} of {len(lines)} lines bare, {repeated:.0%} repeated"
    entries = menu_lines >= max(3, 0.05 * len(lines)) or (menu_lines > 0 and repeated > 0.2)
    if entries and (bare_words > max_share * all_words or menu_lines > 0.15 * len(lines)):
        return seen
    labels_only = bare_words > 0.85 * all_words and content_words < 0.05 * all_words and len(lines) >= _LABELS_ONLY
    return seen if labels_only and stop_word_share(" ".join(lines)) < 0.1 else ""


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
    return line.strip(_LABEL_EDGE).lower()
