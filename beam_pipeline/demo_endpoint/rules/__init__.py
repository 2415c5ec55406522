"""The model behind the demo endpoint: rules, not a neural network, doing the pipeline's tasks on real text.

It reads a request exactly as it is sent (system message, document between its tags, task line) and
answers what the task asks for, from the document's own sentences, deterministically. It is there
so that the pipeline can be tried, tested and timed without a GPU; its questions are correct and
checkable but plain, so do not train on them.

`answer(messages)` is the entry; `filter`, `classify`, `synthesize`, `verify`, `round_trip` and `pass_rate`
do one task each, `verify` in one call or in two.
What is worked out once for a document is kept in small caches, because all calls for a document
arrive close together. A question comes about in this order:

    analysis        sentences, title and main terms of the document
    plain           which sentences can be asked about
    questions       natural questions, for the sentences that have the form
    cloze           the sentence quoted with a blank, for the others
    sentence_facts  the best form for each sentence, its subject named
    recipe_facts, code_facts    the same for lines that are no sentences
    synthesize      the facts in order, one for each persona

`round_trip` reads the document without knowing how a question came about, so that it errs in its own
way. `pass_rate` knows nothing and guesses.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from beam_pipeline.demo_endpoint.rules.classify import classify_document
from beam_pipeline.demo_endpoint.rules.filter import filter_document
from beam_pipeline.demo_endpoint.rules.pass_rate import guess_answer
from beam_pipeline.demo_endpoint.rules.request import parse_request
from beam_pipeline.demo_endpoint.rules.round_trip import find_answer
from beam_pipeline.demo_endpoint.rules.synthesize import synthesize_pair
from beam_pipeline.demo_endpoint.rules.verify import verify_pair, verify_question


def is_task(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a request is one of the tasks."""
    return parse_request(messages) is not None


def answer(messages: Sequence[Mapping[str, Any]], seed: int = 0) -> dict[str, Any] | None:
    """The reply object for a request; None if the request is not one of the tasks.

    Rules have no chance in them: only a guess depends on the seed.
    """
    request = parse_request(messages)
    if request is None:
        return None
    match request.stage:
        case "filter":
            return filter_document(request.document)
        case "classify":
            return classify_document(request.document, request.system)
        case "synthesize":
            return synthesize_pair(request.document, request.field("persona"), request.field("domain"))
        case "round_trip":
            return find_answer(request.document, request.field("question"))
        case "pass_rate":
            return guess_answer(request.field("question"), seed)
        case "verify_question":
            return verify_question(request.field("question"), request.field("answer"))
        case _:
            return verify_pair(request.document, request.field("question"), request.field("answer"), request.field("aliases"))
