"""Arrays of pickles, read without the libraries that wrote them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from ptx.geometry.safe_pickle import load_pickle, numbers


@pytest.mark.parametrize("shape", [(7, 3), (3, 7)])
def test_sparse_matrices(shape: tuple[int, int], tmp_path: Path) -> None:
    """Tall and wide, with numbers in the first row and the last column: SciPy's own dense array of them."""
    dense = np.random.default_rng(0).uniform(1, 2, shape) * (np.indices(shape).sum(0) % 2 == 0)
    dense[-1, -1] = 5
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"J_regressor": sparse.csc_matrix(dense)}, protocol=2))
    np.testing.assert_array_equal(numbers(load_pickle(path)["J_regressor"]), dense)


@pytest.mark.parametrize("shape", [(7, 3), (3, 7)])
@pytest.mark.parametrize("beyond", [False, True])
def test_sparse_matrices_with_rows_that_are_not_there(shape: tuple[int, int], beyond: bool, tmp_path: Path) -> None:
    matrix = sparse.csc_matrix(np.ones(shape))
    matrix.indices[4] = shape[0] if beyond else -1
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"J_regressor": matrix}, protocol=2))
    with pytest.raises(pickle.UnpicklingError, match=f"a sparse matrix of {shape[0]} rows with other ones"):
        numbers(load_pickle(path)["J_regressor"])
