"""Limits and prices of a run, as the options set them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beam_pipeline.options.config import PipelineConfig
from transforms.deduplicate import question_key
from transforms.inference.scheduling.budget import Limits, Step
from transforms.stages import BESIDE, STAGES, VERIFY_STAGES


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in any one currency: per million tokens, or per hour of all GPUs. 0 = not counted.

    `cached` None means that cached prompt tokens cost what others cost.
    """

    prompt: float = 0.0
    cached: float | None = None
    completion: float = 0.0
    gpu_hour: float = 0.0

    def cost(self, usage: Mapping[str, Any], seconds: float) -> float:
        """What a run cost; 0 if no price was given."""
        cached_price = self.prompt if self.cached is None else self.cached
        fresh = usage["prompt_tokens"] - usage["cached_tokens"]
        tokens = fresh * self.prompt + usage["cached_tokens"] * cached_price + usage["completion_tokens"] * self.completion
        return tokens / 1e6 + seconds / 3600 * self.gpu_hour


def steps_of(config: PipelineConfig) -> list[Step]:
    """The stages of the model block, in order; the pass rate is measured when all pairs are there, behind de-duplication."""
    filtering, classifying, asking, *verifying = (stage for stage in config.model_stages if stage not in ("pass_rate", *BESIDE))
    steps = [
        Step(filtering),
        Step(classifying, passes=config.max_personas * config.questions_per_persona),
        Step(asking),
        Step("check", calls=0),
    ]
    own = {stage: [Step(each.name, calls=0) for each in config.own_stages if each.after == stage] for stage in STAGES}
    steps += [Step(stage, calls=config.verifier_count if stage in VERIFY_STAGES else 1) for stage in verifying]
    return [each for step in steps for each in (step, *own[step.stage])]


def limits_of(config: PipelineConfig) -> Limits | None:
    """The limits that the options set; None where there are none."""
    if not (config.target_accepted or config.max_cost):
        return None
    steps = steps_of(config)
    return Limits(
        steps, prices_of(config).cost, lambda qa: question_key(qa.pair.question), config.target_accepted, config.max_cost
    )


def prices_of(config: PipelineConfig) -> Prices:
    """The prices that the options name."""
    return Prices(config.price_in, config.price_cached, config.price_out, config.price_gpu_hour)
