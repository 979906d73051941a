"""Painting a person in another pose with trained models: `ptx transfer`, and `ptx.load(folder).transfer(image, pose)`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ptx.datasets.images import (
    Box,
    Transform,
    apply_transform,
    box_around,
    crop_and_resize,
    invert_transform,
    read_image,
)  # fmt: skip
from ptx.datasets.keypoint_files import read_pose
from ptx.geometry.keypoints import mask_outside
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.systems import System, read_system
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.samples import to_pictures

Image = NDArray[np.uint8]
Keypoints = NDArray[np.float32]
Flow = NDArray[np.float32]
Labels = NDArray[np.uint8]

MOST_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded."""

FEATHER = 0.06
"""Of the painted picture's shorter side: over how much its border fades into the photograph."""


class Detector(Protocol):
    """Finds a person (`ptx.datasets.mediapipe.MediapipePose`)."""

    def find_person(self, image: Image) -> Box:
        """Box of the person; BadSample where there is nobody."""

    def detect(self, image: Image) -> Any:
        """Something with `keypoints` (18, 3); BadSample where there is nobody."""


@dataclass(frozen=True)
class Person:
    """A person at the model's size."""

    image: Image
    keypoints: Keypoints
    original: Image = field(repr=False)
    transform: Transform
    """From the original picture to the working one."""
    keypoints3d: NDArray[np.float32] | None = None
    """(18, 4) metres and confidence, where the detector gives them."""


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
    person: Person
    """What it was made from."""
    pose: Keypoints
    """(18, 3) wanted, at the model's size."""
    garments: NDArray[np.uint8] | None = None
    """(H, W) labels (`ptx.labels`), where the system predicts what is worn."""

    @cached_property
    def pasted(self) -> Image:
        """The whole source photograph with the painted picture where the person was; its border fades in."""
        return paste(self.picture, self.person.original, self.person.transform)


class Model:
    """The trained networks of one folder (`WORKSPACE/models`)."""

    def __init__(self, folder: Path, detector: Detector | None = None, system: System = "flow") -> None:
        """Read the networks of a system.

        Args:
            folder: of the models.
            detector: finds persons in photographs; MediaPipe where none is given.
            system: flow (dense intrinsic appearance flow), pose-flow (pose flow learning) or view (novel 3D view synthesis).

        Raises:
            PtxError: a model is missing, damaged or of another architecture.
        """
        self.system = system
        self.painter, self.size, self.hashes = read_system(folder, system)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.painter.to(self.device)
        self._detector = detector

    @cached_property
    def detector(self) -> Detector:
        """What finds persons.

        Raises:
            PtxError: MediaPipe is not installed.
        """
        if self._detector is not None:
            return self._detector
        from ptx.datasets.mediapipe import MediapipePose

        return MediapipePose()

    def transfer(
        self, image: str | Path | Image, pose: str | Path | Keypoints, keypoints: Keypoints | None = None
    ) -> Painting:
        """Paint the person of a picture in another pose.

        Args:
            image: a photograph, or its pixels (H, W, 3) uint8 RGB of any size.
            pose: a photograph of someone in the wanted pose; or OpenPose's JSON file, or an array (18, 3) of x, y, confidence,
                in px of `image`.
            keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.

        Raises:
            PtxError: a file is no picture, shows nobody, or holds no pose of 18 or 25 joints; one line.
        """
        person = self.person(image, keypoints)
        return self.paint(person, self.pose(pose, person))

    def person(self, image: str | Path | Image, keypoints: Keypoints | None = None) -> Person:
        """Read a photograph, cut out the person, find their keypoints."""
        name = "the picture" if isinstance(image, np.ndarray) else str(image)
        try:
            original = image if isinstance(image, np.ndarray) else read_image(Path(image), MOST_PIXELS)
            if original.ndim != 3 or original.shape[-1] != 3 or original.dtype != np.uint8:
                raise PtxError(f"{name}: {original.shape} of {original.dtype} is no picture (H, W, 3) of uint8")
            if keypoints is not None:
                box = box_around(_checked(keypoints, "keypoints"), original.shape[:2])
            else:
                box = self.detector.find_person(original)
            working, transform = crop_and_resize(original, box, self.size)
            if keypoints is not None:
                return Person(working, self._moved(keypoints, transform), original, transform)
            found = self.detector.detect(working)
        except BadSample as error:
            raise PtxError(f"{name}: {error}") from None
        return Person(working, found.keypoints, original, transform, getattr(found, "keypoints3d", None))

    def people(self, image: Image) -> list[Person]:
        """Everyone in a picture (H, W, 3), each cut out on their own.

        Raises:
            PtxError: there is nobody, or the detector knows one person only.
        """
        if not hasattr(self.detector, "detect_all"):
            raise PtxError("this detector finds one person only")
        try:
            found = self.detector.detect_all(image)
        except BadSample as error:
            raise PtxError(f"the picture: {error}") from None
        return [replace(self.person(image, one.keypoints), keypoints3d=one.keypoints3d) for one in found]

    def pose(self, pose: str | Path | Keypoints, source: Person) -> Keypoints:
        """A wanted pose (18, 3) at the model's size, of what `transfer` takes.

        Raises:
            PtxError: as for `transfer`.
        """
        if isinstance(pose, np.ndarray):
            return self._moved(_checked(pose, "pose"), source.transform)
        path = Path(pose)
        if path.suffix.lower() != ".json":
            return self.person(path).keypoints
        try:
            return self._moved(read_pose(path), source.transform)
        except BadSample as error:
            raise PtxError(f"{path}: {error}") from None

    def _moved(self, points: Keypoints, transform: Transform) -> Keypoints:
        moved = np.array(points, np.float32)
        moved[:, :2] = apply_transform(transform, moved[:, :2])
        return mask_outside(moved, self.size)

    def paint(self, person: Person, pose: Keypoints, given: tuple[Flow, Labels] | None = None) -> Painting:
        """Paint a person at the model's size in a pose (18, 3) at that size.

        `given`: flow (H, W, 2) px and visibility (H, W) to paint by, instead of what the system finds itself.

        Raises:
            PtxError: the picture or the pose have another size.
        """
        if person.image.shape != (*self.size, 3):
            height, width = person.image.shape[:2]
            raise PtxError(f"the picture is {width}×{height}, the model paints {self.size[1]}×{self.size[0]}")
        points = (_checked(person.keypoints, "keypoints"), _checked(pose, "pose"))
        image = torch.from_numpy(person.image).permute(2, 0, 1)[None].float().to(self.device) / 127.5 - 1
        try:
            with torch.inference_mode():
                inputs = (image, *(torch.from_numpy(p)[None].to(self.device) for p in points))
                out = self.painter(*inputs) if given is None else self.painter.paint(*inputs, *self._tensors(given))
        except torch.OutOfMemoryError:
            raise PtxError(
                "the GPU's memory is full: close what else uses it, or set CUDA_VISIBLE_DEVICES= to paint on the CPU"
            ) from None
        return Painting(
            to_pictures(out["picture"])[0],
            to_pictures(out["warped"])[0],
            out["flow"][0].permute(1, 2, 0).cpu().numpy(),
            out["visibility"][0, 0].cpu().numpy(),
            person,
            pose,
            out["garments"][0].cpu().numpy() if "garments" in out else None,
        )

    def _tensors(self, given: tuple[Flow, Labels]) -> tuple[torch.Tensor, torch.Tensor]:
        flow, labels = given
        return (
            torch.from_numpy(np.ascontiguousarray(flow.transpose(2, 0, 1)))[None].to(self.device),
            torch.from_numpy(labels)[None, None].to(self.device),
        )

    def export(self, path: Path) -> Path:
        """Write all networks as one program of torch.export (.pt2): image, keypoints, pose → picture, warped, flow, visibility.

        Raises:
            PtxError: the name does not end in .pt2, or the flow is projected from fitted bodies, which is no network.
        """
        if isinstance(self.painter.regressor, FittedFlow):
            raise PtxError(
                "export: projected flow is fitted, not a network's; train the generator with `flow: regressed`"
            )
        if path.suffix != ".pt2":
            raise PtxError(f"{path}: exported programs are written as .pt2")
        two = torch.zeros(2, 3, *self.size), torch.zeros(2, 18, 3), torch.zeros(2, 18, 3)
        batch = torch.export.Dim("batch", min=1, max=1024)
        program = torch.export.export(self.painter.cpu(), two, dynamic_shapes=({0: batch},) * 3, strict=False)
        self.painter.to(self.device)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.export.save(program, path)
        return path


def load(folder: str | Path, system: System = "flow") -> Model:
    """The trained models of a folder (`WORKSPACE/models`) that make up one of the systems."""
    return Model(Path(folder), system=system)


def paste(picture: Image, original: Image, transform: Transform) -> Image:
    """Put a picture (h, w, 3) of the model's size back into the photograph (H, W, 3) that it was cut from.

    `transform` (2, 3): from the photograph to the picture. The border fades over `FEATHER` of the shorter side.
    """
    height, width = picture.shape[:2]
    rows, columns = (np.minimum(np.arange(n) + 1, np.arange(n, 0, -1)) for n in (height, width))
    inside = np.minimum(rows[:, None], columns[None]) / max(1.0, FEATHER * min(height, width))
    size, back = original.shape[1::-1], invert_transform(transform)
    weight = cv2.warpAffine(np.minimum(inside, 1).astype(np.float32), back, size)[..., None]
    moved = cv2.warpAffine(picture, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return (weight * moved + (1 - weight) * original).round().astype(np.uint8)


def _checked(points: NDArray[Any], what: str) -> Keypoints:
    if points.shape != (18, 3):
        raise PtxError(f"{what}: {points.shape[0]} joints of {points.shape[-1]} numbers, the model knows 18 of 3")
    return np.asarray(points, np.float32)
