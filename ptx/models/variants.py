"""Names that choose between variants of networks and losses. Without torch: reading settings does not load it."""

from typing import Literal

Fusion = Literal["residual", "soft_gate", "hard_gate", "no_visibility", "residual_no_visibility", "no_flow", "single"]
"""Fusion of appearance features with the target pose: the paper's residual fusion, its variants, and two baselines: "no_flow" warps
nothing, "single" has one encoder for both (CVPR 2019, §3.4 and the ablation)."""

Background = Literal["paint", "keep", "layers"]
"""paint: every pixel is painted, as published. keep: the source picture shows through. layers: an inpainted background and the warped
source show through (ours)."""

FlowSource = Literal["projected", "regressed", "learned"]
"""Origin of flow and visibility: projected from fitted bodies, regressed from poses (system A), or learned from pictures (B)."""

AdversarialKind = Literal["bce", "lsgan"]
"""Form of the adversarial loss: binary cross-entropy, or least squares (Mao et al., ICCV 2017)."""

PixelWeighting = Literal["mask", "parts"]
"""Weights of PG²'s L1: every pixel of the body alike, as published, or every body part alike (ours)."""

Precision = Literal["auto", "fp32", "bf16"]
"""Arithmetic of a training; auto is bf16 on hardware that multiplies it natively, else fp32."""
