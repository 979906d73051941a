"""Body parts, flow and visibility of data packs that come with them, in place of the stages that make them from bodies.

They take those stages' names and stores, so that all that reads the stores reads them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.flow_files import flow_from_positions, read_positions
from ptx.datasets.intrinsic_flow import IntrinsicFlow
from ptx.geometry.flow import encode_flow
from ptx.pipeline.errors import BadSample
from ptx.pipeline.stage import ArraySpec, Block, Codec, Result, Stage
from ptx.pipeline.storage.store import Store, decode_strings
from ptx.stages.backends.data_sets import intrinsic_flow
from ptx.stages.rasterize import Rasterize
from ptx.stages.synth_flow import SynthFlow
from ptx.stages.visibility import Visibility


@dataclass(frozen=True)
class Pack:
    """A pack, and the images and pairs as ingest wrote them down."""

    files: IntrinsicFlow
    ids: list[str]
    pairs: NDArray[np.int32]
    size: tuple[int, int]
    max_pixels: int

    def parts(self, index: int) -> NDArray[np.uint8]:
        """Body parts (H, W) of an image.

        Raises:
            BadSample: the file is missing, damaged or of another size.
        """
        return self._of_size(self.files.parts(self.ids[index], self.max_pixels), "part map")

    def corr(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Places (H, W, 2) in the source, and visibility (H, W) of a pair.

        Raises:
            BadSample: `missing_flow`, `bad_flow` or `other_size`.
        """
        target, source = (self.ids[i] for i in self.pairs[number])
        path = self.files.flows / f"{target}_{source}.corr"
        places, labels = read_positions(path)
        return places, self._of_size(labels, "flow")

    def _of_size(self, labels: NDArray[np.uint8], what: str) -> NDArray[np.uint8]:
        if labels.shape != self.size:
            own, wanted = ("×".join(map(str, shape)) for shape in (labels.shape, self.size))
            raise BadSample("other_size", f"the {what} is {own}, pictures are worked on at {wanted}: set size to it")
        return labels


class Released(Stage):
    """What the three have in common. A pack does not change, so nothing watches its files."""

    inputs = ("ingest.transform",)  # nothing of it is used: only what was ingested has maps
    settings = ("size", "synth_flow")

    def read(self, pack: Pack, number: int) -> dict[str, NDArray[Any]]:
        """The arrays of one sample.

        Raises:
            BadSample: the file is missing, damaged or of another size.
        """
        raise NotImplementedError

    def open(self, settings: Any) -> Pack:
        """The pack."""
        store = Store(settings.workspace, "ingest")
        ids, pairs = decode_strings(store.table("id")), store.table("pair")
        return Pack(intrinsic_flow(settings), ids, pairs, tuple(settings.size), settings.ingest.max_pixels)

    def process(self, block: Block, settings: Any, state: Pack) -> Result:
        """Read each sample; one that is missing, damaged or of another size is a problem."""
        specs = self.outputs(settings)
        arrays = {name: np.zeros((len(block), *spec.shape), spec.dtype) for name, spec in specs.items()}
        problems: dict[int, str] = {}
        for i, number in enumerate(block.index):
            try:
                for name, array in self.read(state, int(number)).items():
                    arrays[name][i] = array
            except BadSample as error:
                problems[i] = error.problem.stored
        return Result(arrays, problems)


class ReleasedParts(Released):
    """Body parts of every image."""

    name, store, version = Rasterize.name, Rasterize.store, 1
    over: Literal["images", "pairs"] = "images"

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """part (H, W)."""
        return {"part": Rasterize().outputs(settings)["part"]}

    def read(self, pack: Pack, number: int) -> dict[str, NDArray[Any]]:
        """The map of an image."""
        return {"part": pack.parts(number)}


class ReleasedFlow(Released):
    """Flow of every pair."""

    name, store, version = SynthFlow.name, SynthFlow.store, 1
    over: Literal["images", "pairs"] = "pairs"

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """flow as of bodies; places (H, W, 2) in the source as the file has them, so that it can be written again."""
        places = ArraySpec((*settings.size, 2), "f4", nan=True, codec=Codec("zstd", 1), attributes={"units": "px"})
        return {**SynthFlow().outputs(settings), "places": places}

    def read(self, pack: Pack, number: int) -> dict[str, NDArray[Any]]:
        """The file of a pair."""
        places, visibility = pack.corr(number)
        return {"flow": encode_flow(flow_from_positions(places, visibility)), "places": places}


class ReleasedVisibility(Released):
    """Visibility of every pair, before the 5×5 median that the published loader puts over it."""

    name, store, version = Visibility.name, Visibility.store, 1
    over: Literal["images", "pairs"] = "pairs"

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """visibility (H, W) labels 0, 1, 2."""
        return Visibility().outputs(settings)

    def read(self, pack: Pack, number: int) -> dict[str, NDArray[Any]]:
        """The file of a pair."""
        return {"visibility": pack.corr(number)[1]}
