"""Objects of a store through Beam's file systems, loaded only where a journal is kept in one. Raises what the store does."""

from typing import Any


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


def list_objects(folder: str, pattern: str) -> list[Any]:
    """The `FileMetadata` of the objects in a folder whose names match a pattern, in no order; none without such a folder."""
    from apache_beam.io.filesystems import FileSystems

    try:
        [matched] = FileSystems.match([f"{folder}/{pattern}"])
    except Exception:
        # A store with real folders has none before the first object in it is written.
        if FileSystems.exists(folder):
            raise
        return []
    return list(matched.metadata_list)
