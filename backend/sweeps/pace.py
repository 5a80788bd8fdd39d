"""How fast a sweep goes, and how long it may still take; by a clock that never steps back."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from backend.sweeps.graph import Piece
from backend.sweeps.piece_work import Result


class Pace:
    """Counts pieces and seconds.

    Parameters
    ----------
    pieces : sequence of Piece
        Of this go.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._began = time.monotonic()
        self._kinds = {piece.name: piece.kind for piece in pieces}
        self._seconds: dict[str, float] = defaultdict(float)
        self._counted: Counter[str] = Counter()

    def count(self, piece: Piece, result: Result) -> None:
        """Count a piece that was done; what was there, or failed, says nothing of the pace."""
        if result.end == "done":
            self._seconds[piece.kind] += result.seconds
            self._counted[piece.kind] += 1

    def seconds(self) -> float:
        """Seconds since the go began."""
        return time.monotonic() - self._began

    def rate(self) -> float | None:
        """Pieces done an hour; None before the first."""
        done = self._counted.total()
        return 3600 * done / max(self.seconds(), 1e-9) if done else None

    def seconds_left(self, results: Mapping[str, Result], slots: int) -> float | None:
        """Seconds that the rest may take on so many slots; None before any piece is done."""
        if not self._counted:
            return None
        everywhere = sum(self._seconds.values()) / self._counted.total()
        left = Counter(kind for name, kind in self._kinds.items() if name not in results)
        work = sum(
            n * (self._seconds[kind] / self._counted[kind] if self._counted[kind] else everywhere)
            for kind, n in left.items()
        )
        return work / slots
