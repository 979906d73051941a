"""The rules of a comparison. This field uses one name for many, so each has its own, and every table says which."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ptx.models.ssim import FIELD, WANG, SsimRule
from ptx.pipeline.errors import PtxError
from ptx.training.samples import to_pictures


@dataclass(frozen=True)
class Protocol:
    """What becomes of a picture before it is scored, and how it is scored."""

    name: str
    crop: tuple[int, int, int, int] | None = None
    """x0, y0, x1, y1 of the working picture that are kept; None is all of it."""
    size: tuple[int, int] | None = None
    """Height and width after the crop; None leaves them."""
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
        return through_jpeg(x) if painted and self.file == "jpeg" else x

    def prepare_mask(self, body: Tensor) -> Tensor:
        """A mask (B, 1, H, W) cut and resized as pictures are."""
        if self.crop is not None:
            x0, y0, x1, y1 = self.crop
            body = body[..., y0:y1, x0:x1]
        return body if self.size is None else F.interpolate(body.float(), size=self.size, mode="nearest") > 0.5

    def words(self) -> str:
        """The rules in a line."""
        cut = "whole pictures" if self.crop is None else f"crop {self.crop}"
        size = "working size" if self.size is None else f"{self.size[0]}×{self.size[1]}, antialias {self.antialias}"
        file = {"png": "8 bits", "jpeg": "JPEG of quality 95"}[self.file]
        return f"{cut}, {size}, {file}; SSIM {self.ssim.words}; LPIPS {self.lpips}; FID against the {self.reference} photographs"


PROTOCOLS = {p.name: p for p in (Protocol("ptx"), Protocol("ptx-jpeg", file="jpeg"), Protocol("ptx-wang", ssim=WANG))}


def protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        PtxError: there is none.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise PtxError(f"no protocol '{name}'; there are {', '.join(PROTOCOLS)}") from None


def through_jpeg(x: Tensor, quality: int = 95) -> Tensor:
    """Pictures (B, 3, H, W) in -1..1 written and read as JPEG."""
    out = []
    for picture in to_pictures(x):
        memory = io.BytesIO()
        Image.fromarray(picture).save(memory, "JPEG", quality=quality)
        out.append(np.asarray(Image.open(memory).convert("RGB")))
    return torch.from_numpy(np.stack(out)).permute(0, 3, 1, 2).to(x) / 127.5 - 1
