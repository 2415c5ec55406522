"""Names of files in the output folder."""

from beam_pipeline.summary.write_summary import SUMMARY_FILE

# In the output folder, which all workers of a run share: ends the watch.
STOP_FILE = "stop"
LOCK_FILE = "run.lock"
OPTIONS_FILE = "options.yaml"

SUMMARIES = "summaries"  # of a stream: a row for each window
REPORT_FILE = "report.html"
AUDIT_CARD = "audit.md"  # what an audit found, for the card of the data set
SUMMARY_FILES = (SUMMARY_FILE, REPORT_FILE, AUDIT_CARD, OPTIONS_FILE, LOCK_FILE, STOP_FILE)
JOURNAL = "journal"
REVIEW = "review"  # of a run that stopped after a stage: its rows, to be edited
APPLIED_EDITS = "applied_edits"  # what a review changed
PREVIEW = "preview"  # of a batch while it runs: pairs that are not yet compared with each other
