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
from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result, Stage, each_sample
from ptx.stages.rasterize import Rasterize, part_spec
from ptx.stages.synth_flow import FlowSettings, SynthFlow, flow_spec
from ptx.stages.visibility import Visibility, visibility_spec


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

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """flow as of bodies; places (H, W, 2) in the source as the file has them, so that it can be written again."""
        size = self.data.context.size
        positions = ArraySpec((*size, 2), "f4", nan=True, codec=Codec("zstd", 1), attributes={"units": "px"})
        return {"flow": flow_spec(size), "places": positions}

    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the file of a pair."""
        from ptx.geometry.flow import encode_flow

        positions, visibility = source.correspondence(number)
        return {"flow": encode_flow(flow_from_positions(positions, visibility)), "places": positions}


@dataclass(frozen=True)
class ReleasedVisibility(Released):
    """Visibility of every pair, before the 5×5 median that the published loader puts over it."""

    name = Visibility.name
    store = Visibility.store
    over = "pairs"

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """visibility (H, W) labels 0, 1, 2."""
        return {"visibility": visibility_spec(self.data.context.size)}

    def read(self, source: FlowMaps, number: int) -> Mapping[str, NDArray[np.generic]]:
        """Read the file of a pair."""
        return {"visibility": source.correspondence(number)[1]}
