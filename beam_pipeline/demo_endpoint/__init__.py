"""The embedded endpoint: an OpenAI-compatible server that answers by rules, for demo and tests."""
