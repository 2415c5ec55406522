"""Every paid reply is written down once and found again."""
