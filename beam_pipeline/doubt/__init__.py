"""Which stored answers of a finished run or audit are likely wrong, and how many: from what was already paid for."""
