"""When refusals of an endpoint (429, 503) mean that less is wanted: a few are noise of the path, a share of a window is not."""

# With one refusal in twenty by chance, windows of fewer outcomes would reach the share too often.
OVERLOAD_SHARE = 0.2
OVERLOAD_WINDOW_S = 0.5
OVERLOAD_OUTCOMES = 24


class OverloadWindow:
    """Counts how requests end, for half a second at least. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._outcomes = self._refusals = 0

    def open(self, began: float | None = None) -> None:
        """Begin anew: at a time, or with the next outcome."""
        self._began, self._outcomes, self._refusals = began, 0, 0

    def count(self, now: float, refused: bool, limit: float) -> bool:
        """A request ended at this limit; returns whether that closes a window of too many refusals, and begins the next."""
        if self._began is None:
            self._began = now
        self._outcomes += 1
        self._refusals += refused
        if now - self._began < OVERLOAD_WINDOW_S:
            return False
        too_many = self._refusals > OVERLOAD_SHARE * max(self._outcomes, limit / 2, OVERLOAD_OUTCOMES)
        if too_many or self._outcomes >= max(limit, OVERLOAD_OUTCOMES):
            self.open(now)
        return too_many
