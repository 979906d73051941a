"""Protocols: the rules by which pictures are prepared and scored.

The field uses one name for many rules, so each set of rules has a name of its own here, and every table says which was used. Those
with a year are the rules of published code, read in these files:

- intrinsic2019, ly015/intrinsic_flow: models/modules.py:560-589 (8 bits, SSIM), scripts/test_pose_transfer_model.py:76-80 (files),
  scripts/inception_score.py:117-124, scripts/fashion_inception_score.py:61-96, scripts/fashion_attribute_score.py:65-103 (read them).
- patn2019, tengteng95/Pose-Transfer: tool/getMetrics_fashion.py:23-80 (SSIM, borders), tool/getMetrics_market.py:21-53, util/util.py:13-18
  and 105-107 (8 bits, files), models/PATN.py:254-271 (targets lie in the same files).
- gfla2020, RenYurui/Global-Flow-Local-Attention: script/metrics.py:335-344 (two SSIMs), 445-500 (LPIPS), script/inception.py:121-128,
  util/util.py:14-21 and 223, model/base_model.py:224 (files), data/base_dataset.py:62-63 (size).
- pidm2023, ankanbhunia/PIDM: utils/metrics.py:342-351 (two SSIMs), 110 and 503-504 (width for networks), 454 (LPIPS),
  utils/inception.py:121-128, utils/gen.py:149-155 (8 bits, files), data/prepare_data.py:26 (size).
- cfld2024, YanzuoLu/CFLD: pose_transfer_test.py:119-124 (size, 8 bits), models/metrics.py:58-95 (all scores),
  datasets/deepfashion.py:184-187, 232-258 (targets, FID's reference).

What is left out of them: GFLA and PIDM forget the last photographs that do not fill a batch of 64 (FID, LPIPS); system A's code takes
the mean of means of batches, and forgets nothing. The pictures that the field scores are cut and resized from DeepFashion's
photographs; here they are cut from the working pictures, which `ptx run ingest` resized once.
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

from ptx.models.pixels import quantise, to_tensor, to_uint8
from ptx.models.ssim import FIELD, LARGE, NARROW, PAINTED_RANGE, WANG, SsimRule
from ptx.pipeline.errors import PtxError

Split = Literal["train", "test"]
"""Part of a data set: its persons are in no other."""

CPU = torch.device("cpu")
"""Device on which pictures are scored by default."""

WHITE = 1.0
"""Value of a white pixel."""

JPEG_QUALITY = 95
"""Quality of JPEG files, of 100: OpenCV's own choice, which system A's code takes."""

PILLOW_QUALITY = 75
"""Quality of JPEG files, of 100: Pillow's own choice, and imageio's, which PATN's and GFLA's code take."""

FRAME_HEIGHT = 256
"""Height in px of DeepFashion's pictures in the field."""

PORTRAIT_WIDTH = 176
"""Width in px of what DeepFashion's photographs show at this height; the field's squares of 256 have a border around it."""

IMAGENET_SCALE = (0.229 / 0.5, 0.224 / 0.5, 0.225 / 0.5)
"""Factors of red, green and blue by which torchvision brings pictures that are normalised as ImageNet's to -1..1."""

IMAGENET_SHIFT = ((0.485 - 0.5) / 0.5, (0.456 - 0.5) / 0.5, (0.406 - 0.5) / 0.5)
"""What it adds to them."""

ROUNDING = 1e-4
"""Levels below a whole number that still are it: 32 bits hold the values of pixels in -1..1 that inexactly."""


@dataclass(frozen=True)
class Frame:
    """The part of DeepFashion's pictures that is scored: the middle 176:256 of them, brought to a size.

    Pictures that are narrower, such as Market-1501's 64:128, are scored whole at their size, as all published codes do. Pictures
    lower than 256 px are never enlarged: the frame shrinks with them.
    """

    width: int = PORTRAIT_WIDTH
    """Width in px to which the portrait is resized, for pictures of 256 px height."""
    filter: Literal["bilinear", "bicubic"] = "bilinear"
    """Filter of resizing; both low-pass pictures that become smaller."""
    border: int = 0
    """White px left and right, added afterwards, for pictures of 256 px height."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width in px at which pictures of a size are scored."""
        if not _is_portrait(height, width):
            return height, width
        scale = min(1.0, height / FRAME_HEIGHT)
        return round(FRAME_HEIGHT * scale), round(self.width * scale) + 2 * round(self.border * scale)

    def cut(self, x: Tensor, *, nearest: bool = False) -> Tensor:
        """Cut out and resize pictures or masks (B, C, H, W), without the border; bicubic values may be a little beyond -1..1."""
        height, width = x.shape[-2:]
        if not _is_portrait(height, width):
            return x
        portrait = min(width, round(height * PORTRAIT_WIDTH / FRAME_HEIGHT))
        left = (width - portrait) // 2
        x = x[..., left : left + portrait]
        scale = min(1.0, height / FRAME_HEIGHT)
        size = (round(FRAME_HEIGHT * scale), round(self.width * scale))
        if (height, portrait) == size:
            return x
        if nearest:
            return F.interpolate(x.float(), size=size, mode="nearest")
        return F.interpolate(x, size=size, mode=self.filter, align_corners=False, antialias=True)

    def surround(self, x: Tensor, fill: float, original: tuple[int, int]) -> Tensor:
        """Add the border to what was cut out of pictures of an original height and width in px."""
        missing = self.size(*original)[1] - x.shape[-1]
        return F.pad(x, (missing // 2, missing - missing // 2), value=fill) if missing else x


@dataclass(frozen=True)
class EvaluationProtocol:
    """Rules of scoring: how pictures are prepared before they are scored, and which metrics score them.

    A painted picture is cut to the frame, brought to 8 bits, written to a file and read; then SSIM, PSNR and L1 are taken.
    Networks (LPIPS, Inception, classifiers of clothes) see what `for_networks` makes of it.
    """

    name: str
    frame: Frame | None = None
    """The part of the working picture that is scored; None is all of it."""
    truncate: bool = False
    """Cut the values of painted pixels off to whole numbers, as `astype(uint8)` does, instead of rounding them."""
    jpeg: int | None = None
    """Quality of the JPEG files, of 100, that painted pictures are written in and read from; None only brings them to 8 bits."""
    jpeg_targets: bool = False
    """Write the targets into such files as well."""
    network_jpeg: int | None = None
    """Quality of JPEG files, of 100, that only networks see, while SSIM is taken before."""
    network_width: int | None = None
    """Width in px, for pictures of 256 px height, to which pictures are resized once more for networks, without a low-pass filter."""
    ssim: SsimRule = FIELD
    """The structural similarity."""
    ssim_256: SsimRule | None = None
    """The second similarity of codes that print two, under this name."""
    lpips: str = "0.1, AlexNet"
    """Version of the learned distance."""
    reference: Split = "train"
    """Split whose photographs are FID's reference."""
    shifted_inception: bool = False
    """Show Inception 0..1 as if it were normalised as ImageNet's pictures are: what GFLA's code does, and all that took it over.
    These print no inception score, so there is none."""

    def prepare(self, x: Tensor, *, painted: bool) -> Tensor:
        """Bring pictures (B, 3, H, W) in -1..1 to the frame, to 8 bits and through a file; the target's stay as read without a frame."""
        original = (x.shape[-2], x.shape[-1])
        if self.frame is not None:
            x = quantise(self.frame.cut(x)) if not painted else self.frame.cut(x)
        if painted:
            x = truncate(x) if self.truncate else quantise(x)
        if self.jpeg is not None and (painted or self.jpeg_targets):
            x = through_jpeg(x, self.jpeg)
        return x if self.frame is None else self.frame.surround(x, WHITE, original)

    def prepare_mask(self, mask: Tensor) -> Tensor:
        """Bring a mask (B, 1, H, W) to the frame; the border is outside."""
        if self.frame is None:
            return mask
        original = (mask.shape[-2], mask.shape[-1])
        return self.frame.surround(self.frame.cut(mask, nearest=True).float(), 0.0, original) > 0.5

    def for_networks(self, x: Tensor, *, painted: bool) -> Tensor:
        """Make of prepared pictures (B, 3, H, W) in -1..1 what networks see."""
        if painted and self.network_jpeg is not None:
            x = through_jpeg(x, self.network_jpeg)
        height, width = x.shape[-2:]
        if self.network_width is None or not _is_portrait(height, width):
            return x
        size = (height, round(self.network_width * height / FRAME_HEIGHT))
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)

    def for_inception(self, x: Tensor) -> Tensor:
        """Make of what networks see (B, 3, H, W) what Inception sees."""
        if not self.shifted_inception:
            return x
        scale, shift = (x.new_tensor(values)[:, None, None] for values in (IMAGENET_SCALE, IMAGENET_SHIFT))
        return (x + 1) / 2 * scale + shift

    def check_size(self, height: int, width: int) -> None:
        """Refuse working pictures of a height and width in px that are too small for the windows.

        Raises:
            PtxError: a window is larger than the frame.
        """
        framed = (height, width) if self.frame is None else self.frame.size(height, width)
        rules = [rule for rule in (self.ssim, self.ssim_256, WANG) if rule is not None]
        window = max(rule.window for rule in rules)
        if window > min(framed):
            raise PtxError(
                f"--protocol {self.name}: its SSIM has windows of {window}×{window} px, and it scores pictures of "
                f"{framed[0]}×{framed[1]} here: evaluate at a larger size, or by another protocol"
            )

    @property
    def description(self) -> str:
        """The rules in one line."""
        ssim = f"SSIM {self.ssim.description}"
        if self.ssim_256 is not None:
            ssim += f"; SSIM_256 {self.ssim_256.description}"
        fid = f"FID against the {self.reference} photographs"
        if self.shifted_inception:
            fid += ", shown to Inception as 0..1"
        return f"{self._frame}, {self._file}; {ssim}; LPIPS {self.lpips}; {fid}; masks around the target pose"

    @property
    def _frame(self) -> str:
        if self.frame is None:
            return "whole pictures, working size"
        words = f"the middle {PORTRAIT_WIDTH}:{FRAME_HEIGHT} of pictures"
        if self.frame.width != PORTRAIT_WIDTH:
            words += f" stretched to {self.frame.width}×{FRAME_HEIGHT}"
        if self.network_width is not None:
            words += f" (for networks {self.network_width}×{FRAME_HEIGHT})"
        if self.frame.border:
            words += f" between white borders of {self.frame.border}"
        return words

    @property
    def _file(self) -> str:
        words = "8 bits" if self.jpeg is None else f"JPEG of quality {self.jpeg}"
        if self.jpeg_targets:
            words += ", targets too"
        if self.truncate:
            words += ", truncated"
        if self.network_jpeg is not None:
            words += f", for networks JPEG of quality {self.network_jpeg}"
        return words


PROTOCOLS = {
    p.name: p
    for p in (
        EvaluationProtocol("ours"),
        EvaluationProtocol("ours-jpeg", jpeg=JPEG_QUALITY),
        EvaluationProtocol("wang2004", ssim=WANG),
        EvaluationProtocol("intrinsic2019", truncate=True, network_jpeg=JPEG_QUALITY),
        EvaluationProtocol(
            "patn2019",
            frame=Frame(border=40),
            truncate=True,
            jpeg=PILLOW_QUALITY,
            jpeg_targets=True,
            ssim=PAINTED_RANGE,
        ),
        EvaluationProtocol(
            "gfla2020",
            frame=Frame(width=256),
            truncate=True,
            jpeg=PILLOW_QUALITY,
            ssim=LARGE,
            ssim_256=PAINTED_RANGE,
            shifted_inception=True,
        ),
        EvaluationProtocol(
            "pidm2023",
            frame=Frame(width=256, filter="bicubic"),
            truncate=True,
            network_width=176,
            ssim=LARGE,
            ssim_256=NARROW,
            shifted_inception=True,
        ),
        EvaluationProtocol(
            "cfld2024",
            frame=Frame(filter="bicubic"),
            truncate=True,
            ssim=LARGE,
            ssim_256=PAINTED_RANGE,
            shifted_inception=True,
        ),
    )
}
"""Protocols by name."""


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


def truncate(x: Tensor) -> Tensor:
    """Cut -1..1 off to the next lower of the 256 values that 8-bit pixels can have, any shape."""
    levels = ((x.clamp(-1, 1) + 1) * 127.5 + ROUNDING).floor()
    return levels / 127.5 - 1


def _is_portrait(height: int, width: int) -> bool:
    """True of pictures that are at least as wide for their height as DeepFashion's portraits."""
    return width * FRAME_HEIGHT >= PORTRAIT_WIDTH * height
