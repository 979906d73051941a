"""Protocols: the rules by which pictures are prepared and scored.

The field uses one name for many rules, so each set of rules has a name of its own here, and every table says which was used.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ptx.models.pixels import to_tensor, to_uint8
from ptx.models.ssim import FIELD, LARGE, NARROW, PAINTED_RANGE, WANG, SsimRule
from ptx.pipeline.errors import PtxError

Split = Literal["train", "test"]
"""Part of a data set: its persons are in no other."""

WHITE = 1.0
"""Value of a white pixel."""

JPEG_QUALITY = 95
"""Quality of JPEG files, of 100."""


@dataclass(frozen=True)
class EvaluationProtocol:
    """Rules of scoring: how pictures are prepared before they are scored, and which metrics score them."""

    name: str
    crop: tuple[int, int, int, int] | None = None
    """x0, y0, x1, y1 in px of the part of the working picture that is kept; None keeps all."""
    size: tuple[int, int] | None = None
    """Height, width in px to which the crop is resized; None leaves it as it is."""
    square: bool = False
    """Pad to a square of the longer side, with white."""
    antialias: bool = True
    """Low-pass filter pictures before they are made smaller."""
    file: Literal["png", "jpeg"] = "png"
    """File format that painted pictures are written in and read from; png only rounds to 8 bits."""
    ssim: SsimRule = FIELD
    """The structural similarity."""
    lpips: str = "0.1, AlexNet"
    """Version of the learned distance."""
    reference: Split = "train"
    """Split whose photographs are FID's reference."""

    def prepare(self, x: Tensor, *, painted: bool) -> Tensor:
        """Crop, resize and pad pictures (B, 3, H, W) in -1..1; only painted ones go through a file."""
        if self.crop is not None:
            x0, y0, x1, y1 = self.crop
            x = x[..., y0:y1, x0:x1]
        if self.size is not None:
            x = F.interpolate(x, size=self.size, mode="bilinear", align_corners=False, antialias=self.antialias)
        if self.square:
            x = _pad_to_square(x, WHITE)
        return through_jpeg(x) if painted and self.file == "jpeg" else x

    def prepare_mask(self, mask: Tensor) -> Tensor:
        """Crop, resize and pad a mask (B, 1, H, W) as pictures are."""
        if self.crop is not None:
            x0, y0, x1, y1 = self.crop
            mask = mask[..., y0:y1, x0:x1]
        if self.size is not None:
            mask = F.interpolate(mask.float(), size=self.size, mode="nearest") > 0.5
        return _pad_to_square(mask.float(), 0.0) > 0.5 if self.square else mask

    @property
    def description(self) -> str:
        """The rules in one line."""
        crop = "whole pictures" if self.crop is None else f"crop {self.crop}"
        size = "working size" if self.size is None else f"{self.size[0]}×{self.size[1]}, antialias {self.antialias}"
        size += ", in a white square" if self.square else ""
        file = {"png": "8 bits", "jpeg": f"JPEG of quality {JPEG_QUALITY}"}[self.file]
        networks = f"LPIPS {self.lpips}; FID against the {self.reference} photographs"
        return f"{crop}, {size}, {file}; SSIM {self.ssim.description}; {networks}; masks around the target pose"


PROTOCOLS = {
    p.name: p
    for p in (
        EvaluationProtocol("ours"),
        EvaluationProtocol("ours-jpeg", file="jpeg"),
        EvaluationProtocol("wang2004", ssim=WANG),
        EvaluationProtocol("intrinsic2019", ssim=FIELD),
        EvaluationProtocol("patn2019", square=True, ssim=FIELD),
        EvaluationProtocol("gfla2020", ssim=LARGE),
        EvaluationProtocol("pidm2023", ssim=NARROW),
        EvaluationProtocol("cfld2024", ssim=PAINTED_RANGE),
    )
}
"""Protocols by name. Those with a year have the SSIM of the published code; crops are the data set's."""


def find_protocol(name: str) -> EvaluationProtocol:
    """Return the protocol of a name.

    Raises:
        PtxError: there is none of this name.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise PtxError(f"no protocol '{name}'; there are {', '.join(PROTOCOLS)}") from None


def through_jpeg(x: Tensor, quality: int = JPEG_QUALITY) -> Tensor:
    """Write pictures (B, 3, H, W) in -1..1 as JPEG, and read them again."""
    out = []
    for pixels in to_uint8(x):
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "JPEG", quality=quality)
        out.append(np.asarray(Image.open(memory).convert("RGB")))
    # Laid out as decoders do, colours innermost: so kernels sum in the order in which they did for all earlier scores.
    return to_tensor(np.stack(out)).to(x).contiguous(memory_format=torch.channels_last)


def _pad_to_square(x: Tensor, fill: float) -> Tensor:
    """(B, C, H, W) → (B, C, S, S), S the longer side; x is in the middle."""
    height, width = x.shape[-2:]
    side = max(height, width)
    top = (side - height) // 2
    left = (side - width) // 2
    return F.pad(x, (left, side - width - left, top, side - height - top), value=fill)
