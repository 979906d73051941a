"""Visibility labels of a target pixel: whether the source image shows the body point that the pixel shows.

Plain integers, as they are stored in (H, W) uint8 maps; importing them costs nothing. Every label below `BACKGROUND` is on the body.
"""

from __future__ import annotations

VISIBLE = 0
"""On the body, and the source shows the same body point."""

HIDDEN = 1
"""On the body, but the point is occluded in the source or outside its frame."""

BACKGROUND = 2
"""Not on the body."""
