"""`webscale-qa replay OUT [options]`: run the dead letters of a finished run again.

A dead letter is a call without a reply, so a replay is the same run resumed: whatever was answered
comes from the journal, and only what has no reply is asked. The outputs are written anew as a
whole, so a pair that comes of a replay stands where it would have stood. Options given here replace
those of the run, such as another endpoint or more attempts.
"""

import sys
from collections.abc import Sequence

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main as run
from beam_pipeline.output.names import OPTIONS_FILE
from beam_pipeline.output.saved_options import AUDITED, STREAMING, read_options

USAGE = "usage: webscale-qa replay OUT [options that replace those of the run]"
HELP = f"""Examples:
  webscale-qa replay out
  webscale-qa replay out --endpoint http://127.0.0.1:8000/v1 --max_attempts 6

{USAGE}

Run the dead letters of a finished run again. What was answered comes from the journal and is not asked again."""


def main(argv: Sequence[str]) -> int:
    """Replay a run; returns the exit code of the command line."""
    if {"-h", "--help"} & set(argv):
        print(HELP)
        return OK
    try:
        arguments = _arguments(*argv)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    return run(arguments)


def _arguments(output: str = "-", *options: str) -> list[str]:
    """The command line of the run that replays another; ValueError, one line, where there is nothing to replay."""
    if output.startswith("-"):
        raise ValueError(f"which run? {USAGE}")
    if options and not options[0].startswith("-"):
        raise ValueError(f"{options[0]}: one run at a time; {USAGE}")
    path = FileSystems.join(output, OPTIONS_FILE)
    if not FileSystems.exists(path):
        raise ValueError(f"{path}: there is no run to replay; {USAGE}")
    if read_options(output).get(AUDITED):
        raise ValueError(f"{output} was written by an audit: run that again with --resume")
    if read_options(output).get(STREAMING):
        raise ValueError(f"{output} was written by a stream, whose documents do not come again: send it what failed")
    return [f"--resume={output}", *options]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
