"""What two poses say of how each body part moves, beyond its own two ends: learned, from coordinates alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.geometry.joints import PARTS as BODY_PARTS
from ptx.models.keypoints import there_and_places
from ptx.models.part_affine import HEAD, PARTS, TRUNK, PartFlows

GROUPS = (
    BODY_PARTS.index("torso"),
    *(
        BODY_PARTS.index(
            "torso" if names is TRUNK
            else "head" if names is HEAD
            else f"{names[0].split('_')[0]}_{'leg' if 'hip' in names[0] or 'knee' in names[0] else 'arm'}"
        )
        for names, *_ in PARTS
    ),
)  # fmt: skip
"""Label of the body part (`ptx.geometry.joints.PARTS`) that each of `PartFlows.flows` belongs to."""

STEP = 1 / 12
"""Of a person's size in the picture: how much one unit of the network's output moves or nears a part."""


class PartMotion(nn.Module):
    """Corrects the maps of all parts, and how near each is to the viewer.

    Which leg is before the other, and how a trunk turns, follow from the whole pose; an image network has to carry that over
    half a picture, a few linear layers see all of it at once.
    """

    def __init__(self, hidden: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * 18 * 3, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 7 * (len(PARTS) + 1)),
        )  # fmt: skip
        nn.init.normal_(self.layers[-1].weight, std=1e-3)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, source: Tensor, target: Tensor, parts: PartFlows, pixels: Tensor) -> PartFlows:
        """Parts' flows and distances, corrected.

        source, target: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN places: missing).
        pixels: (H, W, 2) places in px of the cells of `parts`.
        """
        (a, _, size), (b, middle, own) = _normalised(source), _normalised(target)
        said = self.layers(torch.cat([a, b], dim=1)).float().unflatten(1, (-1, 7))  # (B, P, 7)
        places = (pixels - middle[:, None, None]) / own[:, None, None, None] * 4  # (B, H, W, 2), about -2..2
        linear, move, nearer = said[..., :4].unflatten(2, (2, 2)), said[..., 4:6], said[..., 6]
        moved = torch.einsum("bpij,bhwj->bpihw", linear, places) + move[..., None, None]
        return PartFlows(
            parts.flows + (STEP * size)[:, None, None, None, None] * moved,
            parts.distance - ((STEP * own)[:, None] * nearer)[..., None, None],
        )


def _normalised(keypoints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a pose is to the network (B, 54): places from -2 to 2 and which are there; the middle (B, 2) and size (B,) in px."""
    there, xy = there_and_places(keypoints)
    high = torch.where(there[..., None], xy, -1e6).amax(1)
    low = torch.where(there[..., None], xy, 1e6).amin(1)
    middle, size = (high + low) / 2, (high - low).amax(-1).clamp(min=1)
    places = torch.where(there[..., None], (xy - middle[:, None]) / size[:, None, None] * 4, 0)
    return torch.cat([places.flatten(1), there.to(xy.dtype)], dim=1), middle, size
