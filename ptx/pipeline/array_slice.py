"""A slice of a stage's blocks: the share of one task of a job array, computed without a scheduler process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError


@dataclass(frozen=True)
class ArraySlice:
    """The `number`-th of `of` slices, from 1. Together they are all blocks; each block is in one of them."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> ArraySlice:
        """Read a slice as in "3/16".

        Raises:
            PtxError: the text is none.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise PtxError(f"--part {text}: say which of how many, such as 3/16")
        return cls(int(number), int(of))

    def select(self, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some blocks that are in this slice: every `of`-th, so that slices take about as long."""
        own: NDArray[np.int64] = blocks[blocks % self.of == self.number - 1]
        return own


WHOLE = ArraySlice()
"""The slice that is all blocks."""
