"""Names of files in the output folder."""

from beam_pipeline.output.run_lock import LOCK_FILE

# In the output folder, which all workers of a run share: ends the watch.
STOP_FILE = "stop"

SUMMARIES = "summaries"  # of a stream: a row for each window
REPORT_FILE = "report.html"
SUMMARY_FILES = ("summary.json", REPORT_FILE, "options.yaml", LOCK_FILE, STOP_FILE)
JOURNAL = "journal"
