"""The decorator of kernels: the function's values, compiled, cached and without the GIL."""

from __future__ import annotations

import numpy as np
from numba.core.dispatcher import Dispatcher

from ptx.geometry import camera, keypoints, mesh
from ptx.geometry.kernel import kernel


def _twice(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += 2 * value
    return total


def test_a_kernel_computes_what_the_function_does() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert kernel(_twice)(values) == _twice(values)


def test_kernels_are_compiled_without_the_gil() -> None:
    compiled = mesh.interpolate
    assert isinstance(compiled, Dispatcher)
    assert compiled.targetoptions["nogil"]
    assert compiled.targetoptions["nopython"]
    assert type(compiled._cache).__name__ == "FunctionCache"


def test_what_needs_no_kernel_has_none() -> None:
    assert not any(isinstance(value, Dispatcher) for module in (camera, keypoints) for value in vars(module).values())
