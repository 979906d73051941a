"""The motion of body parts beyond that of their own two ends, learned from the coordinates of both poses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.geometry.joints import PARTS as BODY_LABELS
from ptx.models.part_affine import PartFlows
from ptx.models.pose_maps import HEAD, KEYPOINT_CHANNELS, RIGID_PARTS, TRUNK, keypoint_box, valid_keypoints

MAPS = 1 + len(RIGID_PARTS)
"""Maps of `PartFlows`: the whole person's, and one a body part."""

MAP_NUMBERS = 7
"""Outputs for each map: 2 × 2 of a linear map, 2 of a shift, 1 that brings the part nearer."""

STEP = 1 / 12
"""Distance that one unit of the output moves or nears a part, as a fraction of the person's size in the picture."""

COORDINATE_RANGE = 4
"""Width of the coordinates that the network sees: from -2 to 2 over the longer side of the person's box."""


def _body_label(names: tuple[str, ...]) -> int:
    """Number in `ptx.geometry.joints.PARTS` of the body part that keypoints belong to."""
    if names is TRUNK:
        return BODY_LABELS.index("torso")
    if names is HEAD:
        return BODY_LABELS.index("head")
    side = names[0].split("_")[0]
    limb = "leg" if "hip" in names[0] or "knee" in names[0] else "arm"
    return BODY_LABELS.index(f"{side}_{limb}")


PART_LABELS = (BODY_LABELS.index("torso"), *(_body_label(part.keypoints) for part in RIGID_PARTS))
"""Label of the body part (`ptx.geometry.joints.PARTS`) that each map of `PartFlows` belongs to."""


class PartMotion(nn.Module):
    """Corrects the flows of all parts, and how near each is to the viewer.

    Which leg is in front of the other, and how a trunk turns, follow from the whole pose; an image network would have to carry that
    over half a picture, a few linear layers see all of it at once.
    """

    def __init__(self, hidden: int = 256) -> None:
        super().__init__()
        first = nn.Linear(2 * 3 * KEYPOINT_CHANNELS, hidden)
        second = nn.Linear(hidden, hidden)
        last = nn.Linear(hidden, MAP_NUMBERS * MAPS)
        self.layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)
        nn.init.normal_(last.weight, std=1e-3)
        nn.init.zeros_(last.bias)

    def forward(self, source: Tensor, target: Tensor, parts: PartFlows, pixels: Tensor) -> PartFlows:
        """Flows and distances of the parts, corrected.

        source, target: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN coordinates: missing).
        pixels: (H, W, 2) px, the centres of the cells of `parts`.
        """
        source_input, _, source_size = _normalise(source)
        target_input, middle, size = _normalise(target)
        out = self.layers(torch.cat([source_input, target_input], dim=1)).float().unflatten(1, (MAPS, MAP_NUMBERS))
        linear = out[..., :4].unflatten(2, (2, 2))  # (B, P, 2, 2)
        shift = out[..., 4:6]  # (B, P, 2)
        nearer = out[..., 6]  # (B, P)
        xy = (pixels - middle[:, None, None]) / size[:, None, None, None] * COORDINATE_RANGE  # (B, H, W, 2)
        moved = torch.einsum("bpij,bhwj->bpihw", linear, xy) + shift[..., None, None]
        return PartFlows(
            parts.flows + (STEP * source_size)[:, None, None, None, None] * moved,
            parts.distance - ((STEP * size)[:, None] * nearer)[..., None, None],
        )


def _normalise(keypoints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The network's input of a pose (B, 54), coordinates from -2 to 2 and which are valid; middle (B, 2) and size (B,) in px."""
    valid, xy = valid_keypoints(keypoints)
    low, high = keypoint_box(xy, valid)
    middle = (high + low) / 2
    size = (high - low).amax(-1).clamp(min=1)
    scaled = torch.where(valid[..., None], (xy - middle[:, None]) / size[:, None, None] * COORDINATE_RANGE, 0)
    return torch.cat([scaled.flatten(1), valid.to(xy.dtype)], dim=1), middle, size
