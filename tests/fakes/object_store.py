"""A local folder as an object store: Beam finds it under the scheme `store`, and it counts what it is asked for.

`store://<absolute path>` stands for the path. Importing this module is enough.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from apache_beam.io.localfilesystem import LocalFileSystem


class ObjectStore(LocalFileSystem):
    """Takes the road of every file system that is not local.

    `asked` counts requests by kind, `failing` names the kinds that fail.
    """

    asked: ClassVar[Counter[str]] = Counter()
    failing: ClassVar[set[str]] = set()

    @classmethod
    def scheme(cls) -> str:
        return "store"

    @classmethod
    def _count(cls, kind: str) -> None:
        cls.asked[kind] += 1
        if kind in cls.failing:
            raise OSError(f"the store is away: {kind}")

    @staticmethod
    def _path(path: str) -> str:
        return path.removeprefix("store:/")

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join((basepath.rstrip("/"), *paths))

    def exists(self, path: str) -> bool:
        return bool(super().exists(self._path(path)))

    def create(self, path: str, *arguments: Any, **settings: Any) -> Any:
        self._count("create")
        assert not self.exists(path), f"{path} was there before: some stores limit that, some refuse it"
        local = self._path(path)
        os.makedirs(os.path.dirname(local), exist_ok=True)
        return super().create(local, *arguments, **settings)

    def open(self, path: str, *arguments: Any, **settings: Any) -> Any:
        self._count("open")
        return super().open(self._path(path), *arguments, **settings)

    def delete(self, paths: list[str]) -> None:
        self._count("delete")
        super().delete([self._path(path) for path in paths])

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        self._count("rename")
        sources, targets = ([self._path(path) for path in paths] for paths in (source_file_names, destination_file_names))
        for target in targets:
            os.makedirs(os.path.dirname(target), exist_ok=True)
        super().rename(sources, targets)

    def _list(self, dir_or_prefix: str) -> Iterator[Any]:
        self._count("list")
        for file in super()._list(self._path(dir_or_prefix)):
            file.path = f"store:/{file.path}"
            yield file
