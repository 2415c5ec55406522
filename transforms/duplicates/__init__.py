"""The same text, the same question."""
