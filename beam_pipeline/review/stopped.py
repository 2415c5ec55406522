"""What an output folder says of a run that stopped for a review."""

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary

STOP_AFTER = "stop_after"
"""Why a run stopped, in its summary; beside it stands under the same name after which stage."""


def stage_of_stop(output: str) -> str:
    """The stage after which the run of a folder stopped; "" if it did not, or is not there."""
    path = FileSystems.join(output, SUMMARY_FILE)
    try:
        summary = read_summary(path)
    except (OSError, ValueError, TypeError):
        return ""
    return str(summary.get(STOP_AFTER, ""))
