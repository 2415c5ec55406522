"""One option that holds several settings: `name=value,name=value`, or the path of a YAML file of the same."""

from collections.abc import Iterable

import yaml

from beam_pipeline.options.values import hint
from beam_pipeline.storage.matching import read_text
from transforms.errors import one_line

YAML_NAMES = (".yaml", ".yml")


def read_named_values(given: str, names: Iterable[str], what: str) -> dict[str, str]:
    """The settings as texts by their names; `names` are those that there are, and `what` one is called in a message.

    ValueError, one line, if the file cannot be read, or a name is not known or stands twice.
    """
    if given.lower().endswith(YAML_NAMES):
        pairs = _read_file(given, what)
    else:
        pairs = [(name, value) for part in given.split(",") if part.strip() for name, _, value in [part.partition("=")]]
    found: dict[str, str] = {}
    for written, value in pairs:
        name = written.strip()
        if name in found:
            raise ValueError(f"{name} stands twice")
        if name not in names:
            raise ValueError(f"no {what} {name[:60]!r}{hint(name, names)}; write name=value")
        found[name] = value.strip()
    return found


def _read_file(path: str, what: str) -> list[tuple[str, str]]:
    try:
        root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML: {one_line(error)}") from None
    if not isinstance(root, yaml.MappingNode) or not all(isinstance(value, yaml.ScalarNode) for _, value in root.value):
        raise ValueError(f"{path}: must hold '{what}: value' lines")
    return [(str(key.value), str(value.value)) for key, value in root.value]
