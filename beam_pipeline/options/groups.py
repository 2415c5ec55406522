"""The headings under which options are listed, and what every model of options is made of."""

from pydantic import BaseModel, ConfigDict

FILES = "Input and output"
TABLES = "BigQuery"
STREAMING = "Streaming (with Beam's own --streaming)"
ENDPOINT = "Endpoint and model"
SERVE = "Serving the model on the workers"
PRICES = "Prices, for the cost in the summary"
SCREENING = "Screening"
QUESTIONS = "Domains, exemplars, personas"
GATES = "Verification and further gates"
MIX = "De-duplication, decontamination, mix"
RUN = "The run"
STAGE = "One stage's own settings"


class OptionsModel(BaseModel):
    """Options: nothing unknown, nothing changed later, no value repeated in a message."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )
