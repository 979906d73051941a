"""Pictures of several people: each is painted, and all are laid back in the order of their distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ptx.datasets.images import Image
from ptx.geometry.body import Body
from ptx.geometry.keypoints import valid_keypoints
from ptx.inference.painting import Painting
from ptx.inference.person import Person
from ptx.inference.view import fit_person
from ptx.pipeline.errors import BadSample, PtxError

PERSON_HEIGHT = 1.7
"""Metres that the extent of a person's keypoints is taken for, where no body can be fitted."""


@dataclass(frozen=True)
class GroupPainting:
    """A photograph with its people painted anew."""

    picture: Image
    """(H, W, 3) uint8, of the photograph's size."""
    paintings: Sequence[Painting]
    """The people that were painted, from far to near."""
    problems: list[str]
    """Reasons why other people that were found could not be painted; they are as they were."""


def pixels_per_metre(person: Person, body: Body) -> float:
    """Return the scale of a person in the photograph, px per metre: the larger, the nearer.

    It is that of the fitted body, or, where too few keypoints are there, that of the keypoints' extent; 0 without keypoints.
    """
    scale = float(np.hypot(*person.transform[0, :2]))
    try:
        return float(fit_person(person, body).camera[0]) / scale
    except BadSample:
        xy = person.keypoints[valid_keypoints(person.keypoints), :2]
        return float(np.ptp(xy, axis=0).max()) / scale / PERSON_HEIGHT if len(xy) else 0.0


def paint_everyone(
    people: Sequence[Person],
    paint: Callable[[Person], tuple[float, Painting]],
    lay: Callable[[Sequence[Painting]], Image],
) -> GroupPainting:
    """Paint all people of a photograph, and lay them back.

    Args:
        people: of the photograph.
        paint: paints one of them, and tells their scale, px of the photograph per metre: the larger, the nearer; raises PtxError where
            it cannot.
        lay: lays them, from far to near, into the photograph (H, W, 3) uint8.

    Raises:
        PtxError: nobody could be painted.
    """
    paintings: list[tuple[float, Painting]] = []
    problems: list[str] = []
    for person in people:
        try:
            paintings.append(paint(person))
        except PtxError as error:
            problems.append(str(error))
    if not paintings:
        raise PtxError(f"nobody could be painted: {'; '.join(problems)}")
    ordered = [painting for _, painting in sorted(paintings, key=lambda one: one[0])]
    return GroupPainting(lay(ordered), ordered, problems)
