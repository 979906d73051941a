"""Networks that come with ptx and are part of what others become: their files. Without torch."""

from __future__ import annotations

from pathlib import Path

NETWORKS = Path(__file__).parents[1] / "assets" / "networks"
"""Folder of the files; its LICENSE says where they are from."""

EFFICIENTNET_LITE0 = NETWORKS / "efficientnet_lite0.safetensors"
"""EfficientNet-Lite0's features, by which pictures are compared (`ptx.models.efficientnet_lite`)."""

EFFICIENTNET_LITE0_SHA256 = "c91a6e85391131b09ac7e32996b9bf905b74506bd86fdd1e12280423481bd089"
"""Hex SHA-256 of that file, as `tools/build_perceptual.py` makes it."""
