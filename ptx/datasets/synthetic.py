"""Synthetic people as a data set: `data.kind: people`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ptx.datasets.data_set import BoxFinder, DataSet, OwnSplitSettings, PersonKeypoints, WorkingImage
from ptx.datasets.folder import pairs_within
from ptx.datasets.images import Image, Transform
from ptx.datasets.people import open_people
from ptx.datasets.people.options import LIFELIKE_VERSION, VERSION, Looks, PeopleOptions, image_ids
from ptx.datasets.people.packs import describe_pack
from ptx.pipeline.config import ADDED_LATER, AbsolutePath, Share
from ptx.pipeline.stage import Listing

if TYPE_CHECKING:
    from ptx.datasets.people.people import People


class PeopleData(OwnSplitSettings):
    """Synthetic people, rendered from the built-in body."""

    kind: Literal["people"] = "people"
    persons: Annotated[int, Field(ge=1)] = 32
    """Number of persons."""
    images_per_person: Annotated[int, Field(ge=1)] = 4
    """Images of each person, in other poses and from other sides."""
    half_body: Share = 0.25
    """Share of images that end at the hips or thighs, as many fashion photographs do."""
    loose: Annotated[Share, ADDED_LATER] = 0.0
    """Share of persons in skirts, wide dresses or coats, whose cloth leaves the body."""
    views: Annotated[int, Field(ge=1), ADDED_LATER] = 1
    """More than 1: images come in groups of so many, one pose seen from all round, and pairs are of one group; it divides
    images_per_person."""

    looks: Annotated[Looks, ADDED_LATER] = "plain"
    """plain: painted bodies, the quicker to draw with much to learn from. lifelike: people in clothes, shoes and hair that are meshes of
    their own, under light of real rooms, as cameras take them."""
    pack: AbsolutePath | None = None
    """Folder that `tools/build_people_pack.py` made, which lifelike people are dressed from; null: the one that comes with ptx."""

    @model_validator(mode="after")
    def _whole_groups(self) -> PeopleData:
        if self.images_per_person % self.views:
            raise ValueError(f"views: {self.views} does not divide images_per_person, {self.images_per_person}")
        return self

    @model_validator(mode="after")
    def _pack_that_is_read(self) -> PeopleData:
        if self.pack is not None and self.looks != "lifelike":
            raise ValueError("pack: only lifelike people are dressed from it (looks: lifelike)")
        return self


@dataclass(frozen=True)
class PeopleSet(DataSet[PeopleData]):
    """Synthetic people, who come with exact keypoints, garment labels and flow."""

    @property
    def options(self) -> PeopleOptions:
        """The generator's options."""
        data = self.settings
        return PeopleOptions(
            data.persons,
            data.images_per_person,
            self.context.seed,
            self.context.size,
            data.half_body,
            loose=data.loose,
            views=data.views,
            looks=data.looks,
            pack=str(data.pack or ""),
        )

    @property
    def people(self) -> People:
        """The generator."""
        return open_people(self.options)

    @property
    def layout(self) -> str:
        """Several pictures of each person."""
        return "two pictures or more of each person, `data.images_per_person`"

    def listing(self) -> Listing:
        """List the persons in order; the last ones are for testing."""
        data = self.settings
        per = data.images_per_person
        count = data.persons * per
        persons = np.arange(count, dtype=np.int32) // per
        splits = (persons >= round(data.persons * (1 - data.test_fraction))).astype(np.uint8)
        pairs = pairs_within((persons if data.views == 1 else np.arange(count) // data.views).tolist())
        text = f"people {VERSION} {data.persons} {per} {data.half_body} {self.context.seed} {self.context.size}"
        text += f" views {data.views}" if data.views > 1 else ""
        notes: list[str] = []
        if data.looks == "lifelike":
            pack = describe_pack(self.options.pack)
            text += f" lifelike {LIFELIKE_VERSION} {pack.digest}"
            notes = [f"people go without what {pack.folder} lacks: {', '.join(pack.missing)}"] if pack.missing else []
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Listing(image_ids(self.options), [""] * count, persons, splits, pairs, digest, notes=notes)

    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Render an image; there is nothing to crop."""
        del find_box
        image = self.people.render(index)
        return WorkingImage(image, np.eye(2, 3, dtype=np.float32), (image.shape[0], image.shape[1]))

    def keypoint_source(self) -> ExactKeypoints:
        """Open the exact keypoints."""
        return ExactKeypoints(self.people)

    def label_source(self) -> ExactLabels:
        """Open the exact garment labels."""
        return ExactLabels(self.people)

    def silhouette(self, index: int) -> NDArray[np.uint8]:
        """Return the exact silhouette (H, W), 0 to 255."""
        return np.rint(self.people.alpha(index) * 255).astype(np.uint8)

    def exact_flow(self) -> RenderedFlow:
        """Open the exact flow of the pictures as rendered."""
        return RenderedFlow(self.people)


@dataclass(frozen=True)
class ExactKeypoints:
    """Keypoints that the pictures were made from."""

    people: People

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Return the keypoints of an image."""
        del picture
        truth = self.people.truth(index)
        return PersonKeypoints(truth.keypoints, truth.keypoints3d)


@dataclass(frozen=True)
class ExactLabels:
    """Garment labels that the pictures were made from."""

    people: People

    def parse(self, index: int, image: Image, transform: Transform) -> NDArray[np.uint8]:
        """Return the labels (H, W) of an image."""
        del image, transform
        return self.people.garment_labels(index)


@dataclass(frozen=True)
class RenderedFlow:
    """Exact flow of the rendered meshes, with hair and loose clothes, which no stage knows."""

    people: People

    def flow(self, target: int, source: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Compute the flow (H, W, 2) px and the visibility (H, W) of a pair of images."""
        return self.people.exact_flow(target, source)
