"""As much grammar as a question needs: subjects, verbs, and the order of a question."""

import re

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.words import NAME, STOP

_AUX = re.compile(r"^(.{2,90}?) (was|were|is|are|can|could|will|has|have|had|must|may|should) (.+)$")
_NOT_SUBJECT = re.compile(
    r"[,;:]|\b(?:that|which|who|whom|when|where|if|because|although|while|as|than|and|or|but|not|said|found|showed|has|have|had|"
    r"does|do|did|says|shows|means|makes|there|it|they|what|how|if|[a-z]+ed)\b(?! [A-Z])"
)
PAST = dict(
    pair.split(":")
    for pair in """became:become began:begin won:win wrote:write made:make led:lead built:build took:take gave:give lost:lose
    moved:move opened:open founded:found established:establish created:create published:publish introduced:introduce
    developed:develop released:release received:receive signed:sign launched:launch announced:announce adopted:adopt
    passed:pass died:die joined:join started:start ended:end discovered:discover invented:invent defeated:defeat
    conquered:conquer purchased:purchase bought:buy sold:sell returned:return arrived:arrive appeared:appear
    completed:complete changed:change proposed:propose hosted:host played:play agreed:agree ordered:order issued:issue
    declared:declare left:leave came:come went:go held:hold reached:reach acquired:acquire produced:produce served:serve
    merged:merge graduated:graduate married:marry visited:visit settled:settle formed:form designed:design
    demonstrated:demonstrate proved:prove described:describe published:publish ruled:rule invaded:invade
    expanded:expand attended:attend obtained:obtain aired:air premiered:premiere granted:grant abolished:abolish
    replaced:replace renamed:rename banned:ban seized:seize captured:capture entered:enter offered:offer ran:run
    set:set broke:break rose:rise fell:fall grew:grow found:find met:meet sent:send spent:spend brought:bring""".split()
)
_PAST_CLAUSE = re.compile(rf"^(.{{2,70}}?) ((?:{'|'.join(PAST)})) (.+)$")

_NAMED_SUBJECT = re.compile(
    r"(?:(?:In|At|By|During|Since|On|From|As of)\b[^,]{2,60}, )?(?:The |the )?"
    rf"((?:{NAME})(?: (?:(?:of|the|de|von) )?(?:{NAME}))*)"
)


def is_subject(text: str) -> bool:
    """Whether a text can be the whole subject of a clause: no verb, no clause boundary, not too long."""
    return len(text.split()) <= 10 and not _NOT_SUBJECT.search(text) and not re.search(r"\b(?:also|only|in|of|to|for)$", text)


def has_named_subject(text: str, analysis: Analysis) -> bool:
    """Whether a statement opens with a name, not with a word that is capitalised only because it stands first."""
    opening = _NAMED_SUBJECT.match(text)
    if not opening or opening[1].split()[0].lower() in analysis.lower | STOP:
        return False
    return " " in opening[1] or re.search(rf"(?<=[a-z,;)] ){re.escape(opening[1])}\b", analysis.text) is not None


def inverted(body: str, analysis: Analysis) -> str:
    """A statement in the order of a question: "X was built" -> "was X built"; "" if the verb is not sure."""
    past, aux = _PAST_CLAUSE.match(body), _AUX.match(body)
    if aux and is_subject(aux[1]) and (aux[2] not in ("has", "have", "had") or re.match(r"been |[a-z]+ed ", aux[3])):
        return f"{aux[2]} {lower_first(aux[1], analysis)} {aux[3]}"
    if past and is_subject(past[1]):
        return f"did {lower_first(past[1], analysis)} {PAST[past[2]]} {past[3]}"
    return ""


def lower_first(text: str, analysis: Analysis) -> str:
    """Uncapitalise the first word unless it is a name: a word that the document writes in capitals only."""
    first = re.match(r"[A-Za-z]+", text)
    if not first or (len(first[0]) > 1 and not first[0][1:].islower()):
        return text
    word = first[0].lower()
    return word + text[len(first[0]) :] if word in STOP or word in analysis.lower else text
