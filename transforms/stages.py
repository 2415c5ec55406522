"""Every stage once: its name, what it does, and when a run has it. The lists that others need are derived from the table."""

from typing import NamedTuple


class Stage(NamedTuple):
    """One stage of the graph.

    Attributes:
        name: of its prompt, its label and its counters.
        does: what it decides, for a reader of the report.
        asks_model: whether it sends requests to an endpoint.
        switched_on_by: the option without which a run does not have it; "" where every run has it.
        verifies: whether it judges pairs as a verifier.
    """

    name: str
    does: str
    asks_model: bool = False
    switched_on_by: str = ""
    verifies: bool = False


# In the order in which documents meet them. A pass rate that only measures comes last, one that rejects before the mix.
TABLE = (
    Stage("read", "rows that are documents, each id once"),
    Stage("screen", "rules on the text, and copies"),
    Stage("filter", "is it worth asking about?", asks_model=True),
    Stage("classify", "domain, and who would ask: a task for each question of each persona", asks_model=True),
    Stage("synthesize", "one question for each task", asks_model=True),
    Stage("check", "rules on question and answer"),
    Stage("repair", "a draft that broke a rule, written once more", asks_model=True),
    Stage("verify", "a model judges the pair by the document", asks_model=True, verifies=True),
    Stage("verify_answer", "a model judges the answer by the document", True, "--verify_calls 2", verifies=True),
    Stage("verify_question", "a model judges the question by itself", True, "--verify_calls 2", verifies=True),
    Stage("ask_back", "a model says what it would have to ask back", True, "--ask_back"),
    Stage("round_trip", "a model answers, not seeing the stored answer", True, "--round_trip"),
    Stage("fill_in", "a text without a short answer becomes a gap and nine options", True, "--fill_in_the_middle"),
    Stage("options_only", "does a solver know the right option without the text?", True, "--fill_in_the_middle"),
    Stage("fill_in_read", "does a solver who sees the text choose the right option?", True, "--fill_in_the_middle"),
    Stage("deduplicate", "the same question twice"),
    Stage("decontaminate", "what benchmarks ask", switched_on_by="--benchmarks"),
    Stage("mix", "caps and shares", switched_on_by="--max_pairs_per_domain or --domain_shares"),
    Stage("pass_rate", "how often a solver is right without the document", True, "--pass_rate_samples"),
    Stage("key_doubt", "how likely the stored answer is right, by all answers", switched_on_by="--min_key_confidence"),
)

STAGES = tuple(stage.name for stage in TABLE)
MODEL_STAGES = tuple(stage.name for stage in TABLE if stage.asks_model)
DEFAULT_MODEL_STAGES = tuple(stage.name for stage in TABLE if stage.asks_model and not stage.switched_on_by)
# Beside the way of a pair: documents without a short answer become questions there.
BESIDE = tuple(stage.name for stage in TABLE if stage.switched_on_by == "--fill_in_the_middle")
VERIFY_STAGES = tuple(stage.name for stage in TABLE if stage.verifies)
BEFORE_MODELS = STAGES[: STAGES.index(MODEL_STAGES[0])]
SWITCHES = {stage.name: stage.switched_on_by for stage in TABLE if stage.switched_on_by}
WHAT_STAGES_DO = {stage.name: stage.does for stage in TABLE}
