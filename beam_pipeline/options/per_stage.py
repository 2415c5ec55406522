"""What one model stage has of its own: declared once, it exists for every stage as `--<stage>_<setting>`."""

from pydantic import field_validator

from beam_pipeline.options.groups import STAGE, OptionsModel
from beam_pipeline.options.values import ENV_NAME, SECRET_NAME, check_endpoints, check_env_name, check_secret_name, declare

VERIFY_STAGES = ("verify", "verify_answer", "verify_question")
"""The stages of verification: the one of a single call, and the two of `--verify_calls 2`, which share its settings."""

SOLVER_TEMPERATURE, SOLVER_MAX_TOKENS = 1.0, 2048
"""How the closed-book solver answers unless told otherwise: as in a rollout, with room to think."""


class StageOptions(OptionsModel):
    """What one model stage may have of its own; None is the general value."""

    model: str | None = declare(None, "Model of this stage.", STAGE)
    endpoint: list[str] | None = declare(None, "Base URL of this stage's endpoint. Repeatable.", STAGE, split="urls")
    temperature: float | None = declare(None, "Sampling temperature of this stage.", STAGE, param_type="NUMBER", ge=0, le=2)
    max_tokens: int | None = declare(None, "Longest reply of this stage, in tokens.", STAGE, param_type="NUMBER", ge=1)
    api_key_env: str | None = declare(
        None, "Name of the environment variable that holds the key for this stage.", STAGE, regex=ENV_NAME
    )
    api_key_secret: str | None = declare(
        None, "Secret Manager version that holds the key for this stage, instead of a variable.", STAGE, regex=SECRET_NAME
    )

    _endpoints = field_validator("endpoint")(check_endpoints)
    _secret = field_validator("api_key_secret")(lambda name: name and check_secret_name(name))

    @field_validator("model", "api_key_env", "api_key_secret")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("api_key_env")
    @classmethod
    def _env_name(cls, name: str | None) -> str | None:
        return name and check_env_name(name)
