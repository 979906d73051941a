"""The mender: moves the drawn surface by a few px, redraws its outline, and paints what no photograph of the person shows.

A U-Net (Ronneberger et al., MICCAI 2015) of pictures of `SIZE`, on pixels put together two by two (Shi et al., CVPR 2016). It never
paints a whole picture: what it computes is laid over the drawn person, and changes nothing where all its weights are 0.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.labels import GARMENTS
from ptx.models.parser_net import Convolved, WholePicture, doubled

INPUTS = 11
"""Channels of the input: colour, alpha, the share of own pixels, place on the body in rest, normal."""

WIDTHS = (40, 64, 96, 128, 160)
"""Channels at a half of the picture's size to a thirty-second."""

REACH = 8.0
"""Px of `SIZE` by which the surface is moved at most."""

FINE = 4
"""Channels of the picture's size: red, green, blue, alpha."""


class Fields(NamedTuple):
    """What is laid over a drawn person of (H, W) px."""

    flow: Tensor
    """(B, 2, H / 4, W / 4) x, y in px of the picture: from where colour and alpha are fetched, beside each place; at most `REACH`."""
    paint: Tensor
    """(B, 3, H, W) RGB, -2..2, added to colours where they are not the photograph's own."""
    alpha: Tensor
    """(B, 1, H, W) -1..1, added to alpha."""
    layout: Tensor
    """(B, 12, H / 2, W / 2) scores of the garment labels of the target: to train by; hems, sleeves, hair and shoes are told apart."""


class MenderNet(nn.Module):
    """Fields from what is drawn."""

    def __init__(self) -> None:
        super().__init__()
        widths = WIDTHS
        self.enter = Convolved(4 * INPUTS, widths[0], 3)
        self.encode = nn.ModuleList(Convolved(width, width, 3) for width in widths)
        self.down = nn.ModuleList(Convolved(fine, coarse, 1) for fine, coarse in pairwise(widths))
        self.context = nn.Sequential(
            Convolved(widths[-1], widths[-1], 3), WholePicture(widths[-1]), Convolved(widths[-1], widths[-1], 3)
        )
        self.up = nn.ModuleList(Convolved(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.decode = nn.ModuleList(
            nn.Sequential(Convolved(width, width, 3), Convolved(width, width, 3)) for width in widths[:-1]
        )
        self.flow = nn.Conv2d(widths[1], 2, 3, padding=1)
        self.fine = nn.Conv2d(widths[0], 4 * FINE, 3, padding=1)
        self.layout = nn.Conv2d(widths[0], len(GARMENTS), 1)
        for parameter in (*self.flow.parameters(), *self.fine.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, shown: Tensor) -> Fields:
        """Compute the fields of inputs (B, 11, H, W), H and W multiples of 32, colours in -1..1."""
        x = self.enter(F.pixel_unshuffle(shown, 2))  # (B, 40, H / 2, W / 2)
        passed = []
        for level, encode in enumerate(self.encode):
            x = x + encode(x)
            passed.append(x)
            if level < len(self.down):
                x = F.avg_pool2d(self.down[level](x), 2)
        x = self.context(x)  # (B, 160, H / 32, W / 32)
        flow = x
        for level in reversed(range(len(self.decode))):
            x = self.decode[level](passed[level] + doubled(self.up[level](x)))
            if level == 1:
                flow = REACH * torch.tanh(self.flow(x))
        fine = torch.tanh(F.pixel_shuffle(self.fine(x), 2))  # (B, 4, H, W)
        return Fields(flow, 2 * fine[:, :3], fine[:, 3:], self.layout(x))


class Mended(NamedTuple):
    """A mended person."""

    colour: Tensor
    """(B, 3, H, W) RGB, -1..1."""
    alpha: Tensor
    """(B, 1, H, W) 0..1."""

    def over(self, backdrop: Tensor) -> Tensor:
        """Lay the person over a backdrop (B, 3, H, W)."""
        return self.alpha * self.colour + (1 - self.alpha) * backdrop


def mend(colour: Tensor, alpha: Tensor, own: Tensor, fields: Fields) -> Mended:
    """Lay fields over a drawn person.

    Args:
        colour: (B, 3, H, W) RGB, -1..1, continued beyond the person's outline.
        alpha: (B, 1, H, W) 0..1.
        own: (B, 1, H, W) 0..1, share of the colour that is fetched from a photograph at the very place: there nothing is painted.
        fields: of the network.
    """
    flow = F.interpolate(fields.flow.float(), scale_factor=4.0, mode="bilinear", align_corners=False)
    moved = shifted(torch.cat([colour, alpha, own], 1), flow)
    painted = moved[:, :3] + (1 - moved[:, 4:]) * fields.paint.float()
    return Mended(painted, (moved[:, 3:4] + fields.alpha.float()).clamp(0, 1))


def shifted(x: Tensor, flow: Tensor) -> Tensor:
    """Fetch (B, C, H, W) from beside each place, by flow (B, 2, H, W) in px."""
    height, width = x.shape[-2:]
    rows = torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None] + flow[:, 1]
    columns = torch.arange(width, dtype=flow.dtype, device=flow.device) + flow[:, 0]
    grid = torch.stack([2 * columns / (width - 1) - 1, 2 * rows / (height - 1) - 1], -1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=True)
