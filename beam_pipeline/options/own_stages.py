"""A stage of one's own as an option names it: what it is, where it is, and which stage it follows."""

import re
from dataclasses import dataclass

from beam_pipeline.options.values import hint
from transforms.said import said_name
from transforms.stages import BESIDE, STAGES

EXAMPLE = "'package.module:Name after check'"
FOLLOWED = tuple(stage for stage in STAGES if stage not in BESIDE)
_WORDS = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*)\s+after\s+(?P<after>\S+)")


@dataclass(frozen=True, slots=True)
class OwnStageName:
    """`module:attribute after stage`."""

    module: str
    attribute: str
    after: str

    @property
    def name(self) -> str:
        """How rejections, counters and the summary call it: `KeepShort` is `keep_short`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.attribute).lower().strip("_")

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute} after {self.after}"


def parse_own_stage(text: str) -> OwnStageName:
    """Read what an option says.

    Raises:
        ValueError: it says no such thing, or follows no stage there is; one line.
    """
    words = _WORDS.fullmatch(text.strip())
    if words is None:
        raise ValueError(f"{said_name(text)}: say what it is and which stage it follows, as in {EXAMPLE}")
    own = OwnStageName(**words.groupdict())
    if own.after not in FOLLOWED:
        raise ValueError(f"{own}: there is no stage {own.after} to follow{hint(own.after, FOLLOWED)}: {', '.join(FOLLOWED)}")
    if own.name in STAGES:
        raise ValueError(f"{own}: a stage called {own.name} is there already; call yours something else")
    return own


def check_own_stages(texts: list[str]) -> list[str]:
    """The same texts; ValueError where one says no stage, or two have one name."""
    names = [parse_own_stage(text).name for text in texts]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two stages are called {twice[0]}")
    return [str(parse_own_stage(text)) for text in texts]
