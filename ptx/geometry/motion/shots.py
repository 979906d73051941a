"""Which frames of a clip are fitted together: between cuts, with no longer gaps than can be bridged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


def shots(count: int, cuts: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """First frame, and one beyond the last, of each shot of a clip of so many frames; a cut is the first frame of a new one."""
    inside = sorted({int(cut) for cut in cuts if 0 < cut < count})
    yield from zip([0, *inside], [*inside, count], strict=True)


def stretches(known: Bools, cuts: NDArray[np.integer], longest_gap: int) -> Iterator[tuple[int, int]]:
    """Stretches of a shot from a known frame to another, with gaps of at most `longest_gap` frames.

    Args:
        known: (T,) frames that show the person.
        cuts: first frames of new shots.
        longest_gap: frames.

    Yields:
        First frame, and one beyond the last.
    """
    for start, stop in shots(len(known), cuts):
        frames = start + np.flatnonzero(known[start:stop])
        if len(frames):
            for part in np.split(frames, np.flatnonzero(np.diff(frames) > longest_gap + 1) + 1):
                yield int(part[0]), int(part[-1]) + 1


def held_frames(fitted: Bools, cuts: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Frame whose pose each frame takes: its own where it is fitted, the nearest fitted one of its shot within `most` frames, else -1.

    Args:
        fitted: (T,) frames with a pose.
        cuts: first frames of new shots.
        most: frames.

    Returns:
        (T,); of two equally near frames the earlier.
    """
    out = np.full(len(fitted), -1)
    for start, stop in shots(len(fitted), cuts):
        frames = start + np.flatnonzero(fitted[start:stop])
        if len(frames):
            here = np.arange(start, stop)
            after = np.searchsorted(frames, here).clip(0, len(frames) - 1)
            before = (after - (frames[after] > here)).clip(0)
            nearest = np.where(abs(here - frames[before]) <= abs(frames[after] - here), frames[before], frames[after])
            out[start:stop] = np.where(abs(nearest - here) <= most, nearest, -1)
    return out
