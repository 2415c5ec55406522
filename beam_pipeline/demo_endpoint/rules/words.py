"""Words: which carry no meaning, which never are a topic, and when two are the same."""

import re

STOP = frozenset(
    """a about after all also although an and another any are as at be became because been before being between both but
    by can could did do does during each either even every few first for from further had has have he her here hers him his
    how however i if in into is it its itself just less like made make makes many may me might more most much must my near
    nearly neither no nor not now of off often on once one only onto or other others our out over own per rather s same
    second set shall she should since so some still such t than that the their theirs them themselves then there these
    they this those though three through thus to too toward two under until up upon us use used using very via was way we
    well were what when where whether which while who whom whose why will with within without would yet you your""".split()
)
# Frequent in any text, so never its topic.
VAGUE = frozenset(
    """able according activity added address allow allows although amount answer answers area areas article background based
    become case cases chapter common complete completes conclusion conclusions consider contains different example
    examples figure find found following form general give given good group groups help high important include included
    includes including increase information kind know known large learn level line long main means method methods name names
    need needs new number objective order part parts people person place point possible problem provide provides purpose
    question questions related result results right section several show shown significant similar simple small something
    state states statement step steps student students table take term terms text thing things time times today type
    types value values want work works working world would year years day days life side until called says said image
    return import self none true false print href http https div param file files class import code function title
    patients patient study studies there their these where which while""".split()
)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
NAME = r"[A-Z][\w’'-]*[a-z\d][\w’'-]*|[A-Z]{2,}"
NAMES = re.compile(rf"(?<=[a-z,;)] )(?:{NAME})(?: (?:(?:of|the|de|von) )?(?:{NAME})){{0,3}}")


def stem(word: str) -> str:
    """A word without case and common endings, so that "Bridges" and "bridge" agree."""
    word = word.lower()
    for ending in ("ies", "ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "ing" else 3) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def stems(text: str) -> set[str]:
    """The stems of all words of a text."""
    return {stem(word) for word in WORD.findall(text)}
