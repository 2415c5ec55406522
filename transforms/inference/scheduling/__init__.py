"""Which endpoint is asked, when, how often, and how many requests are on the wire."""
