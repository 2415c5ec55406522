"""Objects of a store through Beam's file systems: the one use of Beam in what has none.

Imported where it is called, so that who keeps a journal on a local disk does not load it. What a
store raises is an affair of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it; `updated` in seconds since 1970, 0 where the store does not say."""

    path: str
    size: int
    updated: float


def write_object(path: str, data: bytes) -> None:
    """Write an object whole."""
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.create(path, compression_type="uncompressed") as file:
        file.write(data)


def read_object(path: str, start: int = 0) -> bytes:
    """The bytes of an object from `start` to its end."""
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.open(path, compression_type="uncompressed") as file:
        if start:
            file.seek(start)
        return bytes(file.read())


def delete_object(path: str) -> None:
    """Delete an object."""
    from apache_beam.io.filesystems import FileSystems

    FileSystems.delete([path])


def list_objects(folder: str, pattern: str) -> list[Listed]:
    """The objects of a folder whose names match a glob pattern, in no order; none where there is no such folder."""
    from apache_beam.io.filesystems import FileSystems

    try:
        [matched] = FileSystems.match([f"{folder}/{pattern}"])
    except Exception:
        # A store with real folders has none before the first object in it is written.
        if FileSystems.exists(folder):
            raise
        return []
    return [Listed(file.path, file.size_in_bytes, file.last_updated_in_seconds) for file in matched.metadata_list]
