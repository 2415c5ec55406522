"""Options of what the output holds as a whole: de-duplication, decontamination, limits and shares."""

from pydantic import field_validator

from beam_pipeline.options.groups import MIX, OptionsModel
from beam_pipeline.options.values import ENV_NAME, SECRET_NAME, check_endpoints, check_env_name, check_secret_name, declare


class MixOptions(OptionsModel):
    """What is taken out when pairs are compared with one another and with benchmarks."""

    near_duplicate_questions: bool = declare(
        True,
        "Take questions in other words with the same answer for one; false keeps all but equal ones.",
        MIX,
        param_type="BOOLEAN",
    )
    benchmarks: list[str] = declare(
        [],
        "Evaluation sets that the output must not repeat: JSONL or Parquet, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        MIX,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    benchmark_fields: list[str] = declare(
        [],
        "Fields of a benchmark row: the question's first, then answer and options; without it the usual names are tried.",
        MIX,
        split="commas",
    )
    benchmark_ngram: int = declare(
        13,
        "Words in a row that count as a copy of a benchmark item; a shorter question counts as a whole.",
        MIX,
        param_type="NUMBER",
        ge=5,
        le=50,
    )
    benchmark_similarity: float = declare(
        0.65,
        "Share of a long benchmark question that must come back in a near duplicate (more of a short one); "
        "0 looks for copies only.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    embedding_endpoint: list[str] = declare(
        [],
        "Base URL of an OpenAI-compatible endpoint with /v1/embeddings: benchmark questions in other words are looked for too. "
        "Repeatable.",
        MIX,
        split="urls",
    )
    embedding_model: str = declare(
        "", "Embedding model to ask; without it, the one model that the embedding endpoint serves.", MIX
    )
    embedding_api_key_env: str | None = declare(
        None, "Name of the environment variable that holds the embedding endpoint's key.", MIX, regex=ENV_NAME
    )
    embedding_api_key_secret: str = declare(
        "", "Secret Manager version that holds the embedding endpoint's key, instead of a variable.", MIX, regex=SECRET_NAME
    )
    embedding_dimensions: int = declare(
        0, "Length of vectors to ask for, of models that can shorten them; 0 is the model's own.", MIX, param_type="NUMBER", ge=0
    )
    embedding_prefix: str = declare("", "Put before each text, for models trained with one, such as 'query:'.", MIX)
    embedding_similarity: float = declare(
        0.72,
        "Cosine from which a question is compared with a benchmark's; tuned for all-MiniLM-L6-v2.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    max_pairs_per_document: int = declare(
        0, "Most accepted pairs of one input row, its chunks together; 0 is no limit.", MIX, param_type="NUMBER", ge=0
    )
    max_pairs_per_source: int = declare(
        0,
        "Most accepted pairs of one source; rows without one count as one source; 0 is no limit.",
        MIX,
        param_type="NUMBER",
        ge=0,
    )
    max_pairs_per_domain: int = declare(0, "Most accepted pairs of one domain; 0 is no limit.", MIX, param_type="NUMBER", ge=0)
    domain_shares: str = declare(
        "",
        "Share of the output that each domain is to have, such as math=0.3,coding=20%, or the path of a YAML file; "
        "the others get the rest in the proportions they come in. Pairs are only left out, so the scarcest decides.",
        MIX,
    )
    mix_seed: int = declare(0, "Another seed keeps other pairs.", MIX, param_type="NUMBER", ge=0)

    _embedding_endpoint = field_validator("embedding_endpoint")(check_endpoints)
    _embedding_env_name = field_validator("embedding_api_key_env")(lambda name: name and check_env_name(name))
    _embedding_secret = field_validator("embedding_api_key_secret")(check_secret_name)
