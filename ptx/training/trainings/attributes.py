"""The classifier of clothes: settings and rows of the trainings. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from ptx.pipeline.config import ADDED_LATER, Share
from ptx.training.settings import Count, MaxChannelsSettings, Preset
from ptx.training.training import FROM_PICTURES, Training


class TrainAttributesSettings(MaxChannelsSettings):
    """The classifier of clothes that FashionIS and AttrRec-k judge by (the schedule of Li et al., CVPR 2019; the layers are ours)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 4, "learning_rate": 3e-3, "cool_down": 0.5},
        "deepfashion-256": {
            "steps": 46_000, "save_every": 5000, "learning_rate": 1e-4, "halve_every": 4600, "batch": 32, "ema": 0.999, "max_channels": 256,
            "checkpoint": "last",
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    scales: Count = 5
    """Halvings of the picture."""
    flips: Annotated[Share, ADDED_LATER] = 0.5
    """Share of the pictures that are mirrored at random, as published."""

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales


ROWS = (
    Training(
        "train-attributes",
        TrainAttributesSettings,
        "ptx.training.recipes.attributes:AttributesRecipe",
        reads=FROM_PICTURES,
        annotated=True,
    ),
)
