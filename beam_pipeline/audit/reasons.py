"""The reasons of an audit that `--ignore` may take for none: those of the rules that look at a row by itself."""

from collections.abc import Iterable
from difflib import get_close_matches

from beam_pipeline.audit.checkable import MISSES
from beam_pipeline.options.values import OptionError, shown
from transforms.benchmarks.rephrased import REPHRASED
from transforms.benchmarks.word_overlap import NEAR_DUPLICATE, OVERLAP
from transforms.deduplicate import REASONS as DUPLICATES
from transforms.pair_rules.context import REASON as CONTEXT_MISSING
from transforms.pair_rules.expiring import EXPIRES
from transforms.pair_rules.unclear_place import UNCLEAR_PLACE

# A test reads the rules and finds the same.
OF_A_ROW = (
    *("answer_empty", "answer_in_question", "answer_incomplete", "answer_is_question", "answer_not_in_document"),
    *("answer_open_ended", "answer_placeholder", "answer_too_long", "answer_type_mismatch"),
    *("question_dangling_pronoun", "question_deictic_date", "question_multiple", "question_not_a_question"),
    *("question_refers_to_document", "question_too_long", "question_too_short"),
    *(CONTEXT_MISSING, EXPIRES, UNCLEAR_PLACE, MISSES),
)
# What is found by comparing rows or by asking, and the option that leaves it out.
_LEFT_OUT_BY = {
    DUPLICATES[1]: "give --near_duplicate_questions false",
    **dict.fromkeys((OVERLAP, NEAR_DUPLICATE, REPHRASED, "benchmark_paraphrase"), "leave --benchmarks out"),
}


def check_ignored(reasons: Iterable[str]) -> None:
    """Raise OptionError, one line, for the first that no rule gives for a row by itself."""
    for reason in reasons:
        if reason in OF_A_ROW:
            continue
        if reason in (*DUPLICATES, *_LEFT_OUT_BY):
            instead = _LEFT_OUT_BY.get(reason, "such rows are in rejected/ with this reason")
            raise OptionError(f"--ignore {reason}: is found by comparing rows, and cannot be taken for none; {instead}")
        near = get_close_matches(reason, OF_A_ROW, 3, 0.5)
        which = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(OF_A_ROW)}"
        raise OptionError(f"--ignore {shown(reason)}: is no reason of an audit; {which}")
