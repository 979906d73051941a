"""Names of the published variants, apart from the networks so that reading settings does not import torch."""

from typing import Literal

Fusion = Literal["residual", "soft_gate", "hard_gate", "no_visibility", "residual_no_visibility", "no_flow", "single"]
"""How appearance meets the target pose: the paper's residual fusion, its variants, and the two baselines."""

Background = Literal["paint", "keep", "layers"]
"""Whether every pixel is painted, as published, or the source shows through, as it is or in layers: moved, and without the person."""
