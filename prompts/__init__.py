"""What the models read: prompts, the list of domains, the exemplar banks."""

from transforms.lazy_names import lazy_names

# Loaded when they are asked for: a reward with a judge reads its prompt where there is no reader of YAML.
__all__, __getattr__ = lazy_names(__name__, {"load": "PromptSet load_domains load_prompts"})
