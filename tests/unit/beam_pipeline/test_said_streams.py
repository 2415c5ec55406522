"""The wall before standard output and standard error."""

import io
import logging
import os
import sys

import pytest

from beam_pipeline.cli import main
from beam_pipeline.exit_codes import FAILED, UNUSABLE
from beam_pipeline.said_streams import SaidStream, beneath, said_streams


def test_what_is_printed_and_logged_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    with said_streams():
        print("out \x1b[31m\u202e", "über\tall")
        print("err \x07\ud800", file=sys.stderr)
        handler = logging.StreamHandler(sys.stderr)
        handler.emit(logging.LogRecord("x", logging.ERROR, "", 1, "log %s", ("\x1b]0;t\x07",), None))
    print("\x1b", end="")
    out, err = capsys.readouterr()
    assert out == "out \\x1b[31m\\u202e über\tall\n\x1b"
    assert err == "err \\x07\\ud800\nlog \\x1b]0;t\\x07\n"


def test_what_a_command_put_in_the_place_of_a_stream_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    real, hushed = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", real)
    with said_streams():
        sys.stderr = hushed
    print("an engine's thread", file=sys.stderr)
    assert (hushed.getvalue(), real.getvalue()) == ("an engine's thread\n", "")


def test_a_line_without_an_end_is_cut_and_others_are_whole() -> None:
    stream = io.StringIO()
    SaidStream(stream).write(f"first\n{'m' * 1_000_000}\nlast\n")
    first, cut, last, _ = stream.getvalue().split("\n")
    assert (first, len(cut), cut[-3:], last) == ("first", 20_000, "...", "last")


def test_a_log_in_ascii_ends_no_run() -> None:
    raw = io.BytesIO()
    stream = SaidStream(io.TextIOWrapper(raw, encoding="ascii"))
    stream.write("東 ok")
    stream.flush()
    assert raw.getvalue() == b"\\u6771 ok"


def test_who_draws_reaches_the_terminal() -> None:
    stream = io.StringIO()
    assert beneath(SaidStream(stream)) is stream and beneath(stream) is stream  # type: ignore[arg-type]


def test_a_command_says_nothing_raw(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["\x1b[31mevil"]) == UNUSABLE
    assert main(["export", "\x1b[31mnone", "--format", "hf", "--to", "x"]) == UNUSABLE
    err = capsys.readouterr().err
    assert "\x1b" not in err and "\\x1b[31mevil" in err and "\\x1b[31mnone" in err
    assert not isinstance(sys.stderr, SaidStream)

    def bug(_: object) -> int:
        raise RuntimeError("\x1b[2Jbug")

    monkeypatch.setattr("beam_pipeline.replay.main", bug)
    assert main(["replay"]) == FAILED
    err = capsys.readouterr().err
    assert "Traceback" in err and "\\x1b[2Jbug" in err and "\x1b" not in err


def test_a_reader_who_leaves_ends_no_run() -> None:
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "w") as pipe:
        stream = SaidStream(pipe)
        for _ in range(3):
            stream.write("all is said\n" * 1_000)
            stream.flush()
