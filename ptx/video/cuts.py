"""Where a film's shots begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from math import sqrt
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

SIDE = 48
"""Pixels of a side of the small frames that are compared."""

SURROUNDINGS = 13
"""Pixels of a side of the square whose mean brightness is taken off."""

BINS = 6
"""Bins of each channel of the colour histogram."""

FLAT = 6.0**2
"""Variance of that, levels², below which a picture counts as flat: its structure is noise."""

LIKE = 0.3
"""Difference in structure below which a shifted picture is the same one; something that looks a little alike is always found."""

LEAST_JUMP = 0.25
"""Difference of neighbouring frames, 0 to 1, from which on it may be a cut."""

OVER_LEVEL = 2.5
"""Times that a cut's difference is larger than the usual one before it, and after it."""

WAIT = 3
"""Frames after a jump by which it is told from a flash, which goes back, and from a pan, which goes on."""

LEVEL_FRAMES = 12
"""Frames before that the usual difference is taken from."""


class SmallFrame(NamedTuple):
    """What is kept of a frame."""

    luma: NDArray[np.float32]
    """(SIDE, SIDE) brightness, levels, over that of its surroundings: light that changes leaves it nearly as it is."""
    colours: NDArray[np.float32]
    """(BINS³,) share of pixels of each colour, sums to 1."""


class Cuts:
    """Hard cuts of a film that is fed frame after frame: the difference to the frame before is far above the usual one.

    A difference is one of colour (the share of pixels whose colour is another) and of structure (the correlation of brightness, after the
    shift that fits best), which counts more, so that neither light nor motion alone is a cut. Flashes up to WAIT - 1 frames, pans, and
    fades, which change a little with every frame, are no cuts; nor is where two shots are of the same place. Two small frames are kept.
    """

    def __init__(self) -> None:
        self._count = 0
        """Frames fed."""
        self._last: SmallFrame | None = None
        self._level: deque[float] = deque(maxlen=LEVEL_FRAMES)
        """Differences of neighbouring frames."""
        self._jump: int | None = None
        """Number of the frame that may begin a shot."""
        self._before: SmallFrame | None = None
        """The frame before it."""
        self._since: list[float] = []
        """Its difference, and those of the frames after it."""

    def add(self, image: Image) -> int | None:
        """Feed the next frame.

        Returns:
            The number, from 0, of the first frame of a new shot, as soon as it is sure, WAIT frames after it; mostly None.
        """
        frame = shrink(image)
        last, self._last = self._last, frame
        self._count += 1
        if last is None:
            return None
        change = difference(last, frame)
        if self._jump is None:
            level = float(np.median(self._level)) if self._level else 0.0
            if change >= max(LEAST_JUMP, OVER_LEVEL * level):
                self._jump, self._before, self._since = self._count - 1, last, [change]
            else:
                self._level.append(change)
            return None
        self._since.append(change)
        assert self._before is not None
        if difference(self._before, frame) < min(LEAST_JUMP, self._since[0] / 3):
            self._jump = self._before = None  # a flash: all is as before
            return None
        return self._decide() if len(self._since) > WAIT else None

    def finish(self) -> int | None:
        """Say whether a shot begins in the last WAIT frames: the number of its first one, or None."""
        return None if self._jump is None else self._decide()

    def _decide(self) -> int | None:
        jump, self._jump, self._before = self._jump, None, None
        first, *others = self._since
        self._level.extend(others)
        return jump if first >= OVER_LEVEL * float(np.median(others or [0.0])) else None


def with_cuts(frames: Iterable[Image]) -> Iterator[tuple[Image, bool]]:
    """Yield frames, and whether a new shot begins with each; WAIT frames are kept until that is sure."""
    cuts, waiting, begins = Cuts(), deque[Image](), set[int]()
    first = 0
    for frame in frames:
        begins.add(cuts.add(frame) or 0)
        waiting.append(frame)
        if len(waiting) > WAIT + 1:
            yield waiting.popleft(), first > 0 and first in begins
            first += 1
    begins.add(cuts.finish() or 0)
    for number, frame in enumerate(waiting, first):
        yield frame, number > 0 and number in begins


def shrink(image: Image) -> SmallFrame:
    """Return what is compared of a frame."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    luma = grey - cv2.blur(grey, (SURROUNDINGS, SURROUNDINGS))
    # bins overlap: a pixel counts for the two nearest of each channel, so that a little light moves no pixel from one to another
    place = small.reshape(-1, 3).astype(np.float32) * ((BINS - 1) / 255)
    low = np.minimum(place.astype(np.intp), BINS - 2)
    share = place - low
    colours = np.zeros(BINS**3, np.float32)
    for corner in np.ndindex(2, 2, 2):
        bins = (low + corner) @ (BINS**2, BINS, 1)
        weight = np.where(corner, share, 1 - share).prod(axis=1)
        colours += np.bincount(bins, weight, BINS**3).astype(np.float32)
    return SmallFrame(luma, colours / colours.sum())


def difference(one: SmallFrame, other: SmallFrame) -> float:
    """Return how different two frames are, 0 to 1."""
    colour = float(np.abs(one.colours - other.colours).sum()) / 2
    structure, shifted = _structure(one.luma, other.luma), _structure(*_shifted(one.luma, other.luma))
    structure = min(structure, shifted) if shifted < LIKE else structure
    return structure * sqrt(colour)


def _structure(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return 0 where brightness rises and falls alike, 1 where it does not; a flat picture has no structure."""
    a, b = one - one.mean(), other - other.mean()
    alike = (2 * float((a * b).mean()) + FLAT) / (float((a * a).mean()) + float((b * b).mean()) + FLAT)
    return 1 - max(alike, 0.0)


def _shifted(one: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the parts of two pictures that show the same where the camera turned by up to a quarter of the picture.

    The middle of one is looked for in the other, by correlation.
    """
    most = SIDE // 4
    middle = one[most : SIDE - most, most : SIDE - most]
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(other, middle, cv2.TM_CCOEFF_NORMED))
    dx, dy = x - most, y - most
    rows, columns = slice(max(-dy, 0), SIDE - max(dy, 0)), slice(max(-dx, 0), SIDE - max(dx, 0))
    rows_other, columns_other = slice(max(dy, 0), SIDE - max(-dy, 0)), slice(max(dx, 0), SIDE - max(-dx, 0))
    return one[rows, columns], other[rows_other, columns_other]
