"""Where a document says an answer or a quote. Standard library only."""

from transforms.grounding.find import find_in_text

__all__ = ["find_in_text"]
