"""People as the surface engine knows them, from a working picture and keypoints alone, as networks get them."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import Body
from ptx.geometry.dressing.refine import Posed
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.dressed_person import DressedPerson, body_mask
from ptx.models.pixels import to_uint8, with_alpha
from ptx.pipeline.errors import BadSample
from ptx.surface.carried import dress_posed, fit_posed, wearing
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import SurfaceStore
from ptx.surface.transfer import fill, transfer

KEPT_PEOPLE = 16
"""People, and their filled surfaces, that are kept: views and pairs of one picture follow one another."""

Floats = NDArray[np.float32]


class Dresser:
    """Fits bodies to keypoints and dresses them to the outline that the silhouette network finds; keeps the last people."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._person = lru_cache(maxsize=KEPT_PEOPLE)(self._make_person)
        self._surface = lru_cache(maxsize=KEPT_PEOPLE)(self._make_surface)

    @cached_property
    def _silhouettes(self) -> Silhouettes:
        return Silhouettes()

    def posed(self, keypoints: Floats, size: tuple[int, int]) -> FittedBody | None:
        """Return the bare body that is fitted to keypoints (18, 3); None where there are too few."""
        posed = fit_posed(self.body, keypoints, size)
        return None if posed is None else FittedBody(self.body, *posed[:3], size)

    def person(self, picture: NDArray[np.uint8], keypoints: Floats) -> DressedPerson | None:
        """Return the person of a picture (H, W, 3); None where no body can be fitted. Where nobody is found, the body's mask is theirs."""
        return self._person(picture.tobytes(), keypoints.tobytes(), (picture.shape[0], picture.shape[1]))

    def surface(self, picture: NDArray[np.uint8], keypoints: Floats) -> SurfaceStore | None:
        """Return the filled surface of the same person."""
        return self._surface(picture.tobytes(), keypoints.tobytes(), (picture.shape[0], picture.shape[1]))

    def draw(self, source: Tensor, target: Tensor, image: Tensor) -> Tensor:
        """Draw people in other poses: (B, 4, H, W), colours in -1..1 and alpha 0 to 1, which is 0 where no body can be fitted.

        Args:
            source: (B, 18, 3) keypoints of the people.
            target: (B, 18, 3) of the wanted poses.
            image: (B, 3, H, W) in -1..1: their pictures.
        """
        height, width = image.shape[-2:]
        drawn = np.zeros((len(image), height, width, 4), np.uint8)
        sources, targets = as_arrays(source), as_arrays(target)
        for i, picture in enumerate(to_uint8(image)):
            store, wanted = self.surface(picture, sources[i]), self.posed(targets[i], (height, width))
            if store is not None and wanted is not None:
                rendering = transfer(store, wanted, targets[i])
                drawn[i, ..., :3], drawn[i, ..., 3] = rendering.colour, np.rint(255 * rendering.alpha)
        return with_alpha(drawn).to(image.device)

    def _make_person(self, picture: bytes, keypoints: bytes, size: tuple[int, int]) -> DressedPerson | None:
        points = np.frombuffer(keypoints, np.float32).reshape(-1, 3)
        fitted = self.posed(points, size)
        if fitted is None:
            return None
        try:
            mask = self._silhouettes(_picture(picture, size), points)
        except BadSample:
            return DressedPerson(fitted, body_mask(fitted))
        dressed = dress_posed(self.body, Posed(fitted.pose, fitted.betas, fitted.camera), points, mask)
        return DressedPerson(wearing(self.body, dressed, size), mask)

    def _make_surface(self, picture: bytes, keypoints: bytes, size: tuple[int, int]) -> SurfaceStore | None:
        person = self._person(picture, keypoints, size)
        if person is None:
            return None
        return fill(MaskedPhotograph(_picture(picture, size), person.mask), person.fitted)


def as_arrays(keypoints: Tensor) -> Floats:
    """Keypoints (B, 18, 3) as an array."""
    return np.ascontiguousarray(keypoints.detach().cpu().numpy(), np.float32)


def _picture(content: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8).reshape(*size, 3)
