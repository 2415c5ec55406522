"""What can be set, declared once: options of the command line, of files and of templates."""

from transforms.lazy_names import lazy_names

__all__, __getattr__ = lazy_names(__name__, {"config": "PipelineConfig"})
