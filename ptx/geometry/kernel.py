"""The decorator of all numba kernels: typed, so that calls of kernels are checked like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function with numba when it is first called; machine code is cached on disk, and the GIL is released."""
    compiled: Callable[P, R] = njit(cache=True, nogil=True)(function)
    return compiled
