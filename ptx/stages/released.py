"""Body parts, flow and visibility of data packs that come with them, in place of the stages that make them from bodies.

They take those stages' names and stores, so that all that reads the stores reads them too.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings, FlowMaps
from ptx.datasets.flow_files import flow_from_positions
from ptx.geometry.labels import BACKGROUND
from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result, Stage, each_sample
from ptx.stages.rasterize import Rasterize, part_spec
from ptx.stages.synth_flow import FlowSettings, SynthFlow, flow_spec
from ptx.stages.visibility import Visibility, visibility_spec

MEDIAN_PX = 5
"""Side in px of the window of the median over visibility labels."""


@dataclass(frozen=True)
class Released(Stage[FlowSettings]):
    """Base of the three stages. The data set's listing watches their files (`IntrinsicFlow.state`)."""

    data: DataSet[DataSettings]

    inputs = ("ingest.transform",)  # nothing of it is used: only what was ingested has maps

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution and the section of flow."""
        return {"size": list(self.data.context.size), "synth_flow": self.settings}

    @abstractmethod
    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the arrays of one sample; raises BadSample."""

    def open(self) -> Process:
        """Open the pack."""
        source = self.data.flow_source()

        def process(block: Block) -> Result:
            arrays = {name: np.zeros((len(block), *spec.shape), spec.dtype) for name, spec in self.outputs.items()}

            def read(i: int) -> None:
                for name, array in self.read(source, int(block.index[i])).items():
                    arrays[name][i] = array

            problems = each_sample(block, read)
            return Result(arrays, problems)

        return process


@dataclass(frozen=True)
class ReleasedParts(Released):
    """Body parts of every image."""

    name = Rasterize.name
    store = Rasterize.store

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """part (H, W)."""
        return {"part": part_spec(self.data.context.size)}

    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the map of an image."""
        return {"part": source.parts(number)}


@dataclass(frozen=True)
class ReleasedFlow(Released):
    """Flow of every pair."""

    name = SynthFlow.name
    store = SynthFlow.store
    over = "pairs"
    version = 2

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """flow as of bodies; places (H, W, 2) in the source as the file has them, so that it can be written again."""
        size = self.data.context.size
        positions = ArraySpec((*size, 2), "f4", nan=True, codec=Codec("zstd", 1), attributes={"units": "px"})
        return {"flow": flow_spec(size), "places": positions}

    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the file of a pair."""
        from ptx.geometry.flow import encode_flow

        positions, labels = source.correspondence(number)
        return {"flow": encode_flow(flow_from_positions(positions, smooth_labels(labels))), "places": positions}


@dataclass(frozen=True)
class ReleasedVisibility(Released):
    """Visibility of every pair, smoothed as by the published loader."""

    name = Visibility.name
    store = Visibility.store
    over = "pairs"
    version = 2

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """visibility (H, W) labels 0, 1, 2, smoothed; labels (H, W) as the file has them, so that it can be written again."""
        labels = visibility_spec(self.data.context.size)
        return {"visibility": labels, "labels": labels}

    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the file of a pair."""
        labels = source.correspondence(number)[1]
        return {"visibility": smooth_labels(labels), "labels": labels}


def smooth_labels(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace the labels (H, W) of body pixels by the median of the 5×5 around each, as the code of Li et al. does on loading.

    The packs label whole faces, and a small face often owns no pixel in the source, which speckles a body with hidden pixels. The
    median can make a body pixel background; the published code takes its flow away too.
    """
    import cv2

    smoothed = np.asarray(cv2.medianBlur(labels, MEDIAN_PX), np.uint8)
    return np.where(labels < BACKGROUND, smoothed, labels)
