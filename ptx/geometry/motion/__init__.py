"""Bodies fitted to a clip: `motion` is what is called, `solver` what is minimised, `smoothness` what joins the frames."""

from ptx.geometry.motion.motion import Motion, Observed, fit_motion
from ptx.geometry.motion.options import MotionOptions
from ptx.geometry.motion.smooth_hands import smooth_hands

__all__ = ["Motion", "MotionOptions", "Observed", "fit_motion", "smooth_hands"]
