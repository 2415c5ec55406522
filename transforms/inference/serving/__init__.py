"""A model server that runs on the worker itself."""
