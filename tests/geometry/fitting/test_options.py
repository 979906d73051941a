"""Options of a fit reach the search that runs."""

from __future__ import annotations

from dataclasses import fields

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.options import COARSE_TOLERANCE


def test_options_are_those_of_the_search() -> None:
    search = FitOptions(
        iterations=31, coarse_iterations=9, starts=3, keep=1, tolerance=2e-3, sigma=0.02, sigma_3d=0.05
    ).search()
    assert (search.starts, search.keep) == (3, 1)
    assert (search.fine.iterations, search.fine.tolerance) == (31, 2e-3)
    assert (search.coarse.iterations, search.coarse.tolerance) == (9, COARSE_TOLERANCE)
    assert (search.fine.sigmas.keypoint, search.fine.sigmas.keypoint3d) == (0.02, 0.05)


def test_coarse_is_wider_for_keypoints_and_the_same_for_priors() -> None:
    search = FitOptions().search()
    coarse, fine = search.coarse.sigmas._asdict(), search.fine.sigmas._asdict()
    for name in fine:
        assert coarse[name] > fine[name] if name.startswith("keypoint") else coarse[name] == fine[name]


def test_every_option_counts() -> None:
    """None is left that nothing reads: the search, or the checks of `checks`."""
    searched = {"iterations", "coarse_iterations", "starts", "keep", "tolerance", "sigma", "sigma_3d"}
    checked = {"max_residual", "max_energy", "min_keypoints", "min_confidence"}
    assert {field.name for field in fields(FitOptions)} == searched | checked
