"""Two runs on the same documents, side by side."""
