"""Fit the body to 2D (and optionally 3D) keypoints: `energy` is what is minimised, `priors` what is assumed."""

from ptx.geometry.fitting.checks import Fit, FitIssue, FitProblem, check_fit
from ptx.geometry.fitting.fit import fit
from ptx.geometry.fitting.options import FitOptions

__all__ = ["Fit", "FitIssue", "FitOptions", "FitProblem", "check_fit", "fit"]
