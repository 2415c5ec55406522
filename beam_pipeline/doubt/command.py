"""`webscale-qa doubt OUT`: the rows whose stored answers (keys) are worth a person's look, the most doubtful first, with why.

No model is asked: answers of the round trip, samples of the pass rate and votes of verifiers stand in the rows. Exit codes: 0
done; 2 the folder or an option cannot be used.
"""

import sys
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.doubt.checked import read_checked
from beam_pipeline.doubt.radar import Doubted, Radar, open_radar
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.read_back import ReadBackError
from beam_pipeline.output.run_lock import is_held
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import Row
from beam_pipeline.storage.whole_file import write_whole
from beam_pipeline.summary.doubt_notes import ASSUMES, doubt_lines
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary, write_summary
from transforms.errors import one_line
from transforms.said import said

_SHOWN, _MOST = 20, 100_000
_WIDTH = 200
_ASK = "run with --round_trip true, --pass_rate_samples 8, or both"


def main(argv: Sequence[str] | None = None) -> int:
    """List doubtful rows; returns the exit code, 0 or 2."""
    parser = CommandParser(
        "doubt",
        "List the rows whose stored answers are likely wrong, the most doubtful first, and estimate how many are.",
        ("out --to look.jsonl", "out --checked look.jsonl --write"),
    )
    parser.add_argument("output", help="folder that a run or an audit wrote, local or not")
    parser.add_argument("--most", type=int, default=_SHOWN, metavar="ROWS", help=f"rows to list ({_SHOWN})")
    parser.add_argument("--to", default="", metavar="FILE", help="JSONL file for them, with key_right to be filled in")
    parser.add_argument("--checked", default="", metavar="FILE", help="such a file, filled in: the estimate learns from it")
    parser.add_argument("--write", action="store_true", help="put the estimate into summary.json, for the report and the card")
    given = parser.parse_args(argv)
    try:
        if not 0 <= given.most <= _MOST:
            raise ReadBackError(f"--most must be from 0 to {_MOST:,} (got {given.most})")
        if is_held(given.output):
            raise ReadBackError(f"{given.output}: a run is writing there; wait for its end")
        radar = open_radar(given.output, read_checked(given.checked) if given.checked else None)
        if radar.unknown:
            some = ", ".join(said(name, 40) for name in sorted(radar.unknown)[:3])
            raise ReadBackError(f"--checked {given.checked}: {len(radar.unknown):,} ids are not in {given.output}: {some}")
        worst = radar.worst(given.most)
        for line in _lines(radar, worst):
            print(line)
        if given.to:
            _write(given.to, b"".join(json_line(_row(doubted)) + b"\n" for doubted in worst))
            print(f"list: {given.to}; fill in key_right and give it back with --checked")
        if given.write:
            _keep(radar)
    except ValueError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    return OK


def _lines(radar: Radar, worst: Sequence[Doubted]) -> Iterator[str]:
    section = radar.section()
    if section:
        yield from doubt_lines(section)
        yield ASSUMES
    elif radar.counts:
        yield f"nobody answered without seeing the keys, so nothing can be told; {_ASK}"
    else:
        yield f"no row has votes or answers; {_ASK}"
        return
    yield ""
    for doubted in worst:
        row = doubted.row
        yield f"{doubted.confidence:5.3f}  {said(str(row.get('question')), 110)}  [{said(str(row.get('answer')), 50)}]"
        yield f"       {said(doubted.said.why, _WIDTH)}  ({row.get('id')})"
    if radar.folder.damaged:
        yield f"{radar.folder.damaged:,} lines that are no rows were left out"


def _row(doubted: Doubted) -> Row:
    row = doubted.row
    return {
        **{name: row.get(name) for name in ("id", "question", "answer", "answer_type", "aliases")},
        "key_confidence": round(doubted.confidence, 4),
        "why": doubted.said.why,
        "key_right": None,
        "document_id": row.get("document_id"),
        "quote": row.get("quote"),
        "in": doubted.place,
    }


def _keep(radar: Radar) -> None:
    path = FileSystems.join(radar.folder.path, SUMMARY_FILE)
    try:
        write_summary(path, {**read_summary(path), "key_doubt": radar.section()})
    except (OSError, ValueError) as error:
        raise ReadBackError(f"{path}: cannot be written: {reason(error)}") from error
    print(f"in {path}; webscale-qa report and export say it")


def _write(path: str, content: bytes) -> None:
    try:
        write_whole(path, content, "application/json")
    except Exception as error:  # each file system has errors of its own
        raise ReadBackError(f"--to {path}: cannot be written: {reason(error)}") from error
