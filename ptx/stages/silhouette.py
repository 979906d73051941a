"""`ptx run silhouette`: which pixels of every picture are the person's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.pipeline.config import ADDED_LATER, Section
from ptx.pipeline.errors import BadSample, PtxError
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result, Stage, each_sample
from ptx.stages.parse import ParseSettings

SilhouetteBackend = Literal["network", "labels", "truth", "none"]

Mask = NDArray[np.uint8]

MaskOf = Callable[[Block, int], Mask]
"""Block, position in it → mask (H, W) 0 to 255 of the image."""


class SilhouetteSettings(Section):
    """The mask of the person in every picture."""

    backend: Annotated[Literal["auto"] | SilhouetteBackend, ADDED_LATER] = "auto"
    """Origin of the masks: truth of synthetic people, labels of stage parse (what is not background), or the network, sharpened by the
    picture's edges; none computes no masks. auto is truth where there is one, labels where parse has a user's, else the network."""

    def resolve(self, data: DataSet[DataSettings], parse: ParseSettings) -> SilhouetteBackend:
        """Return the backend, with `auto` resolved."""
        if self.backend != "auto":
            return self.backend
        if data.has & {"masks", "labels"}:
            return "truth"
        return "labels" if parse.resolve(data) in ("files", "onnx") else "network"


@dataclass(frozen=True)
class SilhouetteStage(Stage[SilhouetteSettings]):
    """Mask the person of every image."""

    data: DataSet[DataSettings]
    backend: SilhouetteBackend

    name = "silhouette"
    store = "silhouette"
    cost = 0.03

    @property
    def applies(self) -> bool:
        """False where no masks are wanted."""
        return self.backend != "none"

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution and own section."""
        return {"size": list(self.data.context.size), "silhouette": self.settings}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The backend, with `auto` resolved."""
        return {"backend": self.backend}

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """mask (H, W): 0 to 255, the share of the pixel that is the person's."""
        attributes: dict[str, Json] = {"scale_factor": 1 / 255}
        return {"mask": ArraySpec(self.data.context.size, "u1", codec=Codec("zstd", 3), attributes=attributes)}

    def open(self) -> Process:
        """Open the backend."""
        mask_of = self.open_masks()
        size = self.data.context.size

        def process(block: Block) -> Result:
            masks = np.zeros((len(block), *size), np.uint8)

            def find(i: int) -> None:
                masks[i] = mask_of(block, i)
                if not masks[i].any():
                    raise BadSample("no_silhouette", "no pixel is the person's")

            return Result({"mask": masks}, each_sample(block, find))

        return process

    def open_masks(self) -> MaskOf:
        """Open the source of masks.

        Raises:
            PtxError: it cannot be used with this data set.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class NetworkSilhouette(SilhouetteStage):
    """Mask the person by the pose network, around the keypoints, and move the border to the picture's edges."""

    inputs = ("ingest.image", "keypoints.keypoints")

    def open_masks(self) -> MaskOf:
        """Load the network.

        Raises:
            PtxError: LiteRT is not installed.
        """
        from ptx.detector.silhouettes import Silhouettes

        silhouettes = Silhouettes()

        def mask_of(block: Block, i: int) -> Mask:
            image, keypoints = (
                block.array("ingest.image", np.uint8)[i],
                block.array("keypoints.keypoints", np.float32)[i],
            )
            share = silhouettes(image, keypoints)
            return np.asarray(np.rint(share * 255), np.uint8)

        return mask_of


@dataclass(frozen=True)
class LabelSilhouette(SilhouetteStage):
    """Mask what stage parse labels as something else than background."""

    inputs = ("parsing.labels",)

    def open_masks(self) -> MaskOf:
        """Return the source: the stored labels."""
        return lambda block, i: np.where(block.array("parsing.labels", np.uint8)[i] > 0, 255, 0).astype(np.uint8)


@dataclass(frozen=True)
class TrueSilhouette(SilhouetteStage):
    """Mask the person by the silhouette, or else the garment labels, that come with the data set."""

    inputs = ("ingest.image", "ingest.transform")

    def open_masks(self) -> MaskOf:
        """Open the data set's silhouettes or labels.

        Raises:
            PtxError: the data set has none.
        """
        if not self.data.has & {"masks", "labels"}:
            raise PtxError(
                "silhouette.backend: truth is known of `people` and `avatars` only; photographs need network or labels"
            )
        source = self.data.label_source() if "labels" in self.data.has else None

        def mask_of(block: Block, i: int) -> Mask:
            exact = self.data.silhouette(int(block.index[i]))
            if exact is not None:
                return exact
            assert source is not None  # what has no labels has masks
            image, transform = block.array("ingest.image", np.uint8)[i], block.array("ingest.transform", np.float32)[i]
            return np.where(source.parse(int(block.index[i]), image, transform) > 0, 255, 0).astype(np.uint8)

        return mask_of


KINDS: Mapping[SilhouetteBackend, type[SilhouetteStage]] = {
    "network": NetworkSilhouette,
    "labels": LabelSilhouette,
    "truth": TrueSilhouette,
    "none": NetworkSilhouette,
}
"""Backend → its stage; what is not applied may be any."""


def silhouette_stage(
    settings: SilhouetteSettings, parse: ParseSettings, data: DataSet[DataSettings]
) -> SilhouetteStage:
    """Make the stage of the backend that the settings choose.

    Raises:
        PtxError: silhouettes of labels that come from silhouettes.
    """
    backend = settings.resolve(data, parse)
    if backend == "labels" and parse.resolve(data) in ("network", "none"):
        raise PtxError("silhouette.backend: labels are of parse.path or of synthetic people; use network")
    return KINDS[backend](settings, data, backend)
