"""Options of what the output holds as a whole: de-duplication, decontamination, limits and shares."""

from pydantic import field_validator

from beam_pipeline.options.values import MIX, OptionsModel, check_endpoints, declare


class MixOptions(OptionsModel):
    """What is taken out when pairs are compared with one another and with benchmarks."""

    near_duplicate_questions: bool = declare(
        True, "Take questions in other words with the same answer for one; false keeps all but equal ones.", MIX
    )
    benchmarks: list[str] = declare(
        [],
        "Evaluation sets that the output must not repeat: JSONL or Parquet, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        MIX,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    decontamination: str = declare(
        "",
        "Settings of the comparison with benchmarks, such as ngram=13,similarity=0.65 (also fields, cosine, prefix, dimensions), "
        "or the path of a YAML file of the same; beam_pipeline/options/decontamination.py says what each means.",
        MIX,
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
    max_pairs_per_document: int = declare(
        0, "Most accepted pairs of one input row, its chunks together; 0 is no limit.", MIX, ge=0
    )
    max_pairs_per_source: int = declare(
        0, "Most accepted pairs of one source; rows without one count as one source; 0 is no limit.", MIX, ge=0
    )
    max_pairs_per_domain: int = declare(0, "Most accepted pairs of one domain; 0 is no limit.", MIX, ge=0)
    domain_shares: str = declare(
        "",
        "Share of the output that each domain is to have, such as math=0.3,coding=20%, or the path of a YAML file; "
        "the others get the rest in the proportions they come in. Pairs are only left out, so the scarcest decides.",
        MIX,
    )

    _embedding_endpoint = field_validator("embedding_endpoint")(check_endpoints)
