"""Was a pair taken from a benchmark: the same words, or the same meaning."""
