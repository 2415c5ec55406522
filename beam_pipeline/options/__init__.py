"""What can be set, declared once: options of the command line, of files and of templates."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_pipeline.options.config import PipelineConfig as PipelineConfig


def __getattr__(name: str) -> Any:
    """`PipelineConfig`, when somebody asks for it: a module of this room alone loads little."""
    if name != "PipelineConfig":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from beam_pipeline.options.config import PipelineConfig

    return PipelineConfig
