"""The contract of a data set: the interface of its reader, and the row that declares it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Generic, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.colour import Profile
from ptx.datasets.images import MAX_PIXELS, Box, Image, Transform, crop_and_resize, read_image, read_picture
from ptx.datasets.leaks import persons_in_both
from ptx.pipeline.config import TRAINING_ONLY, Section, Share
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import Listing
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store, decode_strings

Annotation = Literal["keypoints", "masks", "labels", "flow", "truth"]
"""Annotation that comes with a data set: keypoints of every image; masks of the person; garment labels, which are masks too; body parts,
flow and visibility of every pair; the exact flow of its pictures, which only the evaluation may use."""

BoxFinder = Callable[[Image, str], Box]
"""(picture, its path) → x0, y0, x1, y1 px around the person; raises BadSample where there is nobody."""


class DataSettings(Section):
    """Base of the sections `data`; subclasses name their kinds as `kind: Literal[...]`."""

    kind: str

    @property
    def lacks(self) -> frozenset[Annotation]:
        """Annotations of this kind of data set that these settings leave out."""
        return frozenset()


class OwnSplitSettings(DataSettings):
    """Settings of data sets whose persons are shared out here: published splits are taken as they are."""

    test_fraction: Share = 0.2
    """Share of persons kept for testing."""
    validation_fraction: Annotated[Share, TRAINING_ONLY] = 0.1
    """Share of the other persons on whose pairs trainings choose their checkpoint, and are not trained."""


D = TypeVar("D", bound=DataSettings, covariant=True)


@dataclass(frozen=True)
class DataContext:
    """The settings outside `data` that readers use."""

    workspace: Storage
    """The workspace, in whose ingest store the paths of the images are."""
    size: tuple[int, int] = (256, 256)
    """Working resolution: height, width in px."""
    seed: int = 0
    max_pixels: int = MAX_PIXELS
    """Larger pictures are refused before they are decoded."""
    results: Path | None = None
    """Folder of models, reports and pictures."""

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Folders that ptx writes into, whose pictures are nobody's photographs."""
        return tuple(folder for folder in (self.workspace.folder, self.results) if folder is not None)


class PairCount(NamedTuple):
    """Number of directed pairs that a paper states of a data set."""

    source: str
    """The paper."""
    train: int
    test: int | None = None
    """None: not stated."""


class WorkingImage(NamedTuple):
    """A picture at the working resolution."""

    image: Image
    """(H, W, 3) uint8 RGB."""
    transform: Transform
    """(2, 3) from pixels of the original to working pixels."""
    original: tuple[int, int]
    """Height, width of the original in px."""


class PersonKeypoints(NamedTuple):
    """Keypoints of one person."""

    flat: NDArray[np.float32]
    """(18, 3) x, y in working pixels, confidence; a missing one is NaN, NaN, 0."""
    deep: NDArray[np.float32]
    """(18, 4) x, y, z in metres, confidence; NaN and 0 where the source has none."""
    more: Mapping[str, NDArray[np.float32]] = MappingProxyType({})
    """Arrays that the source has besides, by the names under which they are stored."""


class KeypointSource(Protocol):
    """Gives the keypoints of one image."""

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Return the keypoints of image `index`, given at the working resolution.

        Raises:
            BadSample: nobody is in the picture.
        """
        ...


class LabelSource(Protocol):
    """Gives the garment labels of one image."""

    def parse(self, index: int, image: Image, transform: Transform) -> NDArray[np.uint8]:
        """Return the labels (H, W) (`ptx.labels`) of image `index`, given at the working resolution.

        Raises:
            BadSample: there are none, or they cannot be read.
        """
        ...


class FlowMaps(Protocol):
    """Gives body parts of images, and flow and visibility of pairs."""

    def parts(self, index: int) -> NDArray[np.uint8]:
        """Return the body parts (H, W), 0 background to 6, of an image; raises BadSample."""
        ...

    def correspondence(self, pair: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return the source position (H, W, 2) px of each target pixel, and the visibility (H, W); raises BadSample."""
        ...


class ExactFlow(Protocol):
    """Gives the exact flow of the pictures as they were rendered, with hair and loose clothes."""

    def flow(self, target: int, source: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return the flow (H, W, 2) px and the visibility (H, W) of a pair of images."""
        ...


@dataclass(frozen=True)
class DataSet(ABC, Generic[D]):
    """A data set under its settings. Small and picklable: it travels to the workers."""

    settings: D
    context: DataContext
    has: frozenset[Annotation]
    """Annotations that come with it, from its row in the table."""

    @abstractmethod
    def listing(self) -> Listing:
        """List images, persons, splits and pairs as they are on disk now, without opening a picture."""

    @abstractmethod
    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Read an image, crop it to the box where a finder is given, resize it.

        Raises:
            BadSample: the picture cannot be used.
        """

    @cached_property
    def paths(self) -> list[str]:
        """Paths of all images below the root, as ingest recorded them: what a worker reads does not change under it."""
        return decode_strings(Store(self.context.workspace, "ingest").table("path", np.uint8))

    @property
    def root(self) -> Path | None:
        """The folder of the photographs; None where images are rendered."""
        return None

    @property
    def folder(self) -> Path | None:
        """The folder of the files that images are read or rendered from; None where there are none."""
        return self.root

    def probe(self, file: Path) -> Profile:
        """Read a file as `read` does and return its colour profile; raises BadSample where it cannot be used."""
        return read_picture(file, self.context.max_pixels).profile

    def check_output(self, folder: Path, listing: Listing) -> None:
        """Check that pictures may be written below a folder, by the ids of the images that are listed.

        Raises:
            PtxError: they would replace photographs, or be taken for photographs by the next run.
        """
        if self.root is None:
            return
        real = folder.resolve()
        own = [one.resolve() for one in self.context.own_folders]
        inside = real.is_relative_to(self.root.resolve()) and not any(real.is_relative_to(one) for one in own)
        photographs = {(self.root / parent).resolve() for parent in {Path(path).parent for path in listing.paths}}
        written = {(folder / parent).resolve() for parent in {Path(name).parent for name in listing.ids}}
        if inside or photographs & written:
            raise PtxError(f"{folder}: holds the photographs of data.root, or lies among them: write to another folder")

    @property
    def layout(self) -> str:
        """Layout of files that makes pairs, in words, for the message that there are none."""
        return "two pictures of a person, or more"

    @property
    def published_table(self) -> str:
        """The data set of the field whose table its scores belong into: deepfashion or market1501; else its own kind."""
        return self.settings.kind

    @property
    def published_counts(self) -> tuple[PairCount, ...]:
        """Numbers of pairs that papers state of this data set, to hold one's own against."""
        return ()

    def published_split(self, listing: Listing) -> bool:  # noqa: ARG002
        """True if the field has published this split: persons in training and in testing are then counted, elsewhere refused."""
        return False

    def keypoint_name(self, name: str) -> str:
        """Translate a picture's name in a table of keypoints into its path or id."""
        return name

    def keypoint_source(self) -> KeypointSource:
        """Open the keypoints that come with the data set."""
        raise NotImplementedError

    def label_source(self) -> LabelSource:
        """Open the garment labels that come with the data set."""
        raise NotImplementedError

    def silhouette(self, index: int) -> NDArray[np.uint8] | None:  # noqa: ARG002
        """Return how much of each pixel (H, W) of an image is the person's, 0 to 255; None where labels are all that is known."""
        return None

    def flow_source(self) -> FlowMaps:
        """Open the body parts, flow and visibility that come with the data set."""
        raise NotImplementedError

    def exact_flow(self) -> ExactFlow:
        """Open the exact flow, for the evaluation."""
        raise NotImplementedError


class ImageIndex(Protocol):
    """The images that a folder holds, as its reader knows them without opening one."""

    @property
    def ids(self) -> Sequence[str]:
        """Name of every image."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """Path of every image below the root."""
        ...

    @property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each image's person."""
        ...

    @property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 0 training, 1 testing."""
        ...

    @property
    def digest(self) -> str:
        """Digest of the images, the pairs and the split."""
        ...

    @property
    def state(self) -> str | None:
        """Digest of sizes and modification times of all files that are read; None where `digest` says so too."""
        ...

    @property
    def stamps(self) -> NDArray[np.int64] | None:
        """(N, 2) as `Listing.stamps`."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Lines for the user on what is in the folder and takes no part."""
        ...

    def pairs(self) -> NDArray[np.int32]:
        """Return the directed pairs (P, 2): target, source."""
        ...


@dataclass(frozen=True)
class PhotographSet(DataSet[D]):
    """A data set of picture files below a folder."""

    @abstractmethod
    def index(self) -> ImageIndex:
        """Read the folder as it is now."""

    @property
    @abstractmethod
    def root(self) -> Path:
        """The folder of the photographs."""

    def listing(self) -> Listing:
        """List the folder as it is now."""
        index = self.index()
        listing = Listing(
            index.ids,
            index.paths,
            index.persons,
            index.splits,
            index.pairs(),
            index.digest,
            index.state,
            index.stamps,
            index.notes,
        )
        shared = persons_in_both(listing.persons.tolist(), listing.splits)
        if not shared or not self.published_split(listing):
            return listing
        return replace(
            listing, notes=[*listing.notes, f"persons in training and in testing, as published: {len(shared)}"]
        )

    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Read, crop and resize a picture file."""
        path = self.paths[index]
        image = read_image(self.root / path, self.context.max_pixels)
        box = find_box(image, path) if find_box else None
        working, transform = crop_and_resize(image, box, self.context.size)
        return WorkingImage(working, transform, (image.shape[0], image.shape[1]))


@dataclass(frozen=True)
class DataSetKind:
    """The row that declares a data set, in ptx's table or as an entry point of the group `ptx.data_sets`."""

    kind: str
    """Value of the setting `data.kind`."""
    settings: type[DataSettings]
    """Section `data` of this kind."""
    reader: str
    """Its `DataSet`, as "module:class"; imported when it is opened."""
    has: frozenset[Annotation] = frozenset()
    """Annotations that come with it."""

    def open(self, settings: DataSettings, context: DataContext) -> DataSet[DataSettings]:
        """Make the data set."""
        module, _, name = self.reader.partition(":")
        reader: type[DataSet[DataSettings]] = getattr(import_module(module), name)
        return reader(settings, context, self.has - settings.lacks)
