"""What paints people in other poses, whether trained networks or the surface of a fitted body."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ptx.datasets.images import Frame
from ptx.inference.painting import Painting


class Engine(Protocol):
    """A `Model` or a `SurfaceEngine`."""

    frame: Frame
    """What of a photograph is painted."""
    hashes: dict[str, str]
    """What the pictures depend on beside the photographs, by name."""
    usual_background: str
    """What is behind people unless it is told (`ptx.inference.backgrounds`)."""

    @property
    def name(self) -> str:
        """Name of the system that paints."""
        ...

    @property
    def trained(self) -> bool:
        """Whether pictures are made by trained networks."""
        ...

    def transfer(self, image: Path | Sequence[Path], pose: Path) -> Painting:
        """Paint the person of a picture, or of several, in another pose; raises PtxError."""
        ...
