"""Motion of a body: poses one after another, from an .npz or .bvh file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.avatar.bvh import read_bvh
from ptx.avatar.retarget import retarget
from ptx.geometry.joints import JOINT_COUNT
from ptx.pipeline.errors import PtxError, one_line

MOTION_FILES = (".npz", ".bvh")
"""Endings of files of motions."""

MOST_POSES = 100_000
"""Most poses of a clip: an hour at 25 a second."""

USUAL_FPS = 25.0
"""Rate of a clip of one pose."""


class Clip(NamedTuple):
    """T poses of a body, evenly spaced in time."""

    name: str
    poses: NDArray[np.float64]
    """(T, 24, 3) axis-angle, radians, SMPL's joints, each relative to its parent."""
    root: NDArray[np.float64]
    """(T, 3) metres by which the body is moved: x to its left, y up, z forward."""
    times: NDArray[np.float32]
    """(T,) seconds, increasing from 0."""

    @property
    def fps(self) -> float:
        """Poses a second."""
        return float((len(self.times) - 1) / self.times[-1]) if len(self.times) > 1 else USUAL_FPS

    def between(self, start: float, end: float | None, fps: float | None) -> Clip:
        """Return the poses from one time to another, at a rate: the nearest ones; None: the end, and the clip's own rate.

        Raises:
            PtxError: there are none.
        """
        rate, length = fps or self.fps, len(self.poses) / self.fps
        last = length if end is None else min(end, length)
        times = np.arange(max(0, round((last - start) * rate))) / rate
        if not 0 <= start < length or not len(times):
            raise PtxError(f"{self.name}: from {start:g} s to {last:g} s there is nothing: it is {length:g} s long")
        at = np.minimum(np.rint((start + times) * self.fps).astype(int), len(self.poses) - 1)
        return Clip(self.name, self.poses[at], self.root[at], times.astype(np.float32))


def read_clip(path: Path) -> Clip:
    """Read a motion; the clip's name is the file's.

    A .bvh is brought to SMPL's joints, see `retarget`. Anything else is an .npz of the arrays `poses` (T, 24, 3), `root` (T, 3) and `fps`,
    poses a second.

    Raises:
        PtxError: there is no such file, or it is no clip; one line.
    """
    if path.suffix.lower() == ".bvh":
        bvh = read_bvh(path)
        try:
            moved, root = retarget(bvh)
        except PtxError as error:
            raise PtxError(f"{path}: is no person's motion that is understood: {error}") from None
        return _checked(str(path), path.stem, moved, root, np.array(bvh.fps))
    return _read_npz(path)


def _read_npz(path: Path) -> Clip:
    try:
        with np.load(path, allow_pickle=False) as file:
            given = {key: file[key] for key in ("poses", "root", "fps")}
        poses, root, fps = (np.asarray(given[key], np.float64) for key in ("poses", "root", "fps"))
    except FileNotFoundError:
        raise PtxError(f"{path}: is not there") from None
    except KeyError as error:
        raise PtxError(f"{path}: lacks what a clip needs: poses (T, 24, 3), root (T, 3), fps ({error})") from None
    except Exception as error:  # a damaged file can raise anything
        raise PtxError(f"{path}: cannot be read as .npz of plain arrays ({one_line(error)})") from None
    return _checked(str(path), path.stem, poses, root, fps)


def _checked(
    path: str, name: str, poses: NDArray[np.float64], root: NDArray[np.float64], fps: NDArray[np.float64]
) -> Clip:
    """Return a clip; raises PtxError, which calls it `path`, where it is none."""
    count = len(poses) if poses.ndim else 0
    if poses.shape != (count, JOINT_COUNT, 3) or not 1 <= count <= MOST_POSES:
        raise PtxError(f"{path}: poses {poses.shape} must be (T, {JOINT_COUNT}, 3) with T up to {MOST_POSES:,}")
    if root.shape != (count, 3):
        raise PtxError(f"{path}: root {root.shape} must be ({count}, 3), one place in metres a pose")
    if not (np.isfinite(poses).all() and np.isfinite(root).all()):
        raise PtxError(f"{path}: poses or root have numbers that are not finite")
    if fps.size != 1 or not (np.isfinite(fps).all() and (fps > 0).all()):
        raise PtxError(f"{path}: fps must be one number above 0, poses a second")
    with np.errstate(over="ignore"):
        times = (np.arange(count) / fps.reshape(())).astype(np.float32)
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise PtxError(f"{path}: fps {float(fps.reshape(())):g} gives no times that can be told apart")
    return Clip(name, poses, root, times)
