"""How pairs are compared with benchmarks, from one option: `--decontamination ngram=9,similarity=0.7`, or a YAML file."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError, field_validator

from beam_pipeline.options.named_values import read_named_values
from beam_pipeline.options.values import OptionsModel, first_problem, shown
from transforms.benchmarks.rephrased import LEAST

# Settings of the comparison by vectors.
OF_EMBEDDINGS = ("cosine", "prefix", "dimensions")


class Decontamination(OptionsModel):
    """The settings.

    Attributes:
        ngram: words in a row that count as a copy of a benchmark item; a shorter question counts as a whole.
        similarity: share of a long benchmark question that must come back in a near duplicate (more of a short one);
            0 looks for copies only.
        rephrased: likeness from which a question is a benchmark's in other words, by its numbers, what they count, its rare
            words and names (0 to 2.3); 0 looks for none. Higher finds less and errs less.
        fields: of a benchmark row, separated by spaces: the question's first, then answer and options. Without it the
            usual names are tried.
        cosine: from which a question is compared with a benchmark's in other words; tuned for all-MiniLM-L6-v2.
        prefix: put before each text that is embedded, for models trained with one, such as "query:".
        dimensions: length of vectors to ask for, of models that can shorten them; 0 is the model's own.
    """

    ngram: int = Field(13, ge=5, le=50)
    similarity: float = Field(0.65, ge=0, le=1)
    rephrased: float = Field(LEAST, ge=0, le=2.3)
    fields: tuple[str, ...] = ()
    cosine: float = Field(0.72, ge=0, le=1)
    prefix: str = ""
    dimensions: int = Field(0, ge=0)

    @field_validator("fields", mode="before")
    @classmethod
    def _separate(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value


def read_decontamination(given: str) -> Decontamination:
    """The settings that a user gives; ValueError, one line, if one is not known or cannot have its value."""
    values = read_named_values(given, Decontamination.model_fields, "setting")
    try:
        return Decontamination.model_validate(values)
    except ValidationError as error:
        name, _, message = first_problem(error)
        raise ValueError(f"{name} {message} (got {shown(values[name])})") from None


def decontamination_of(options: Mapping[str, Any]) -> Decontamination:
    """The settings of a run that has ended, by the options that it kept; older runs kept an option for each."""
    if given := options.get("decontamination"):
        try:
            return read_decontamination(str(given))
        except ValueError:  # the file has gone since
            return Decontamination.model_validate({})
    older = {"ngram": "benchmark_ngram", "similarity": "benchmark_similarity", "cosine": "embedding_similarity"}
    return Decontamination.model_validate({name: options[was] for name, was in older.items() if was in options})
