"""Input to documents: JSON Lines, Parquet, crawl archives, benchmarks, exemplars, journals."""
