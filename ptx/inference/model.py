"""Trained models at work: a `Model` paints people in other poses and from other sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from ptx.datasets.images import MAX_PIXELS, Frame
from ptx.geometry.body import Body, load_body
from ptx.inference.blend import blend_people
from ptx.inference.given import Keypoints, Photograph, checked_keypoints, photograph_of, several
from ptx.inference.group import GroupPainting, paint_everyone, pixels_per_metre
from ptx.inference.painter import ExportedPainter
from ptx.inference.painting import Flow, FoundFlow, Painting, Visibility
from ptx.inference.person import Detector, Person, PersonReader
from ptx.inference.systems import PAINTERS, assemble
from ptx.inference.view import Joints, NovelView, fit_person, turn_landmarks
from ptx.models.pixels import to_tensor, to_uint8
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.models import FolderModels
from ptx.training.systems import SystemName, find_system

MAX_EXPORT_BATCH = 1024
"""Largest batch that an exported program takes."""


class Model:
    """A system of trained networks: transfers, views, and pictures of several people."""

    usual_background = "paint"

    system: SystemName
    """The system that paints."""
    size: tuple[int, int]
    """Height, width in px of what is painted."""
    frame: Frame
    """What of a photograph is painted anew: all of it, or the person who is cut out of it."""
    hashes: dict[str, str]
    """Hash of the file of every model that was read, by the model's name."""

    def __init__(
        self,
        folder: Path,
        system: SystemName = "flow",
        *,
        body: str | None = None,
        frame: Frame | None = None,
        max_pixels: int = MAX_PIXELS,
        detector: Detector | None = None,
    ) -> None:
        """Read the networks of a system.

        Args:
            folder: of the models.
            system: flow (dense intrinsic appearance flow), pose-flow (pose flow learning) or view (novel 3D view synthesis).
            body: body model that is fitted to people, as for `load_body`; None: the one that the models were trained with.
            frame: bring the whole photograph to the model's size (picture), or the person cut out of it (person); None: as the
                pictures that the models were trained on.
            max_pixels: larger photographs are refused before they are decoded.
            detector: finds persons in photographs; that of ptx where none is given.

        Raises:
            PtxError: there is no such system, or a model is missing, damaged or of another architecture.
        """
        self._models = FolderModels(folder, chosen_body=body)
        self.system = find_system(system).name
        self._main_training = PAINTERS[self.system].needs[0]
        self.painter = assemble(self.system, self._models)
        self.size = self._models.size(self._main_training)
        self.hashes = self._models.hashes
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.painter.to(self.device)
        self.frame = frame or self._models.frame(self._main_training)
        self._reader = PersonReader(self.size, max_pixels, self.frame, detector)

    @cached_property
    def body(self) -> Body:
        """The body model that is fitted to people.

        Raises:
            PtxError: its file is not there, or is no SMPL body, or not the one that the models were trained with.
        """
        chosen = self._models.chosen_body
        if chosen is None:
            return self._models.body(self._main_training)
        try:
            return load_body(chosen)
        except (OSError, ValueError) as error:
            raise PtxError(f"body: {error}") from error

    @property
    def name(self) -> str:
        """Name of the system that paints."""
        return self.system

    @property
    def trained(self) -> bool:
        """True: networks paint."""
        return True

    def transfer(
        self,
        image: Photograph | Sequence[Photograph] | Person,
        pose: str | Path | Keypoints,
        keypoints: Keypoints | None = None,
    ) -> Painting:
        """Paint the person of a picture in another pose.

        Args:
            image: a photograph (several are for the surface engine), or a person cut out of one.
            pose: a photograph of someone in the wanted pose; or OpenPose's JSON file of one, whose person is framed as that of a
                photograph; or an array (18, 3) of x, y, confidence, in px of `image`.
            keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.

        Raises:
            PtxError: a file is no picture, shows nobody, or holds no pose of 18 or 25 joints, or the pose is outside the picture
                or too small; one line.
        """
        person = self.person(image, keypoints)
        shown = photograph_of(pose)
        if shown is None:
            return self.paint(person, self.pose(pose, person))
        posed = self.person(shown)
        return replace(self.paint(person, posed.keypoints), posed=posed)

    def view(
        self,
        image: Photograph | Sequence[Photograph] | Person,
        yaws: Sequence[float],
        pitch: float = 0.0,
        *,
        keypoints: Keypoints | None = None,
        joints: Joints = "body",
    ) -> list[NovelView]:
        """Paint the person of a picture from other sides.

        A body is fitted to the picture and turned; its projected joints are the wanted pose, and, except for pose-flow, which
        knows no body, flow and visibility are projected from it as well.

        Args:
            image: a photograph, or a person cut out of one.
            yaws: degrees that the person turns to their own left, one a view.
            pitch: degrees that the person tilts towards the viewer.
            keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.
            joints: what is turned into the wanted pose: the fitted body's joints, or the person's own 3D keypoints as the
                detector or a file gives them (landmarks), for which the system finds the flow itself.

        Raises:
            PtxError: there is nobody, or too little of them to fit a body to, or there are no 3D keypoints to turn.
        """
        person = self.person(image, keypoints)
        views = []
        try:
            fitted = fit_person(person, self.body)
            for yaw in yaws:
                turned = fitted.turned(yaw, pitch)
                pose = turned.keypoints if joints == "body" else turn_landmarks(person, yaw, pitch)
                projected = joints == "body" and self.system != "pose-flow"
                flow = turned.flow_from(fitted) if projected else None
                views.append(NovelView(yaw, pitch, turned, self.paint(person, pose, flow)))
        except BadSample as error:
            raise PtxError(str(error)) from None
        return views

    def everyone(self, image: Photograph, paint: Callable[[Person], Painting]) -> GroupPainting:
        """Paint every person of a picture and lay them back in the order of their distance; everything else stays as it is.

        Args:
            image: a photograph.
            paint: paints one of them, such as `lambda person: model.transfer(person, "dancer.jpg")` or
                `lambda person: model.view(person, [30])[0].painting`; raises PtxError where it cannot.

        Raises:
            PtxError: nobody is in the picture, or nobody could be painted.
        """

        def painted(person: Person) -> tuple[float, Painting]:
            return pixels_per_metre(person, self.body), paint(person)

        return paint_everyone(self.people(image), painted, blend_people)

    def person(
        self,
        image: Photograph | Sequence[Photograph] | Person,
        keypoints: Keypoints | None = None,
        keypoints3d: Keypoints | None = None,
    ) -> Person:
        """Bring a photograph to the model's size (`PersonReader.person`); a person who is there already is returned as they are.

        Raises:
            PtxError: as `PersonReader.person`, and where there are several photographs.
        """
        if isinstance(image, Person):
            return image
        first, *others = several(image)
        if others:
            raise PtxError(
                f"networks paint from one photograph, not from {1 + len(others)}: name one, or --engine surface"
            )
        return self._reader.person(first, keypoints, keypoints3d)

    def people(self, image: Photograph) -> list[Person]:
        """Cut everyone out of a photograph (`PersonReader.people`)."""
        return self._reader.people(image)

    def pose(self, pose: str | Path | Keypoints, source: Person) -> Keypoints:
        """Return a wanted pose (18, 3) at the model's size, of what `transfer` takes (`PersonReader.pose`)."""
        return self._reader.pose(pose, source)

    def paint(self, person: Person, pose: Keypoints, flow: tuple[Flow, Visibility] | None = None) -> Painting:
        """Paint a person at the model's size.

        Args:
            person: the source.
            pose: (18, 3) wanted, in px of the painted picture.
            flow: flow (h, w, 2) px and visibility (h, w) to paint by, instead of those that the system finds itself.

        Raises:
            PtxError: the picture or the pose have another size, or the GPU's memory is full.
        """
        if person.image.shape != (*self.size, 3):
            height, width = person.image.shape[:2]
            raise PtxError(f"the picture is {width}×{height}, the model paints {self.size[1]}×{self.size[0]}")
        image = to_tensor(person.image[None]).to(self.device)
        keypoints = torch.from_numpy(checked_keypoints(person.keypoints, "keypoints"))[None].to(self.device)
        wanted = torch.from_numpy(checked_keypoints(pose, "pose"))[None].to(self.device)
        try:
            with torch.inference_mode():
                if flow is None:
                    out = self.painter(image, keypoints, wanted)
                else:
                    out = self.painter.paint(image, keypoints, wanted, *self._flow_tensors(*flow))
        except torch.OutOfMemoryError:
            raise PtxError(
                "the GPU's memory is full: close what else uses it, or set CUDA_VISIBLE_DEVICES= to paint on the CPU"
            ) from None
        return Painting(
            picture=to_uint8(out.picture)[0],
            carried=FoundFlow(
                warped=to_uint8(out.warped)[0],
                flow=out.flow[0].permute(1, 2, 0).cpu().numpy(),
                visibility=out.visibility[0, 0].cpu().numpy(),
            ),
            person=person,
            pose=pose,
            garments=None if out.garments is None else out.garments[0].cpu().numpy(),
        )

    def export(self, path: Path) -> Path:
        """Write all networks as one program of torch.export: image, keypoints, pose → picture, warped, flow, visibility.

        Args:
            path: a .pt2 file.

        Raises:
            PtxError: the name does not end in .pt2, or the flow is projected from fitted bodies, which is no network.
        """
        if not self.painter.exportable:
            raise PtxError(
                "export: bodies are fitted for its flow or surface, which no network does; train the generator with `flow: regressed` and "
                "`surface: false`"
            )
        if path.suffix != ".pt2":
            raise PtxError(f"{path}: exported programs are written as .pt2")
        example = (torch.zeros(2, 3, *self.size), torch.zeros(2, 18, 3), torch.zeros(2, 18, 3))
        batch = torch.export.Dim("batch", min=1, max=MAX_EXPORT_BATCH)
        painter = ExportedPainter(self.painter.cpu())
        program = torch.export.export(painter, example, dynamic_shapes=({0: batch},) * 3, strict=False)
        self.painter.to(self.device)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.export.save(program, path)
        return path

    def _flow_tensors(self, flow: Flow, visibility: Visibility) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (1, 2, h, w) px and (1, 1, h, w) labels."""
        channels_first = np.ascontiguousarray(flow.transpose(2, 0, 1))
        return (
            torch.from_numpy(channels_first)[None].to(self.device),
            torch.from_numpy(visibility)[None, None].to(self.device),
        )
