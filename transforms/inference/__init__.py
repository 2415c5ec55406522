"""The only room that talks to an endpoint: requests, retries, scheduling, the journal of paid replies."""

from transforms.lazy_names import lazy_names

__all__, __getattr__ = lazy_names(
    __name__, {"call": "CallModel", "config": "EmbeddingConfig ModelConfig ServeConfig", "embed": "EmbedTexts"}
)
