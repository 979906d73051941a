"""Flow of dressed bodies and learned flow combined (ours): settings and row of the training. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ptx.training.settings import FROM_OUTLINES, Count, MaxChannelsSettings, PoseMapSettings, Preset, Weight
from ptx.training.training import Training


class TrainCombinedFlowSettings(PoseMapSettings, MaxChannelsSettings):
    """The network that puts the flow of dressed bodies and train-pose-flow's together, trained on exact flow (ours)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 8, "max_channels": 32, "scales": 4, "learning_rate": 3e-3, "cool_down": 0.5, "radius": 4.0,
        },
        "deepfashion-256": {"steps": 60_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "checkpoint": "last"},
        "market-128x64": {
            "steps": 60_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "checkpoint": "last", "scales": 4, "radius": 4.0,
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    scales: Count = 5
    """Halvings of the picture."""
    hidden: Weight = 0.3
    """Weight of the flow of pixels that the source hides, against 1 of those that it shows."""
    visibility: Weight = 0.5
    """Weight of the labels of visibility."""

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales


ROWS = (
    Training(
        "train-combined-flow",
        TrainCombinedFlowSettings,
        "ptx.training.recipes.combined_flow:CombinedFlowRecipe",
        needs=("train-pose-flow",),
        reads=FROM_OUTLINES,
        exact=True,
    ),
)
