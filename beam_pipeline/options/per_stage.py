"""What one model stage has of its own: declared once, it exists for each of `WITH_OPTIONS` as `--<stage>_<setting>`."""

from pydantic import field_validator

from beam_pipeline.options.groups import STAGE
from beam_pipeline.options.values import OptionsModel, check_endpoints, declare
from transforms.stages import MODEL_STAGES

WITH_OPTIONS = tuple(stage for stage in MODEL_STAGES if stage != "verify_answer")
"""The stages that may have settings of their own; verify_answer has those of verify."""

SOLVER_TEMPERATURE, SOLVER_MAX_TOKENS = 1.0, 2048
"""How the closed-book solver answers unless told otherwise: as in a rollout, with room to think."""


class StageOptions(OptionsModel):
    """What one model stage may have of its own; None is the general value."""

    model: str | None = declare(None, "Model of this stage.", STAGE)
    endpoint: list[str] | None = declare(None, "Base URL of this stage's endpoint. Repeatable.", STAGE, split="urls")
    temperature: float | None = declare(None, "Sampling temperature of this stage.", STAGE, param_type="NUMBER", ge=0, le=2)
    max_tokens: int | None = declare(None, "Longest reply of this stage, in tokens.", STAGE, param_type="NUMBER", ge=1)
    _endpoints = field_validator("endpoint")(check_endpoints)

    @field_validator("model")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None
