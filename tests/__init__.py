"""A package, so that no other package's `tests` is found in its place."""
