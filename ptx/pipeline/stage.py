"""Stages: arrays in, arrays out, a pure function between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.config import Section
from ptx.pipeline.errors import BadSample, Problem
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.storage.arrays import ArraySpec, Codec, Scalar

__all__ = ["ArraySpec", "Block", "Codec", "Listing", "Process", "Result", "S", "Stage", "each_sample"]

S = TypeVar("S", bound=Section, covariant=True)


@dataclass(frozen=True)
class Listing:
    """The contents of a data set: everything known without opening a single image."""

    ids: Sequence[str]
    paths: Sequence[str]
    """Path of each image relative to the data set's root; empty strings where nothing is on disk."""
    persons: NDArray[np.int32]
    """(N,) number of the person that each image shows."""
    splits: NDArray[np.uint8]
    """(N,) 0 train, 1 test."""
    pairs: NDArray[np.int32]
    """(P, 2) directed pairs: target image, source image."""
    digest: str
    """Digest of images, persons, splits and pairs."""
    state: str | None = None
    """Digest of sizes and modification times of all files that are read (`files_digest`): it changes when one is replaced. None where
    `digest` says so too, or where nothing is on disk."""
    stamps: NDArray[np.int64] | None = None
    """(N, 2) bytes and modification time in ns of the file of each image, -1 where there is none. None where images are rendered, or
    where `state` watches more than their files."""
    notes: Sequence[str] = ()
    """Lines for the user on what is on disk and takes no part."""


@dataclass(frozen=True)
class Block:
    """The samples of one block that can be computed, with everything their stage reads.

    For a stage over images every array in `arrays` has one row a sample. For a stage over pairs, arrays of image stores have one row for
    each *distinct image* of the block, found through `target` and `source`.
    """

    index: NDArray[np.int64]
    """(n,) number of each sample in the whole data set."""
    arrays: Mapping[str, NDArray[np.generic]]
    """Input arrays by "store.array"."""
    per_sample: frozenset[str]
    """Names of the arrays with one row a sample (all, but for image stores read by a stage over pairs)."""
    target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    source: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.index)

    def array(self, name: str, kind: type[Scalar]) -> NDArray[Scalar]:
        """Return an input array, whose type is known to be `kind`, such as `np.float32`."""
        return np.asarray(self.arrays[name], kind)

    def only(self, position: int) -> Block:
        """The block that holds just one of the samples (the distinct images of a pair stage stay as they are)."""
        keep = slice(position, position + 1)
        arrays = {name: array[keep] if name in self.per_sample else array for name, array in self.arrays.items()}
        return Block(self.index[keep], arrays, self.per_sample, self.target[keep], self.source[keep])


@dataclass(frozen=True)
class Result:
    """The output of a stage for a block: one row a sample, and the samples that cannot be used."""

    arrays: Mapping[str, NDArray[np.generic]]
    problems: Mapping[int, Problem] = field(default_factory=dict)
    """Position in the block → why it cannot be used; its rows in `arrays` are ignored."""


Process = Callable[[Block], Result]
"""Computes a block. Pure: the same block gives the same bytes."""


@dataclass(frozen=True)
class Stage(ABC, Generic[S]):
    """A data stage with its settings: arrays in, arrays out, a pure function between them.

    Instances are small and picklable: they travel to the workers, where `open` loads what the work needs. Modules of stages import
    neither numba nor torch; what needs them is imported in `open`.
    """

    settings: S
    """The stage's own section."""

    name: ClassVar[str]
    """Name as in `ptx run NAME`."""
    store: ClassVar[str]
    """Name of the store it writes."""
    version: ClassVar[int] = 1
    """Raised by hand when the same inputs and settings begin to give other arrays."""
    over: ClassVar[Literal["images", "pairs"]] = "images"
    """Samples are images, or directed pairs."""
    file_dependencies: ClassVar[tuple[str, ...]] = ()
    """Dependencies that are the state of all files that samples are read from one by one (`stamps`). A store stays current while only files
    differ that it could not use."""
    counted: ClassVar[tuple[str, ...]] = ()
    """Arrays of 0 or 1 a sample of which `ptx status` counts the ones."""
    switch: ClassVar[str] = ""
    """The setting by which it applies, where that is not the path of its section, for messages."""
    cost: ClassVar[float] = 0.01
    """Seconds a sample on one core: the guess of a dry run before anything was measured."""

    @property
    @abstractmethod
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Settings that the results depend on, by their name in the settings file, its own section included."""

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """Anything else the results depend on (the digest of a body model, the state of a folder of files), by name."""
        return {}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """Dependencies that earlier versions of ptx noted otherwise: what they noted of the state of now, None for nothing.

        A store whose manifest differs in these alone stays current.
        """
        return {}

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:  # noqa: ARG002
        """Look at the files that samples are read from, one a sample: (N, 2) as `Listing.stamps`; None where there is no such file.

        Args:
            paths: of all images, as listed now.
        """
        return None

    def note(self, noted: Mapping[str, Json]) -> str | None:  # noqa: ARG002
        """Return a line for the user that every run of the stage says; its store noted these dependencies, none where there is none."""
        return None

    @property
    @abstractmethod
    def outputs(self) -> Mapping[str, ArraySpec]:
        """The arrays it writes."""

    @abstractmethod
    def open(self) -> Process:
        """Load what the work needs, once a process, and return the function of a block."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Arrays it reads, as "store.array"."""
        return ()

    @property
    def listing(self) -> Listing | None:
        """The data set, for the one stage at the pipeline's start; None elsewhere."""
        return None

    @property
    def applies(self) -> bool:
        """False where the stage has no meaning under these settings; `ptx run all` leaves it out."""
        return True

    @property
    def how_to_apply(self) -> str:
        """The setting that gives it a meaning."""
        return self.switch or f"{self.name.replace('-', '_')}.path"

    @property
    def input_stores(self) -> tuple[str, ...]:
        """Names of the stores it reads, each once."""
        return tuple(dict.fromkeys(name.split(".")[0] for name in self.inputs))


def each_sample(block: Block, compute: Callable[[int], None]) -> dict[int, Problem]:
    """Call `compute` with the position of every sample of a block; returns the problems of those that raise BadSample."""
    problems: dict[int, Problem] = {}
    for position in range(len(block)):
        try:
            compute(position)
        except BadSample as error:
            problems[position] = error.problem
    return problems
