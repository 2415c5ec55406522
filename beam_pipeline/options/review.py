"""Review by people, as the options set it: after which stages a run may stop, and which rows may be edited."""

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import hint
from transforms.stages import BESIDE, MODEL_STAGES, STAGES


def stages_to_review(config: PipelineConfig) -> tuple[str, ...]:
    """The stages of a run whose rows can be reviewed, in the order in which documents meet them."""
    off = {"read", *BESIDE, *(set(MODEL_STAGES) - set(config.model_stages))}
    off |= set() if config.benchmarks else {"decontaminate"}
    mixed = (config.max_pairs_per_document, config.max_pairs_per_source, config.max_pairs_per_domain, config.domain_shares)
    off |= set() if any(mixed) else {"mix"}
    return tuple(stage for stage in STAGES if stage not in off)


def check_review(config: PipelineConfig) -> None:
    """Raise ValueError, one line, where a run cannot stop as it is to, or its rows not be edited."""
    for name in ("stop_after", "edits"):
        if getattr(config, name) and config.streaming:
            raise ValueError(f"--{name} is for a batch: the documents of a stream do not come again; leave it or --streaming out")
    known = stages_to_review(config)
    for name in ("stop_after", "edits_stage"):
        stage = getattr(config, name)
        if stage and stage not in known:
            raise ValueError(f"--{name} {stage}: this run has no such stage to review{hint(stage, known)}: {', '.join(known)}")
    if config.stop_after and config.fill_in_the_middle:
        raise ValueError(
            "--fill_in_the_middle makes pairs beside the stage of --stop_after, which would go on: leave one of them out"
        )
    if config.stop_after and config.target_accepted:
        raise ValueError("--target_accepted counts accepted pairs, and there are none with --stop_after: leave one of them out")
