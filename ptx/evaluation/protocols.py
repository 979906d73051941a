"""The rules of a comparison. This field uses one name for many, so each has its own, and every table says which."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ptx.models.pixels import to_tensor, to_uint8
from ptx.models.ssim import FIELD, LARGE, NARROW, PAINTED_RANGE, WANG, SsimRule
from ptx.pipeline.errors import PtxError


@dataclass(frozen=True)
class Protocol:
    """What becomes of a picture before it is scored, and how it is scored."""

    name: str
    crop: tuple[int, int, int, int] | None = None
    """x0, y0, x1, y1 of the working picture that are kept; None is all of it."""
    size: tuple[int, int] | None = None
    """Height and width after the crop; None leaves them."""
    square: bool = False
    """Put into the middle of a white square of the longer side."""
    antialias: bool = True
    """Filter before making pictures smaller."""
    file: Literal["png", "jpeg"] = "png"
    """What painted pictures go through; png only rounds to 8 bits."""
    ssim: SsimRule = FIELD
    """Which structural similarity."""
    lpips: str = "0.1, AlexNet"
    """Version of the learned distance."""
    reference: Literal["train", "test"] = "train"
    """Split whose photographs FID compares with."""

    def prepare(self, x: Tensor, *, painted: bool) -> Tensor:
        """Pictures (B, 3, H, W) in -1..1 as they are scored; only painted ones go through a file."""
        if self.crop is not None:
            x0, y0, x1, y1 = self.crop
            x = x[..., y0:y1, x0:x1]
        if self.size is not None:
            x = F.interpolate(x, size=self.size, mode="bilinear", align_corners=False, antialias=self.antialias)
        if self.square:
            x = _in_square(x, 1.0)
        return through_jpeg(x) if painted and self.file == "jpeg" else x

    def prepare_mask(self, body: Tensor) -> Tensor:
        """A mask (B, 1, H, W) cut and resized as pictures are."""
        if self.crop is not None:
            x0, y0, x1, y1 = self.crop
            body = body[..., y0:y1, x0:x1]
        if self.size is not None:
            body = F.interpolate(body.float(), size=self.size, mode="nearest") > 0.5
        return _in_square(body.float(), 0.0) > 0.5 if self.square else body

    def words(self) -> str:
        """The rules in a line."""
        cut = "whole pictures" if self.crop is None else f"crop {self.crop}"
        size = "working size" if self.size is None else f"{self.size[0]}×{self.size[1]}, antialias {self.antialias}"
        size += ", in a white square" if self.square else ""
        file = {"png": "8 bits", "jpeg": "JPEG of quality 95"}[self.file]
        networks = f"LPIPS {self.lpips}; FID against the {self.reference} photographs"
        return f"{cut}, {size}, {file}; SSIM {self.ssim.description}; {networks}; masks around the target pose"


PROTOCOLS = {
    p.name: p
    for p in (
        Protocol("ours"),
        Protocol("ours-jpeg", file="jpeg"),
        Protocol("wang2004", ssim=WANG),
        Protocol("intrinsic2019", ssim=FIELD),
        Protocol("patn2019", square=True, ssim=FIELD),
        Protocol("gfla2020", ssim=LARGE),
        Protocol("pidm2023", ssim=NARROW),
        Protocol("cfld2024", ssim=PAINTED_RANGE),
    )
}
"""By name; those with a year are the rules that published code scores by (its SSIM; crops are the data set's)."""


def protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        PtxError: there is none.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise PtxError(f"no protocol '{name}'; there are {', '.join(PROTOCOLS)}") from None


def _in_square(x: Tensor, fill: float) -> Tensor:
    """(B, C, H, W) in the middle of (B, C, S, S), S the longer side."""
    height, width = x.shape[-2:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(x, (left, side - width - left, top, side - height - top), value=fill)


def through_jpeg(x: Tensor, quality: int = 95) -> Tensor:
    """Pictures (B, 3, H, W) in -1..1 written and read as JPEG."""
    out = []
    for picture in to_uint8(x):
        memory = io.BytesIO()
        Image.fromarray(picture).save(memory, "JPEG", quality=quality)
        out.append(np.asarray(Image.open(memory).convert("RGB")))
    return to_tensor(np.stack(out)).to(x)
