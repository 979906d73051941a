"""Garment labels of a picture with their names, so that geometry asks for them by name and knows no numbers."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray


class GarmentMap(NamedTuple):
    """Which garment, or which part of the skin, each pixel shows."""

    labels: NDArray[np.uint8]
    """(H, W) of each pixel."""
    names: tuple[str, ...]
    """Name of each label, such as "skirt"."""

    def shows(self, *names: str) -> NDArray[np.bool_]:
        """Return where (H, W) it shows any of these; raises ValueError where there is no such name."""
        wanted = np.zeros(256, np.bool_)
        wanted[[self.names.index(name) for name in names]] = True
        return np.asarray(wanted[self.labels], np.bool_)

    def resized(self, height: int, width: int) -> GarmentMap:
        """Bring it to another size: what a pixel's middle shows."""
        return self._replace(
            labels=np.asarray(cv2.resize(self.labels, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        )

    def sampled(self, places: NDArray[np.float32]) -> GarmentMap:
        """Look points (N, M, 2) px up: the map (N, M) of the nearest pixels; beyond the picture it is 0."""
        found = cv2.remap(self.labels, places[..., 0], places[..., 1], cv2.INTER_NEAREST)
        return self._replace(labels=np.asarray(found, np.uint8))
