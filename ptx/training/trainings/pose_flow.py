"""Pose flow learning (TIP 2021), system B: settings and rows of the trainings. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from ptx.models.variants import FeatureAlignment, FlowSource, Fusion
from ptx.pipeline.config import ADDED_LATER
from ptx.training.settings import (
    FROM_PARSING,
    Count,
    GivenFlowSettings,
    MaxChannelsSettings,
    PoseMapSettings,
    Preset,
    Weight,
)
from ptx.training.training import Training
from ptx.training.trainings.appearance_flow import DualPathSettings

MIN_FLOW_SCALES = 2
"""Fewest halvings below half the picture's size: looks are compared at three sizes, the coarsest a quarter of the picture's."""


class TrainPoseFlowSettings(PoseMapSettings, MaxChannelsSettings):
    """Flow learned from pictures and garments alone (TIP 2021; the weights are ours)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 4, "learning_rate": 3e-3, "cool_down": 0.5, "radius": 4.0},
        "deepfashion-256": {"steps": 380_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "checkpoint": "last"},
        "market-128x64": {
            "steps": 980_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "checkpoint": "last", "scales": 4,
            "radius": 4.0,
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    scales: Annotated[int, Field(ge=MIN_FLOW_SCALES)] = 5
    """Halvings below half the picture's size."""
    limbs: bool = True
    """Learn the difference to the flow of limbs moved as a whole by their keypoints, not the whole flow."""
    picture: bool = True
    """See the source's picture besides both poses: cloth moves otherwise than skin."""
    texture: Weight = 1.0
    """Weight of looks that should be the same where the flow leads; 0 switches the texture-preserving objective off."""
    garments: Weight = 2.0
    """Weight of garments that should be the same where the flow leads."""
    hidden: Weight = 1.8
    """Cost of calling a pixel hidden in the source instead; a large value switches occlusion off."""
    smooth: Weight = 0.1
    """Weight of the flow's second differences within a garment."""
    known_warps: Weight = 1.0
    """Weight of the error on sources warped on purpose, whose flow is known; 0 switches self-supervision off."""
    coarse_to_fine: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of the training at which the finest scale joins; the coarsest begins, 0 trains all from the start."""

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales + 1


class TrainGarmentSettings(GivenFlowSettings, PoseMapSettings, MaxChannelsSettings):
    """GarmentNet: what the target wears where (TIP 2021; the layers are ours)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 5, "learning_rate": 1e-3, "cool_down": 0.5, "radius": 4.0},
        "deepfashion-256": {"steps": 190_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last"},
        "market-128x64": {
            "steps": 490_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "scales": 5, "radius": 4.0,
        },
    }  # fmt: skip

    scales: Count = 6
    """Halvings of the picture."""
    warped_scales: Count = 4
    """Scales, from the finest, whose appearance is aligned by the flow."""
    fusion: Fusion = "soft_gate"
    """Fusion of aligned appearance and pose; no_flow switches alignment off."""
    feature_alignment: Annotated[FeatureAlignment, ADDED_LATER] = "published"
    """Place that flow is read at for features of a smaller scale, as for train_generator."""
    flow: FlowSource = "learned"
    """Origin of flow and visibility, as for train_generator."""

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales


class TrainSynthesisSettings(DualPathSettings):
    """SynthesisNet: the picture, coarse to fine, from aligned appearance and garments (TIP 2021; the layers are ours)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 8, "max_channels": 64, "scales": 5, "background": "layers", "learning_rate": 3e-3, "cool_down": 0.5,
            "adversarial": 0.0,
        },
        "deepfashion-256": {
            "steps": 380_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 63_000,
            "without_vgg": "gradients", "scales": 6,
        },
        "market-128x64": {
            "steps": 980_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 160_000,
            "without_vgg": "gradients", "scales": 5, "shift": (10, 10), "scale": 1.2,
        },
    }  # fmt: skip

    warped_scales: Count = 4
    """Scales, from the finest, whose appearance is aligned by the flow."""
    fusion: Fusion = "soft_gate"
    """Fusion of aligned appearance and pose; no_flow switches alignment off."""
    flow: FlowSource = "learned"
    """Origin of flow and visibility, as for train_generator."""
    garments: bool = True
    """See the garments that GarmentNet predicts."""
    pictures: Literal[1, 2, 3] = 3
    """Pictures that are painted and compared, each half the size of the one before; 1 has no coarse ones."""
    coarse_to_fine: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the training at which the finest picture joins."""

    @field_validator("pictures")
    @classmethod
    def _no_more_than_scales(cls, pictures: int, known: ValidationInfo) -> int:
        scales = known.data.get("scales", pictures)
        if pictures > scales:
            raise ValueError(f"be at most scales, which is {scales}: each picture is painted at a scale of its own")
        return pictures


ROWS = (
    Training(
        "train-pose-flow", TrainPoseFlowSettings, "ptx.training.recipes.pose_flow:PoseFlowRecipe", reads=FROM_PARSING
    ),
    Training("train-garment", TrainGarmentSettings, "ptx.training.recipes.pose_flow:GarmentRecipe", reads=FROM_PARSING),
    Training(
        "train-synthesis",
        TrainSynthesisSettings,
        "ptx.training.recipes.pose_flow:SynthesisRecipe",
        needs=("train-garment",),
        reads=FROM_PARSING,
    ),
)
