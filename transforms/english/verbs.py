"""Common verbs of short answers."""

from transforms.english.stems import BASE_OF

_VERBS = frozenset(
    "produce release contain use discover invent write found lead win open build cause mean include require become remain "
    "represent describe establish publish develop call name locate belong measure weigh cost last take begin start end occur "
    "happen equal reach make give get run carry help live die bear play create form convert absorb emit design paint compose "
    "direct sing sign introduce propose formulate prove show say use need allow prevent reduce increase drive control regulate "
    "store bind break flow lie stand sit come go move turn bring keep hold lose beat defeat rule govern found visit cross "
    "feature involve treat affect cover provide support connect separate choose elect see serve teach study grow rise fall "
    "drop consist comprise air premiere score host perform voice portray headline propound proclaim run stretch "
    "extend attend cast appear marry kill arrive depart migrate star retire debut total number count amount span finish "
    "complete close join leave own buy sell pay mark denote".split()
)
_IRREGULAR = frozenset(form for form, base in BASE_OF.items() if base in _VERBS) | frozenset(
    "meant took taken gave given bound lay lain stood born spoke wore drew drawn flew".split()
)


def is_verb(word: str) -> bool:
    """Whether a word is a common verb of short answers, inflected or not."""
    lower = word.lower()
    if lower in _IRREGULAR or lower in _VERBS:
        return True
    for ending, instead in (("ies", "y"), ("ied", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ed", ""), ("ed", "e"), ("d", "")):
        if lower.endswith(ending) and lower[: -len(ending)] + instead in _VERBS:
            return True
    return False
