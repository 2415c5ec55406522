"""Fill in the middle: questions of nine options from documents that have no short answer."""
