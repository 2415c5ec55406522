"""`webscale-qa pack FILES --output NAME.pack`: the hashed signatures of benchmarks that a user has, with no text in them.

The files are read as `--benchmarks` reads them. The pack takes their place there: it finds an item's words in a row, the
item as a whole, and the item in other words. What only its text can show, light edits of short items and vectors, it
does not find. A file that is there is not overwritten.
"""

import posixpath
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.reading.benchmarks import read_items
from beam_pipeline.reading.packs import ENDING, PackFacts, is_pack, write_pack
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.matching import match_pattern
from transforms.benchmarks.index import BenchmarkItem
from transforms.errors import one_line

_LABEL = re.compile(r"[\w.+-]{1,80}")


def _write(items: Iterator[BenchmarkItem], output: str, name: str, version: str) -> PackFacts:
    """Write a pack; nothing is left of one whose files turn out to be unusable, or that was stopped."""
    first = next(items)  # what cannot be read is found before anything is written
    try:
        return write_pack(chain((first,), items), output, name, version)
    except OSError as error:
        raise ValueError(f"--output {output}: cannot be written: {reason(error)}") from error
    except BaseException:
        if FileSystems.get_scheme(output) is not None:  # an object store shows what there is of it
            FileSystems.delete([output])
        raise


def _read(patterns: Sequence[str], fields: Sequence[str]) -> Iterator[BenchmarkItem]:
    for path in dict.fromkeys(path for pattern in patterns for path in match_pattern(pattern)):
        if is_pack(path):
            raise ValueError(f"{path}: is a pack already; --benchmarks takes several")
        yield from read_items(path, fields)


def _parser() -> CommandParser:
    parser = CommandParser(
        "pack",
        "Make a pack of benchmarks: hashed signatures that --benchmarks takes in place of their files, with no text in them.",
        ("evals/gsm8k_test.jsonl --output gsm8k.pack --pack_version 2021-11", "'evals/*.parquet' --output evals.pack"),
    )
    parser.add_argument("files", nargs="+", help="benchmarks: JSON, CSV, Parquet or Arrow, paths or globs")
    parser.add_argument("--output", required=True, help=f"file to write, NAME{ENDING}")
    parser.add_argument("--name", help="name of the benchmark, for cards and rejections; that of the file if it is not given")
    parser.add_argument("--pack_version", default="", help="version of the benchmark; a digest of its items if it is not given")
    parser.add_argument("--fields", default="", help="fields of the question, then answer and options, separated by spaces")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Make a pack; returns the exit code, 0 or 2."""
    options = _parser().parse_args(argv)
    try:
        if not is_pack(options.output) or options.output == ENDING:
            raise ValueError(f"--output {options.output}: the name must end in {ENDING}, by which a pack is known")
        name = options.name or posixpath.basename(options.output.replace("\\", "/"))[: -len(ENDING)]
        for option, value in (("name", name), ("pack_version", options.pack_version or "x")):
            if not _LABEL.fullmatch(value):
                raise ValueError(f"--{option} {value}: may have letters, digits and . _ + - in it, up to 80")
        if FileSystems.exists(options.output):
            raise ValueError(f"--output {options.output}: is there already; name another file, or move it away")
        facts = _write(_read(options.files, options.fields.split()), options.output, name, options.pack_version)
    except ValueError as error:  # files that cannot be used or written
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    print(f"{options.output}: {facts}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
