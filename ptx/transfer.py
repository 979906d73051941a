"""Painting a person in another pose with trained models: `ptx transfer`, and `ptx.load(folder).transfer(...)`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ptx.datasets.images import BadImage, Box, Transform, apply_transform, crop_and_resize, read_image
from ptx.datasets.keypoint_files import NoKeypoints, mask_outside, read_pose
from ptx.models.blocks import build
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PixelWarp, warp_pixels
from ptx.models.poses import pose_map
from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import Checkpoint, read_checkpoint, restore
from ptx.training.samples import to_pictures

Image = NDArray[np.uint8]
Keypoints = NDArray[np.float32]

MOST_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded."""


@dataclass(frozen=True)
class Painting:
    """A result."""

    picture: Image
    """(H, W, 3) uint8: the person in the wanted pose."""
    warped: Image
    """(H, W, 3): the source's own pixels where the predicted flow brings them."""
    flow: NDArray[np.float32]
    """(H, W, 2) px, target to source."""
    visibility: NDArray[np.uint8]
    """(H, W) labels 0 visible, 1 hidden, 2 background."""


class Model:
    """The trained networks of one folder (`WORKSPACE/models`)."""

    def __init__(self, folder: Path) -> None:
        """Read `flow`, `generator` and, where it is there, `pixel-warp`.

        Raises:
            PtxError: a model is missing, damaged or of another architecture.
        """
        flow, generator = (read_checkpoint(folder / name / "model") for name in ("flow", "generator"))
        s, g = _settings(flow, "train_flow"), _settings(generator, "train_generator")
        self.size: tuple[int, int] = tuple(generator.meta["document"]["size"])
        self.radius: float = g["radius"]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.regressor = self._ready(build(FlowNet, s), flow, folder / "flow")
        painter = build(Generator, g)
        self.generator = self._ready(painter, generator, folder / "generator")
        self.mixer = None
        if (folder / "pixel-warp" / "model.json").exists():
            mixer = read_checkpoint(folder / "pixel-warp" / "model")
            p = _settings(mixer, "train_pixel_warp")
            self.mixer = self._ready(build(PixelWarp, p), mixer, folder / "pixel-warp")

    def _ready(self, net: Any, found: Checkpoint, path: Path) -> Any:
        restore(net, found.tensors, str(path))
        return net.to(self.device).eval().requires_grad_(False)

    def transfer(self, image: Image, keypoints: Keypoints, pose: Keypoints) -> Painting:
        """Paint a person in another pose.

        Args:
            image: (H, W, 3) uint8 RGB of the model's size.
            keypoints: (18, 3) of the person in it: x, y in px, confidence.
            pose: (18, 3) wanted, in px of the picture to be painted.

        Raises:
            PtxError: the picture or the keypoints have another size.
        """
        if image.shape != (*self.size, 3):
            raise PtxError(
                f"the picture is {image.shape[1]}×{image.shape[0]}, the model paints {self.size[1]}×{self.size[0]}"
            )
        for what, points in (("keypoints", keypoints), ("pose", pose)):
            if points.shape != (18, 3):
                raise PtxError(
                    f"{what}: {points.shape[0]} joints of {points.shape[-1]} numbers, the model knows 18 of 3"
                )
        source = torch.from_numpy(image).permute(2, 0, 1)[None].float().to(self.device) / 127.5 - 1
        seen, wanted = (torch.from_numpy(np.asarray(p, np.float32))[None].to(self.device) for p in (keypoints, pose))
        with torch.inference_mode():
            prediction = self.regressor(seen, wanted, *self.size)
            flow, visibility = prediction.flow, prediction.visibility
            painted = self.generator(source, pose_map(wanted, *self.size, self.radius), flow, visibility)
            if self.mixer is not None:
                painted = self.mixer(painted, source, flow, visibility)[0]
            warped = warp_pixels(source, flow, visibility)
        return Painting(
            to_pictures(painted)[0],
            to_pictures(warped)[0],
            flow[0].permute(1, 2, 0).cpu().numpy(),
            visibility[0, 0].cpu().numpy(),
        )


def load(folder: str | Path) -> Model:
    """The trained models of a folder: `WORKSPACE/models`."""
    return Model(Path(folder))


def _settings(found: Checkpoint, section: str) -> dict[str, Any]:
    try:
        return dict(found.meta["document"]["settings"][section])
    except (KeyError, TypeError):
        raise PtxError(f"this is no model of {section.replace('_', '-')}: its JSON names no such settings") from None


# --- files ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """A person at the model's size."""

    image: Image
    keypoints: Keypoints
    transform: Transform
    """From the original picture to the working one."""


def find_person(path: Path, size: tuple[int, int], detector: Any) -> Person:
    """Read a photograph, crop to the person, find their keypoints.

    Raises:
        PtxError: the file is no picture, or shows nobody; one line.
    """
    try:
        original = read_image(path, MOST_PIXELS)
        box: Box = detector.find_person(original)
        working, transform = crop_and_resize(original, box, size)
        return Person(working, detector.detect(working).keypoints, transform)
    except (BadImage, NoKeypoints, ValueError) as error:
        raise PtxError(f"{path}: {error}") from None


def read_target(path: Path, source: Person, size: tuple[int, int], detector: Any) -> Keypoints:
    """The wanted pose (18, 3) at the model's size, from a photograph or a JSON file in px of the source photograph.

    Raises:
        PtxError: the file holds no pose.
    """
    if path.suffix.lower() != ".json":
        return find_person(path, size, detector).keypoints
    try:
        points = read_pose(path)
    except NoKeypoints as error:
        raise PtxError(f"{path}: {error}") from None
    moved = points.copy()
    moved[:, :2] = apply_transform(source.transform, points[:, :2])
    return mask_outside(moved, size)
