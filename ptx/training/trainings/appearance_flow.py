"""Dense intrinsic appearance flow (CVPR 2019), system A: settings and rows of the trainings. Imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field

from ptx.models.shipped import EFFICIENTNET_LITE0
from ptx.models.variants import (
    PATCH_DISCRIMINATOR_PX,
    AdversarialKind,
    Background,
    FeatureAlignment,
    Fusion,
    PixelWarpInputs,
    PyramidWeights,
    Regressor,
    WithoutVgg,
)
from ptx.pipeline.config import ADDED_LATER, RESOLVED, AbsolutePath
from ptx.training.settings import (
    FROM_DRAWN,
    AdversarialSettings,
    Count,
    GivenFlowSettings,
    MaxChannelsSettings,
    PoseMapSettings,
    Preset,
    Weight,
)
from ptx.training.training import Training

PERCEPTUAL_WEIGHTS = "perceptual loss: VGG-19 weights"
"""What VGG-19's weights are for, in manifests and in the reasons why a model is stale."""

EFFICIENTNET_WEIGHTS = "perceptual loss: EfficientNet-Lite0 weights"
"""The same of EfficientNet-Lite0's, which come with ptx."""


class TrainFlowSettings(PoseMapSettings, MaxChannelsSettings):
    """The flow regressor (CVPR 2019, §3.2)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 16, "max_channels": 64, "scales": 4, "learning_rate": 1e-3, "cool_down": 0.5, "radius": 4.0,
            "weight_decay": 0.0, "limbs": True, "assign_weight": 0.5, "shift": (0, 0),
        },
        "deepfashion-256": {
            "steps": 380_000, "save_every": 5000, "learning_rate": 1e-4, "halve_every": 102_000, "ema": 0.999, "checkpoint": "last",
            "regressor": "unet", "max_channels": 512,
        },
        "market-128x64": {
            "steps": 980_000,
            "save_every": 5000,
            "learning_rate": 1e-4,
            "halve_every": 264_000,
            "ema": 0.999,
            "checkpoint": "last",
            "scales": 4,
            "radius": 4.0,
            "shift": (5, 5),
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    weight_decay: Weight = 4e-4
    """Adam's L2 penalty."""
    regressor: Annotated[Regressor, ADDED_LATER] = "unet_v2"
    """Network: unet_v2 is the published code's later one, of 6.6 million parameters at the size of DeepFashion; unet the one that
    the released DeepFashion models have, of 29.3 million with max_channels 512."""
    scales: Count = 5
    """Halvings below half the picture's size."""
    pyramid_weights: Annotated[PyramidWeights, ADDED_LATER] = "fine_first"
    """Weights of the scales in the flow loss: fine_first are the published code's last ones, coarse_first those that it had when the
    paper was published."""
    part_weight: Weight = 5.0
    """Weight of the segmentation-sensitive loss."""
    limbs: bool = False
    """Learn the difference to the flow of limbs moved as a whole by their keypoints, not the whole flow (ours)."""
    assign_weight: Weight = 0.0
    """Weight of saying which body part each pixel moves with, for `limbs` (ours)."""
    shift: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = (20, 10)
    """Most pixels, right and down, by which targets are moved at random."""

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales + (self.regressor == "unet_v2")


class PaintingSettings(AdversarialSettings, MaxChannelsSettings):
    """Settings of a network that paints: its schedule of scales, how targets are varied, what it is compared by."""

    scales: Count = 7
    """Halvings of the picture."""
    shift: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = (0, 0)
    """Most pixels, right and down, by which targets are moved at random."""
    scale: Annotated[float, Field(ge=1)] = 1.0
    """Most by which targets are made larger or smaller at random."""
    vgg: AbsolutePath | None = None
    """VGG-19 weights (.safetensors or .pth, torchvision's names) for the perceptual loss, as published."""
    without_vgg: Annotated[WithoutVgg, RESOLVED] = "auto"
    """Loss where no VGG weights are named: gradients is that on differences of neighbouring pixels; efficientnet adds the perceptual one on
    EfficientNet-Lite0's features, which come with ptx; auto is what the model was begun with, at first efficientnet (ours)."""
    perceptual: Weight = 1.0
    """Weight of the perceptual loss; without VGG weights 0 is as `without_vgg: gradients`."""
    style: Weight = 0.0
    """Weight of the style loss on shifted Gram matrices, where there are VGG weights; 0 as published."""
    gradients: Weight = 1.0
    """Weight of the loss on differences of neighbouring pixels, where there are no VGG weights (ours)."""
    adversarial_from: Annotated[int, Field(ge=0)] = 0
    """Step from which the discriminator takes part."""
    adversarial_kind: AdversarialKind = "bce"
    """Form of the adversarial loss."""
    discriminator_rate: Annotated[float, Field(gt=0)] = 2e-5
    """Adam's rate of the discriminator."""
    discriminator_decay: Weight = 4e-4
    """Adam's L2 penalty on the discriminator."""

    @property
    def weights(self) -> Mapping[str, Path]:
        """VGG-19's where they are named, else EfficientNet-Lite0's unless they are not wanted."""
        if self.vgg is not None:
            return {PERCEPTUAL_WEIGHTS: self.vgg}
        wanted = self.without_vgg != "gradients" and self.perceptual > 0
        return {EFFICIENTNET_WEIGHTS: EFFICIENTNET_LITE0} if wanted else {}

    def as_begun(self, weights: Collection[str]) -> Self:
        """Where the loss is left open, take the perceptual one of EfficientNet-Lite0 if its weights are among these, else the other."""
        if self.without_vgg != "auto":
            return self
        return self.model_copy(
            update={"without_vgg": "efficientnet" if EFFICIENTNET_WEIGHTS in weights else "gradients"}
        )

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest normalised maps."""
        return self.scales

    def refusal(self, size: tuple[int, int]) -> str | None:
        """Return why its networks cannot be trained on pictures of a size; the discriminator needs a patch."""
        if self.adversarial > 0 and min(size) < PATCH_DISCRIMINATOR_PX:
            return (
                f"pictures of {size[1]}×{size[0]} px are too small for the discriminator, which judges patches: use a size of "
                f"{PATCH_DISCRIMINATOR_PX} and more, or adversarial: 0"
            )
        return super().refusal(size)


class DualPathSettings(PaintingSettings, GivenFlowSettings):
    """Settings of a network that paints by two encoders, whose features the flow aligns."""

    warped_scales: Count = 5
    """Scales, from the finest, whose appearance is warped by the flow."""
    fusion: Fusion = "residual"
    """Fusion of appearance and pose: residual is the paper's, the others its ablation."""
    feature_alignment: Annotated[FeatureAlignment, ADDED_LATER] = "published"
    """Place that flow is read at for features of a smaller scale: published is half a cell beside the feature, up to 7.5 px at 1/16;
    exact is on it (ours)."""
    background: Background = "paint"
    """paint every pixel, as published; keep the source's where the network lets them show; or layers: what is behind the person
    and the source's own pixels where the flow brings them show where it lets them (ours)."""


class TrainGeneratorSettings(DualPathSettings, PoseMapSettings):
    """The dual-path generator (CVPR 2019, §3.3)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 8, "max_channels": 64, "scales": 5, "warped_scales": 4, "background": "layers", "learning_rate": 3e-3,
            "cool_down": 0.5, "radius": 4.0, "adversarial": 0.0,
        },
        "deepfashion-256": {
            "steps": 380_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 63_000,
            "without_vgg": "gradients",
        },
        "market-128x64": {
            "steps": 980_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 160_000,
            "without_vgg": "gradients", "scales": 5, "warped_scales": 4, "radius": 4.0, "shift": (10, 10), "scale": 1.2,
        },
    }  # fmt: skip

    surface: Annotated[bool, ADDED_LATER] = False
    """See the source's surface, completed and drawn in the target's pose (stage draw-surface), beside that pose; with
    background: layers it shows in the place of the warped source (ours)."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The stages of the flow, and that of the drawn surface."""
        return (*super().reads, *(FROM_DRAWN if self.surface else ()))


class TrainPixelWarpSettings(PaintingSettings):
    """The pixel-warping net (CVPR 2019, §3.5), on the pictures of train-generator's network and by the flow that it is given."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 8, "max_channels": 64, "scales": 5, "learning_rate": 3e-3, "cool_down": 0.5, "adversarial": 0.0,
        },
        "deepfashion-256": {
            "steps": 380_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 63_000,
            "without_vgg": "gradients", "inputs": "published",
        },
        "market-128x64": {
            "steps": 980_000, "save_every": 5000, "ema": 0.999, "checkpoint": "last", "adversarial_from": 160_000,
            "without_vgg": "gradients", "scales": 5, "shift": (10, 10), "scale": 1.2, "inputs": "published",
        },
    }  # fmt: skip

    inputs: Annotated[PixelWarpInputs, ADDED_LATER] = "scaled"
    """Visibility and flow as the network sees them: published are labels 0, 1, 2 and px, scaled are about as large as a picture's
    values (ours)."""


ROWS = (
    Training("train-flow", TrainFlowSettings, "ptx.training.recipes.appearance_flow:FlowRecipe"),
    Training("train-generator", TrainGeneratorSettings, "ptx.training.recipes.generator:GeneratorRecipe"),
    Training(
        "train-pixel-warp",
        TrainPixelWarpSettings,
        "ptx.training.recipes.generator:PixelWarpRecipe",
        needs=("train-generator",),
        reads_as=("train-generator",),
    ),
)
