"""What a stage declares: arrays in, arrays out, a pure function between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

State = Any
"""What `Stage.open` made: opened once a process, e.g. a body model or a detector."""


@dataclass(frozen=True)
class Codec:
    """Blosc settings of an array. zstd packs better, lz4 is faster."""

    name: Literal["zstd", "lz4"] = "zstd"
    level: int = 1


@dataclass(frozen=True)
class ArraySpec:
    """One output array, as seen for one sample."""

    shape: tuple[int, ...]
    """Shape of one sample."""
    dtype: str
    """NumPy dtype, e.g. "u1", "i2", "f4"."""
    fill: float = 0
    """Value of quarantined and skipped samples."""
    low: float | None = None
    """Smallest value `ptx verify` accepts."""
    high: float | None = None
    """Largest value `ptx verify` accepts."""
    nan: bool = False
    """NaN stands for "missing" and is accepted."""
    codec: Codec = Codec()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Written beside the array, e.g. units and the CF `scale_factor`."""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample before compression."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Listing:
    """What a data set holds: everything known without opening a single image."""

    ids: Sequence[str]
    paths: Sequence[str]
    """Where each image is, relative to the data set's root; empty strings where nothing is on disk."""
    persons: NDArray[np.int32]
    """(N,) number of the person that each image shows."""
    splits: NDArray[np.uint8]
    """(N,) 0 train, 1 test."""
    pairs: NDArray[np.int32]
    """(P, 2) directed pairs: target image, source image."""
    digest: str
    """Changes when an image is added, removed or replaced."""


@dataclass(frozen=True)
class Block:
    """The samples of one block that can be computed, with everything their stage reads.

    For a stage over images every array in `arrays` has one row a sample. For a stage over pairs, arrays of image stores have one row for
    each *distinct image* of the block, found through `target` and `source`.
    """

    index: NDArray[np.int64]
    """(n,) number of each sample in the whole data set."""
    arrays: Mapping[str, NDArray[Any]]
    """Input arrays by "store.array"."""
    per_sample: frozenset[str]
    """Names of the arrays with one row a sample (all, but for image stores read by a stage over pairs)."""
    target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    source: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def only(self, position: int) -> Block:
        """The block that holds just one of the samples (the distinct images of a pair stage stay as they are)."""
        keep = slice(position, position + 1)
        arrays = {name: array[keep] if name in self.per_sample else array for name, array in self.arrays.items()}
        return Block(self.index[keep], arrays, self.per_sample, self.target[keep], self.source[keep])


@dataclass(frozen=True)
class Result:
    """What a stage gives back: one row a sample of the block, and the samples that could not be done."""

    arrays: Mapping[str, NDArray[Any]]
    problems: Mapping[int, str] = field(default_factory=dict)
    """Position in the block → "code: what is wrong, in plain words"; its rows in `arrays` are ignored."""


class Stage(ABC):
    """A step of the pipeline. Subclasses are stateless and live at module level, so that workers can import them."""

    name: ClassVar[str]
    """As in `ptx run NAME`."""
    store: ClassVar[str]
    """Name of the store it writes."""
    version: ClassVar[int]
    """Raised by hand when the same inputs and settings begin to give other arrays."""
    over: ClassVar[Literal["images", "pairs"]] = "images"
    inputs: ClassVar[tuple[str, ...]] = ()
    """Arrays it reads, as "store.array"."""
    settings: ClassVar[tuple[str, ...]] = ()
    """Top-level settings that its results depend on, its own section included."""
    cost: ClassVar[float] = 0.01
    """Seconds a sample on one core: the guess of a dry run before anything was measured."""

    @abstractmethod
    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """The arrays it writes under these settings."""

    def open(self, settings: Any) -> State:  # noqa: ARG002
        """Whatever is worth opening once a process."""
        return None

    @abstractmethod
    def process(self, block: Block, settings: Any, state: State) -> Result:
        """Compute a block. Pure: the same block and settings give the same bytes."""

    def dependencies(self, settings: Any) -> dict[str, Any]:  # noqa: ARG002
        """Whatever else the results depend on (a digest of the body model, of a folder of keypoint files), by name."""
        return {}

    def listing(self, settings: Any) -> Listing | None:  # noqa: ARG002
        """The data set, for the one stage at the pipeline's start; None elsewhere."""
        return None

    def applies(self, settings: Any) -> bool:  # noqa: ARG002
        """Whether the stage has a meaning under these settings; `ptx run all` leaves it out where not."""
        return True

    @property
    def input_stores(self) -> tuple[str, ...]:
        """Names of the stores it reads, each once."""
        return tuple(dict.fromkeys(name.split(".")[0] for name in self.inputs))
