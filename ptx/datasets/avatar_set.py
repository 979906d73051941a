"""Rigged people of glTF files as a data set: `data.kind: avatars`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ptx.datasets.colour import Profile
from ptx.datasets.data_set import Annotation, BoxFinder, DataSet, OwnSplitSettings, PersonKeypoints, WorkingImage
from ptx.datasets.folder import numbered, pairs_within, test_split
from ptx.datasets.images import Image, Transform
from ptx.datasets.picture_files import image_ids
from ptx.pipeline.config import AbsolutePath, Share
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.fingerprint import files_digest, stamp_table
from ptx.pipeline.folders import Walk, describe_left_out, walk
from ptx.pipeline.stage import Listing

if TYPE_CHECKING:
    from ptx.datasets.avatars.population import AvatarPictures

VERSION = 1
"""Version of the pictures, raised when the same files and settings begin to give others."""

ENDINGS = (".glb", ".gltf", ".vrm")
"""Endings of the files that are read."""

LINKED = (".bin", ".png", ".jpg", ".jpeg", ".webp")
"""Endings of what lies beside a .gltf file and belongs to it."""

HINTS = dict.fromkeys((".fbx", ".dae", ".blend", ".obj", ".usdz"), "export them as glTF, .glb, from Blender, say")
"""Ending of other models → how to get them read."""

NUMBER = "#"
"""Separator of a file's path and the number of an image of it."""


class AvatarsData(OwnSplitSettings):
    """Rigged people of glTF files, posed and rendered."""

    kind: Literal["avatars"]
    root: AbsolutePath
    """The folder of the .glb, .gltf or .vrm files, at any depth."""
    images_per_avatar: Annotated[int, Field(ge=1)] = 4
    """Images of each file, in other poses and from other sides."""
    half_body: Share = 0.25
    """Share of images that end at the hips or thighs, as many fashion photographs do."""
    person: str | None = None
    """Regular expression whose first group (or all of it), matched at the beginning of a file's name, names its person, where one person
    has several files: `(.*)_` for Asian_F_2_Busi.glb and Asian_F_2_Casual.glb. All files of a person are for training, or all for
    testing; without it each file is a person."""
    labels: bool = False
    """Take garment labels from the names of materials and meshes (hair, top, shoes ...). A file whose names do not tell them has none, and
    stage parse quarantines its images."""

    @field_validator("person")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"person: no regular expression ({error})") from None
        return value

    @property
    def lacks(self) -> frozenset[Annotation]:
        """Labels, where they are not wanted."""
        return frozenset() if self.labels else frozenset({"labels"})


@dataclass(frozen=True)
class AvatarSet(DataSet[AvatarsData]):
    """A folder of avatars, who come with exact keypoints, masks and flow, and with labels where names tell them."""

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return self.settings.root

    @cached_property
    def pictures(self) -> AvatarPictures:
        """The generator, of the files that ingest listed."""
        from ptx.datasets.avatars.population import AvatarPictures  # numba: not before a picture is wanted

        data = self.settings
        files = [path.rpartition(NUMBER)[0] for path in self.paths]
        return AvatarPictures(
            data.root, files, data.images_per_avatar, self.context.seed, self.context.size, data.half_body
        )

    @property
    def layout(self) -> str:
        """Several pictures of each file."""
        return "two pictures or more of each avatar, `data.images_per_avatar`"

    def listing(self) -> Listing:
        """List the files as they are now, each as often as it has images.

        Raises:
            PtxError: the folder is not there, or holds none.
        """
        found, data = self._walk(ENDINGS), self.settings
        files, per = list(found.files), data.images_per_avatar
        persons = [self._person(path) for path in files]
        text = f"avatars {VERSION} {per} {data.half_body} {data.test_fraction} {data.person} {self.context.seed} {self.context.size}"
        digest = hashlib.sha256(f"{text} {files_digest(found.files.items())}".encode()).hexdigest()
        linked = any(path.lower().endswith(".gltf") for path in files)
        return Listing(
            [f"{name}_{number:02d}" for name in image_ids(files) for number in range(per)],
            [f"{path}{NUMBER}{number}" for path in files for number in range(per)],
            np.repeat(numbered(persons), per),
            np.repeat(test_split(persons, data.test_fraction), per),
            pairs_within(np.repeat(np.arange(len(files)), per).tolist()),
            digest,
            files_digest(self._walk((*ENDINGS, *LINKED)).files.items()) if linked else None,
            None if linked else stamp_table(found.files[path] for path in files for _ in range(per)),
            describe_left_out(found, HINTS),
        )

    def _walk(self, endings: tuple[str, ...]) -> Walk:
        """Find files below the folder."""
        root = self.settings.root
        if not root.is_dir():
            raise PtxError(f"data.root: {root} is no folder; name the folder that holds the avatars")
        try:
            found = walk(root, endings, self.context.own_folders)
        except OSError as error:
            raise PtxError(f"data.root: {root} cannot be read: {one_line(error)}") from None
        if not found.files:
            notes = "; ".join(("", *describe_left_out(found, HINTS)))
            raise PtxError(f"data.root: {root} holds no avatars ({', '.join(ENDINGS)}){notes}")
        return found

    def _person(self, path: str) -> str:
        """Name the person of a file."""
        matched = re.match(self.settings.person, PurePosixPath(path).stem) if self.settings.person else None
        return (matched[min(1, matched.re.groups)] if matched else None) or path

    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Render an image; there is nothing to crop.

        Raises:
            BadSample: the file cannot be used.
        """
        del find_box
        image = self.pictures.render(index)
        return WorkingImage(image, np.eye(2, 3, dtype=np.float32), (image.shape[0], image.shape[1]))

    def probe(self, file: Path) -> Profile:
        """Read a file whole; raises BadSample where it cannot be used."""
        from ptx.datasets.avatars.avatar import load_avatar  # numba

        load_avatar(file)
        return "none"

    def keypoint_source(self) -> PosedKeypoints:
        """Open the exact keypoints."""
        return PosedKeypoints(self.pictures)

    def label_source(self) -> NamedLabels:
        """Open the labels that names tell."""
        return NamedLabels(self.pictures)

    def silhouette(self, index: int) -> NDArray[np.uint8]:
        """Return the exact silhouette (H, W), 0 to 255."""
        return self.pictures.mask(index)

    def exact_flow(self) -> AvatarPictures:
        """Open the exact flow of the pictures as rendered."""
        return self.pictures


@dataclass(frozen=True)
class PosedKeypoints:
    """Keypoints that the pictures were made from."""

    pictures: AvatarPictures

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Return the keypoints of an image."""
        del picture
        return PersonKeypoints(*self.pictures.keypoints(index))


@dataclass(frozen=True)
class NamedLabels:
    """Garment labels that names of materials and meshes tell."""

    pictures: AvatarPictures

    def parse(self, index: int, image: Image, transform: Transform) -> NDArray[np.uint8]:
        """Return the labels (H, W) of an image; raises BadSample."""
        del image, transform
        return self.pictures.garment_labels(index)
