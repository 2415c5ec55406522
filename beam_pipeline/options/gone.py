"""Options that older versions had. A launch that gives one is told what does its work now.

The options that an older run kept may still hold one. Where it says what is done anyway, the run goes on.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from transforms.stages import MODEL_STAGES


class Gone(NamedTuple):
    """An option that is gone: its default, which is what is done now, and what does its work."""

    default: Any
    instead: str


_ENDPOINT_KEY = "a key belongs to its endpoint: --endpoint_keys URL=env:NAME or URL=secret:projects/P/secrets/S/versions/V"


GONE: Mapping[str, Gone] = {
    **{f"{stage}_{key}": Gone(None, _ENDPOINT_KEY) for stage in MODEL_STAGES for key in ("api_key_env", "api_key_secret")},
    **{
        f"verify_answer_{setting}": Gone(None, f"verify_answer is asked as --verify_{setting} says")
        for setting in ("model", "endpoint", "temperature", "max_tokens")
    },
    "embedding_api_key_env": Gone(None, _ENDPOINT_KEY),
    "embedding_api_key_secret": Gone("", _ENDPOINT_KEY),
    "backlog": Gone(512, "a worker process always holds up to 512 elements in flight in one stage"),
    "unreachable_endpoint": Gone("auto", "an endpoint out of reach stops the start; on Dataflow it is a warning"),
    "serve_port": Gone(8000, "the workers' server always listens on port 8000 of its machine's loopback"),
    "serve_start_timeout_s": Gone(1800, "the workers' server always has half an hour from its start to its first answer"),
    "early_firing_s": Gone(0, "a window is written once, when it closes; a shorter --window_s writes sooner"),
    "mix_seed": Gone(0, "caps and shares keep the same pairs in every run"),
    "gpus": Gone(1, "--price_gpu_hour is the price of all GPUs that serve the run, for an hour"),
    "progress": Gone("auto", "the progress line is shown on a terminal, and nowhere else"),
    "benchmark_ngram": Gone(13, "--decontamination ngram=N"),
    "benchmark_similarity": Gone(0.65, "--decontamination similarity=SHARE"),
    "benchmark_fields": Gone("", "--decontamination 'fields=QUESTION ANSWER'"),
    "embedding_similarity": Gone(0.72, "--decontamination cosine=NUMBER"),
    "embedding_prefix": Gone("", "--decontamination prefix=TEXT"),
    "embedding_dimensions": Gone(0, "--decontamination dimensions=N"),
}


def gone_line(name: str) -> str:
    """What to say to somebody who gives an option that is gone."""
    return f"{name} is gone: {GONE[name].instead}"


def changes_nothing(name: str, text: str) -> bool:
    """Whether an option that is gone, as a file holds it, only says what is done anyway."""
    if name == "progress":  # of the terminal, not of the run
        return True
    default = GONE[name].default
    try:
        return float(text) == float(default)
    except (TypeError, ValueError):
        return text.lower() == ("" if default is None else str(default))


def without_gone(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that an older run kept, as far as there still are such."""
    return {name: value for name, value in options.items() if name not in GONE}
