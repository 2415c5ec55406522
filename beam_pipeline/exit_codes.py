"""What the commands say when they end."""

OK = 0
FAILED = 1  # a run that failed or accepted nothing; an export without rows; generated files that are stale
UNUSABLE = 2  # options, or files that they name
STOPPED = 130  # by Ctrl-C or its like
BROKEN_PIPE = 141  # who read what was printed has gone, as shells write it
