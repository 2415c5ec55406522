"""Files of rollouts: their forms are looked up first, then they are read row by row; what is no rollout is said and counted."""

from collections.abc import Iterable, Iterator, Mapping

from beam_pipeline.reading.whole_rows import first_rows, read_rows
from beam_pipeline.reverify.forms import ROWS_LOOKED_AT, Form, FormError, form_of
from beam_pipeline.reverify.messages import Messages
from beam_pipeline.reverify.rollouts import NoRollout, Rollout, rollouts_of
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.storage.values import BadRow

# A row may hold many long responses.
_MAX_ROW_BYTES = 64 << 20


def find_forms(patterns: Iterable[str], given: Mapping[str, str]) -> dict[str, Form]:
    """The files that some patterns match, each with its form; `given` are columns by what they hold.

    Raises:
        ValueError: a pattern matches none, or a file holds no rollouts; one line.
    """
    forms: dict[str, Form] = {}
    for path in (path for pattern in patterns for path in match_pattern(pattern)):
        rows = first_rows(path, ROWS_LOOKED_AT, _MAX_ROW_BYTES)
        try:
            forms[path] = form_of(rows, given)
        except FormError as error:
            raise FormError(f"{path}: {error}") from error
    return forms


def read_rollouts(forms: Mapping[str, Form], messages: Messages) -> Iterator[Rollout]:
    """The rollouts of some files, in their order."""
    for path, form in forms.items():
        for where, row in read_rows(path, _MAX_ROW_BYTES):
            try:
                if isinstance(row, BadRow):
                    raise NoRollout(row.message)
                yield from rollouts_of(where, row, form)
            except NoRollout as problem:
                messages.add(where, str(problem))
