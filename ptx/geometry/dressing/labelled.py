"""A skirt told by garment labels, in the picture straightened along both legs: cloth of a skirt, a dress or a closed coat is on both thighs
and between them, and no trousers are; it ends where its share of the rows does, or the photograph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ptx.geometry.dressing.straightened import (
    CROTCH,
    FACING,
    LEFT_LEG,
    MIDDLE,
    ON_LEGS,
    RIGHT_LEG,
    STANDING,
    Hem,
    Straightened,
)
from ptx.geometry.garment_map import GarmentMap

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HANGING = ("skirt", "dress", "coat")
"""What may hang around both legs."""

BEFORE = ("arms", "accessory", "hair")
"""What may be before them, and says nothing."""

LEGS = ("legs", "shoes", "trousers")
"""What is seen below a hem."""

SHORTEST = 11
"""First row at which a skirt may end: above it, tops and the tails of coats do."""

SMOOTH = 5
"""Rows of the median by which blobs of wrong labels are dropped."""

CLOTH, TROUSERS = 0.6, 0.2
"""Shares of the thighs, and of what is between them, from the crotch to the hem: of hanging cloth at least, of trousers at most."""

BELOW = 10
"""Rows below a hem in which no more trousers may be on the legs: they would have begun above; but a coat ends so."""

COAT = 0.3
"""Share of coat above a hem from which that is one's."""

EDGE = 3
"""Rows of the photograph's edge within which a hem is not seen, unless legs are."""

DOUBT = 1.0
"""Columns of either leg, or between them, that are half hanging cloth: what little is seen says little."""


def hem_by_labels(legs: Straightened, garments: GarmentMap) -> Hem | None:
    """Find where a skirt ends.

    Args:
        legs: the picture straightened along the legs.
        garments: (R, C) its labels.

    Returns:
        Its last row, cut off where that is the photograph's; None: there is no skirt, or the labels do not tell.
    """
    last = int(legs.shown.sum())
    if last <= CROTCH:
        return None
    cloth, before = garments.shows(*HANGING)[:last], garments.shows(*BEFORE)[:last]
    shares = np.stack([_share(cloth[:, part], before[:, part]) for part in (LEFT_LEG, MIDDLE, RIGHT_LEG)])[:, CROTCH:]
    for covered in (np.median(shares, axis=0), np.min(shares, axis=0)):  # where one is wrong, or a longer coat is open
        rows = int(np.argmax(np.cumsum(covered - 0.5))) + 1
        row = CROTCH + rows - 1
        below = garments.shows(*LEGS)[row + 1 : last, ON_LEGS]
        at_edge = row >= last - EDGE and last < len(legs.shown)
        hem = Hem(row, cut_off=at_edge and not (len(below) and below.mean() > 0.5))
        if (
            row >= SHORTEST
            and shares[:, :rows].mean(axis=1).min() >= CLOTH
            and not _trousers(garments, row, last)
            and not (hem.cut_off and _doubtful(legs, garments, row))
        ):
            return hem._replace(row=last - 1) if hem.cut_off else hem
    return None


def _doubtful(legs: Straightened, garments: GarmentMap, row: int) -> bool:
    """Whether what reaches to the photograph's edge may be no skirt: of profiles and of who sits; a coat, that of a suit."""
    coat = float(garments.shows("coat")[CROTCH : row + 1].mean())
    return legs.facing < FACING or legs.standing < STANDING or coat > COAT


def _trousers(garments: GarmentMap, row: int, last: int) -> bool:
    """Whether trousers are on and between the legs above a row; or on the legs below it, if no coat is above."""
    trousers, coat = garments.shows("trousers"), garments.shows("coat")
    above, below = slice(CROTCH, row + 1), trousers[row + 2 : min(row + 2 + BELOW, last), ON_LEGS]
    under_coat = coat[above].mean() > COAT
    begun = len(below) > 0 and not under_coat and below.mean() > TROUSERS
    return bool(trousers[above].mean() > TROUSERS or begun)


def _share(cloth: Mask, before: Mask) -> Floats:
    """Share (R,) of cloth (R, C) in what is behind other things (R, C), without short runs of rows that differ from their neighbours."""
    seen = (~before).sum(axis=1)
    share = ((cloth & ~before).sum(axis=1) + DOUBT / 2) / (seen + DOUBT)
    return np.asarray(median_filter(share, SMOOTH, mode="nearest"), np.float64)
