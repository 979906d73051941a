"""`ptx run ingest`: pictures of the data set at the working resolution, and the tables of images, persons and pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.datasets.images import BOX_MARGIN, MAX_PIXELS, Frame
from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Listing, Process, Result, Stage, each_sample
from ptx.stages.backends.keypoints import KeypointBackend

COLOURS = "colours"
"""Name of the dependency that says what the numbers of photographs mean."""

CROP_FILES = "crop files"
"""Name of the dependency that is the state of the keypoint files which pictures are cropped by."""


class IngestSettings(Section):
    """Reading pictures."""

    crop: Frame = "picture"
    """Fit the whole picture into the working size, or cut out the person that the keypoint backend finds."""
    max_pixels: Annotated[int, Field(ge=1)] = MAX_PIXELS
    """Larger pictures are quarantined before they are decoded."""


@dataclass(frozen=True)
class Ingest(Stage[IngestSettings]):
    """Read, turn upright, crop and resize every picture; keep how its pixels map back."""

    data: DataSet[DataSettings]
    keypoints: KeypointBackend
    """Finds persons, where they are cropped."""

    name = "ingest"
    store = "ingest"
    file_dependencies = (CROP_FILES,)
    cost = 0.02

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Seed, resolution, data set and own section."""
        context = self.data.context
        return {"seed": context.seed, "size": list(context.size), "data": self.data.settings, "ingest": self.settings}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """What colours of photographs are; the keypoint backend where it decides the crop, with its files, the margin around them, and who
        of several is cut out."""
        colours = {} if self.data.root is None else {COLOURS: "sRGB"}
        if self.settings.crop == "picture":
            return colours
        of_files: dict[str, Json] = {"crop margin": BOX_MARGIN, CROP_FILES: self.keypoints.state}
        files = of_files if self.keypoints.reads_files else {}
        return {**colours, "crop by": self.keypoints.name, **files, **self.keypoints.network, **self.keypoints.choice}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """Nothing about colours: stores of before stay current, most photographs have no profile but sRGB. Nothing about the files that
        pictures are cropped by, nor about who of several is cut out, where there never are several."""
        choice = {} if self.settings.crop == "picture" else self.keypoints.former_choice(self.data, self.store)
        return {COLOURS: None, CROP_FILES: None, **choice}

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the keypoint files that pictures are cropped by; the pictures' own stamps are listed."""
        return self.keypoints.stamps(paths) if self.settings.crop == "person" else None

    def note(self, noted: Mapping[str, Json]) -> str | None:
        """Tell how to find out whether colour profiles matter."""
        if self.data.root is None or COLOURS in noted:
            return None
        return (
            "pictures were read by an earlier ptx, which took every colour profile for sRGB: `ptx check` counts those that have "
            "another one, `ptx run ingest --force` reads all again"
        )

    @property
    def listing(self) -> Listing:
        """The data set as it is on disk now."""
        return self.data.listing()

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """image (H, W, 3) RGB; transform (2, 3) from pixels of the original picture to working pixels; original (2,) height, width."""
        height, width = self.data.context.size
        return {
            "image": ArraySpec((height, width, 3), "u1", codec=Codec("lz4", 5)),  # read again and again by trainings
            "transform": ArraySpec(
                (2, 3), "f4", attributes={"meaning": "working xy = transform @ (x, y, 1) of the original"}
            ),
            "original": ArraySpec(
                (2,), "i4", low=1, attributes={"units": "px", "meaning": "height, width of the original"}
            ),
        }

    def open(self) -> Process:
        """Open the keypoint backend where persons are cropped."""
        find_box = self.keypoints.box_finder(self.data) if self.settings.crop == "person" else None
        height, width = self.data.context.size

        def process(block: Block) -> Result:
            images = np.zeros((len(block), height, width, 3), np.uint8)
            transforms = np.zeros((len(block), 2, 3), np.float32)
            originals = np.ones((len(block), 2), np.int32)

            def read(i: int) -> None:
                images[i], transforms[i], originals[i] = self.data.read(int(block.index[i]), find_box)

            problems = each_sample(block, read)
            return Result({"image": images, "transform": transforms, "original": originals}, problems)

        return process
