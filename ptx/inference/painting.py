"""The pictures that are painted of people, and how one is put back into the photograph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image, Transform, invert_transform
from ptx.inference.given import Keypoints
from ptx.inference.person import Person
from ptx.pictures.compose import Painted

Flow = NDArray[np.float32]
"""(H, W, 2) px, target to source."""
Visibility = NDArray[np.uint8]
"""(H, W) labels: 0 visible in the source, 1 hidden in it, 2 background."""

FEATHER_FRACTION = 0.06
"""Width of the border over which a pasted picture fades into the photograph, as a fraction of its shorter side."""


class Scene(NamedTuple):
    """A photograph and its person."""

    person: Person
    """Who is to be taken out of it."""
    mask: NDArray[np.float32] | None = None
    """(h, w) 0 to 1, how much of a pixel of `person.image` is theirs, where that is known."""


class Carried(Protocol):
    """How a painting shows what its source shows."""

    @property
    def warped(self) -> Image:
        """(h, w, 3) the source's own pixels where the flow brings them."""
        ...

    @property
    def flow(self) -> Flow:
        """(h, w, 2) px, target to source."""
        ...

    @property
    def visibility(self) -> Visibility:
        """(h, w) labels 0 visible, 1 hidden, 2 background."""
        ...


class FoundFlow(NamedTuple):
    """Flow that networks have found."""

    warped: Image
    flow: Flow
    visibility: Visibility


@dataclass(frozen=True)
class Painting:
    """A person painted in another pose."""

    steady: ClassVar[bool] = False
    """Whether neighbouring views agree by themselves."""

    picture: Image
    """(h, w, 3) uint8 RGB."""
    carried: Carried
    """Flow from the source, and its pixels."""
    person: Person
    """The source."""
    pose: Keypoints
    """(18, 3) the wanted pose, in px of `picture`."""
    garments: NDArray[np.uint8] | None = None
    """(h, w) labels (`ptx.labels`) of the target, where the system predicts them."""
    posed: Person | None = None
    """Who shows the pose, where a photograph does."""

    @property
    def warped(self) -> Image:
        """(h, w, 3) the source's own pixels where the flow brings them."""
        return self.carried.warped

    @property
    def flow(self) -> Flow:
        """(h, w, 2) px, target to source."""
        return self.carried.flow

    @property
    def visibility(self) -> Visibility:
        """(h, w) labels 0 visible, 1 hidden, 2 background."""
        return self.carried.visibility

    @property
    def cut_out(self) -> Painted | None:
        """The person alone, with the map from px of `picture` to theirs; None where the system paints whole pictures."""
        return None

    @property
    def scene(self) -> Scene:
        """The photograph that the person comes from."""
        return Scene(self.person)

    @property
    def pose_scene(self) -> Scene | None:
        """The photograph that shows the pose, where one does."""
        return None if self.posed is None else Scene(self.posed)

    @cached_property
    def pasted(self) -> Image:
        """(H, W, 3) the whole photograph with the picture where the person was; the picture's border fades in."""
        return paste(self.picture, self.person.original, self.person.transform)


def paste(picture: Image, photograph: Image, transform: Transform) -> Image:
    """Put a picture back into the photograph that it was cut from.

    Args:
        picture: (h, w, 3) uint8.
        photograph: (H, W, 3) uint8.
        transform: (2, 3) from pixels of the photograph to pixels of the picture.

    Returns:
        (H, W, 3) uint8. The picture's border fades over `FEATHER_FRACTION` of its shorter side.
    """
    height, width = picture.shape[:2]
    rows, columns = (np.minimum(np.arange(n) + 1, np.arange(n, 0, -1)) for n in (height, width))
    weight = np.minimum(rows[:, None], columns[None]) / max(1.0, FEATHER_FRACTION * min(height, width))
    size = photograph.shape[1::-1]
    back = invert_transform(transform)
    weight = cv2.warpAffine(np.minimum(weight, 1).astype(np.float32), back, size)[..., None]
    moved = cv2.warpAffine(picture, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray((weight * moved + (1 - weight) * photograph).round(), np.uint8)
