"""BigQuery tables as input and output."""
