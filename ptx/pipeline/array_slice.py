"""A part of a stage's blocks: what one job of an array computes, without a scheduler process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError


@dataclass(frozen=True)
class Part:
    """The `number`-th of `of` parts, from 1. Together they are all blocks; each block is in one of them."""

    number: int = 1
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Part:
        """A part as in "3/16".

        Raises:
            PtxError: it is none.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise PtxError(f"--part {text}: say which of how many, such as 3/16")
        return cls(int(number), int(of))

    def blocks(self, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some blocks that are in this part: every `of`-th, so that parts take about as long."""
        return blocks[blocks % self.of == self.number - 1]
