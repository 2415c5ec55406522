"""Input and output that never end."""
