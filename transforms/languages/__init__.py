"""What is known of languages other than English: which one a text is in, how one asks in it. Standard library only."""
