"""Fitting the body to 2D (and optionally 3D) keypoints: `energy` says what is minimised, `priors` what is assumed."""

from ptx.geometry.fitting.fit import Fit, FitOptions, fit, judge

__all__ = ["Fit", "FitOptions", "fit", "judge"]
