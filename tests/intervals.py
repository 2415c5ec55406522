"""How sure a share is: its 95% interval after Wilson, which has a width at 0 and at 1 too."""

from math import nan, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_DEVIATIONS = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Between which shares that of `part` in `whole` lies; not a number where there is nothing to have a share of."""
    if not whole:
        return nan, nan
    share, spread = part / whole, _DEVIATIONS**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
