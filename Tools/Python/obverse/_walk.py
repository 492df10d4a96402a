"""Paths through ws: key frames, and the frames between them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

# Copies of the key frames on each side of a loop, as NVlabs' gen_video.py lays them: the spline's ends
# are so far away that the loop closes smoothly.
_WRAPS = 2


def bends(points: Sequence[float]) -> list[float]:
    """The second derivatives of the cubic spline through points at 0, 1, 2, ….

    As SciPy's ``interp1d(kind="cubic")`` has them: the ends are "not a knot".
    """
    count = len(points)
    second = [0.0] * count
    if count <= 2:
        return second
    for i in range(1, count - 1):
        second[i] = 6 * (points[i - 1] - 2 * points[i] + points[i + 1])
    if count == 3:
        return [second[1] / 6] * count
    second[1] /= 6
    second[count - 2] /= 6
    # Gaussian elimination of the tridiagonal rows; `share` is what row i keeps of row i + 1.
    share = [0.0] * count
    for i in range(2, count - 2):
        pivot = 4 - share[i - 1]
        share[i] = 1 / pivot
        second[i] = (second[i] - second[i - 1]) / pivot
    for i in range(count - 3, 1, -1):
        second[i] -= share[i] * second[i + 1]
    second[0] = 2 * second[1] - second[2]
    second[count - 1] = 2 * second[count - 2] - second[count - 3]
    return second


class Path:
    """The vectors between key vectors.

    Args:
        keys: The key vectors, all of one length.
        frames: Vectors from one key to the next.
        is_cubic: A spline with continuous curvature; else straight lines.
        loops: Whether the last key leads back to the first.
    """

    def __init__(self, keys: Sequence[Sequence[float]], frames: int, is_cubic: bool, loops: bool) -> None:
        self._keys = keys
        self._frames = frames
        self._bends: list[list[float]] = []
        if is_cubic and len(keys) > 1:
            copies = 2 * _WRAPS + 1 if loops else 1
            first = _WRAPS * len(keys) if loops else 0
            kept = len(keys) + (1 if loops else 0)
            lines = [bends(list(line) * copies)[first : first + kept] for line in zip(*keys)]
            self._bends = [list(point) for point in zip(*lines)]

    def vector(self, frame: int) -> array[float]:
        """The float32 numbers of a frame; at a key exactly that key's."""
        number, rest = divmod(frame, self._frames)
        key = self._keys[number]
        if rest == 0:
            return array("f", key)
        after = self._keys[(number + 1) % len(self._keys)]
        b = rest / self._frames
        a = 1 - b
        if not self._bends:
            return array("f", [a * x + b * y for x, y in zip(key, after)])
        c, d = (a * a * a - a) / 6, (b * b * b - b) / 6
        ends = zip(key, after, self._bends[number], self._bends[number + 1])
        return array("f", [a * x + b * y + c * p + d * q for x, y, p, q in ends])
