"""Bytes and rows of any file system."""
