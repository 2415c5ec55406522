"""What a run says that stopped because too little passed one of its stages: which stage, why, and what helps.

Where the stages ran in this process its runtime knows; where they ran in others, the counts of the summary tell.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from beam_pipeline.options.config import PipelineConfig
from transforms.inference.scheduling.min_yield import OPTION, RULES, RULES_AGAIN, LowYield

_DOCUMENTS = "if rejected/ holds good documents, take a stronger --filter_model; if not, another --input"
_WRITER = "read some of rejected/, then take a stronger --synthesize_model, or change prompts/synthesize.md"
_JUDGE = "read some of rejected/: bad pairs need a stronger --synthesize_model, good ones another --verify_model"
_SOLVER = "change --min_pass_rate and --max_pass_rate, or take another --pass_rate_model"
_ENDPOINT = "the endpoint does not keep up: give it more time by --request_timeout_s, or less at a time by --concurrency"
# What helps, in plain words, by stage and reason or error; else by the one, else by the other.
REMEDIES: Mapping[str, str] = {
    "ReplyInvalid": "the replies are not the JSON that was asked for: give a thinking model --disable_thinking or more "
    "--max_tokens, others a server that enforces json_schema",
    "ReplyTruncated": "the replies are cut: give more --max_tokens, and a thinking model --disable_thinking",
    "ContextOverflow": "the documents are too long for the model: give less --max_document_tokens",
    "RequestRefused": "the endpoint refuses the requests; dead_letters/ holds its words",
    **dict.fromkeys(("TimedOut", "Refused", "ConnectionLost", "TransientError", "Outage"), _ENDPOINT),
    "filter": _DOCUMENTS,
    "classify": "read some of rejected/, then take a stronger --classify_model, or change prompts/classify.md",
    **dict.fromkeys(("synthesize", "check"), _WRITER),
    "answer_not_in_document": f"the writer invents answers: {_WRITER}",
    "answer_too_long": f"the writer gives sentences for answers: {_WRITER}",
    **dict.fromkeys(("verify", "verify_answer", "verify_question"), _JUDGE),
    "ask_back": "read what was asked back in rejected/: if the questions are whole, take a stronger --ask_back_model, or leave "
    "--ask_back out; if not, a stronger --synthesize_model",
    "round_trip": "if rejected/ holds good pairs, take a stronger --round_trip_model, or leave --round_trip out",
    "fill_in": "read some of rejected/: if the distractors are bad, take a stronger --fill_in_model; if the texts are no prose, "
    "leave --fill_in_the_middle out",
    "options_only": "the distractors can be told from the text: take a stronger --fill_in_model",
    "fill_in_read": "if rejected/ holds good questions, take a stronger --options_only_model; if not, a stronger --fill_in_model",
    "pass_rate": _SOLVER,
}


def low_yield(summary: Mapping[str, Any], config: PipelineConfig) -> LowYield | None:
    """Where workers elsewhere stopped by themselves, the stage that passed the least of all that they asked about."""
    left = summary["documents"].get("not_started", 0), *(summary[part].get("unfinished", 0) for part in ("documents", "tasks"))
    stages = {stage: row for stage, row in summary["stages"].items() if stage in (*config.model_stages, RULES)}
    if summary.get("stopped") or not config.min_stage_yield or not any(left) or not stages:
        return None
    judged = {stage: (row.get("passed", 0), sum(row.values())) for stage, row in stages.items()}
    if mended := judged.pop(RULES_AGAIN, None):  # what Check passes on to be mended has not passed the rules yet
        judged[RULES] = mended[0], judged[RULES][1]
    stage = min(judged, key=lambda name: judged[name][0] / max(1, judged[name][1]))
    reasons: Counter[str] = Counter()
    for name, number in (summary["reasons"] | summary["errors"]).items():
        if name.partition("/")[0] in ({RULES, RULES_AGAIN} if stage == RULES else {stage}):
            reasons[name.partition("/")[2]] += number
    top, number = next(iter(reasons.most_common(1)), ("", 0))
    return LowYield(stage, *judged[stage], top, number)


def low_yield_row(low: LowYield) -> dict[str, Any]:
    """The part of the summary about it."""
    return {"stopped": OPTION, OPTION: low._asdict()}


def low_yield_line(low: LowYield, least: float) -> str:
    """What happened, and what helps."""
    remedy = REMEDIES.get(low.reason) or REMEDIES.get(low.stage, "read some of rejected/ and dead_letters/")
    return (
        f"stopped: {low.stage} passed {low.passed:,} of its first {low.of:,} elements ({low.passed / max(1, low.of):.1%}), and "
        f"--{OPTION} wants {least:.1%}; most of the others are {low.reason} ({low.number:,}): {remedy}"
    )
