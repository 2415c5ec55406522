"""Rows whose keys a person has looked at: the list that `webscale-qa doubt --to` writes, with `key_right` filled in."""

from beam_pipeline.output.read_back import MAX_LINE_BYTES, ReadBackError
from beam_pipeline.reading.whole_rows import read_rows
from beam_pipeline.storage.values import BadRow

Checked = dict[str, bool]


def read_checked(path: str) -> Checked:
    """Of each row that has one, the word of a person, by the row's id. Rows with null were not looked at.

    Raises:
        ReadBackError: the file cannot be read, or a row is none of such a list; names the line.
    """
    found: Checked = {}
    for where, row in read_rows(path, MAX_LINE_BYTES):
        if isinstance(row, BadRow):
            raise ReadBackError(f"--checked {where}: {row.message}")
        said, name = row.get("key_right"), row.get("id")
        if said is None and "key_right" in row:
            continue
        if not isinstance(said, bool) or not isinstance(name, str):
            raise ReadBackError(f"--checked {where}: a row needs an id, and key_right: true, false, or null for not looked at")
        if found.setdefault(name, said) is not said:
            raise ReadBackError(f"--checked {where}: the key of {name} is called right and wrong")
    return found
