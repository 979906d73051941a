"""Names that choose between variants of networks and losses. Without torch: reading settings does not load it."""

from typing import Literal

Fusion = Literal["residual", "soft_gate", "hard_gate", "no_visibility", "residual_no_visibility", "no_flow", "single"]
"""Fusion of appearance features with the target pose: the paper's residual fusion, its variants, and two baselines: "no_flow" warps
nothing, "single" has one encoder for both (CVPR 2019, §3.4 and the ablation)."""

Background = Literal["paint", "keep", "layers"]
"""paint: every pixel is painted, as published. keep: the source picture shows through. layers: an inpainted background and the warped
source show through (ours)."""

FeatureAlignment = Literal["published", "exact"]
"""Place that flow is read at for features of a smaller scale: the cell's middle, as published, which is up to 7.5 px off at 1/16, or the
pixel on which the feature is centred (ours)."""

Regressor = Literal["unet_v2", "unet"]
"""Networks of system A's published code that regress flow: unet_v2 is the later one, of residual blocks, with fewer parameters; unet the
one that the released DeepFashion models have (CVPR 2019, §3.2)."""

PyramidWeights = Literal["fine_first", "coarse_first"]
"""Weights of the scales in the multi-scale flow loss: the published code's last ones, the finest heaviest, or those it had when the paper
was published, the coarsest heaviest."""

PixelWarpInputs = Literal["scaled", "published"]
"""Visibility and flow as the pixel-warping net sees them: scaled about 0 (ours), or as they are, labels 0, 1, 2 and px."""

FlowSource = Literal["projected", "regressed", "learned", "combined"]
"""Origin of flow and visibility: projected from fitted bodies, regressed from poses (system A), learned from pictures (B), or that of a
dressed body combined with the learned one (ours)."""

AdversarialKind = Literal["bce", "lsgan"]
"""Form of the adversarial loss: binary cross-entropy, or least squares (Mao et al., ICCV 2017)."""

WithoutVgg = Literal["auto", "efficientnet", "gradients"]
"""Loss of painted pictures where no VGG-19 is named: on differences of neighbouring pixels; efficientnet adds the perceptual one on
EfficientNet-Lite0's features (ours); auto is what the model was begun with."""

PixelWeighting = Literal["mask", "parts"]
"""Weights of PG²'s L1: every pixel of the body alike, as published, or every body part alike (ours)."""

PATCH_DISCRIMINATOR_PX = 24
"""Least height and width in px of pictures of which system A's discriminator has a patch to judge."""

Precision = Literal["auto", "fp32", "bf16"]
"""Arithmetic of a training; auto is bf16 on hardware that multiplies it natively, else fp32."""
