"""From documents to verified questions: options, sources, sinks, the graph, the command line."""

__version__ = "0.1.0"
