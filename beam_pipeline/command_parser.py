"""The parser of every sub-command: its help starts with examples, and what is wrong is one line."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

PROGRAM = "webscale-qa"


class CommandParser(argparse.ArgumentParser):
    """Parses the flags of `webscale-qa NAME`. A bad option ends the program with exit code 2."""

    def __init__(self, name: str, does: str, examples: Sequence[str], **settings: Any) -> None:
        """`examples` are arguments behind `webscale-qa NAME`, as a user types them."""
        super().__init__(prog=f"{PROGRAM} {name}", description=does, allow_abbrev=False, **settings)
        self._examples = [f"  {self.prog} {example}".rstrip() for example in examples]

    def format_help(self) -> str:
        return "\n".join(["Examples:", *self._examples, "", super().format_help()])

    def error(self, message: str) -> NoReturn:
        print(f"error: {message.removeprefix('argument ')}; {self.prog} --help lists the options", file=sys.stderr)
        raise SystemExit(2)
