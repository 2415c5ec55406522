"""What the models read: prompts, the list of domains, the exemplar banks."""

from prompts.load import PromptSet, load_domains, load_prompts

__all__ = ["PromptSet", "load_domains", "load_prompts"]
