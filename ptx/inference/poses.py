"""Poses of photographs as arrays and bodies, in px of the photograph: `ptx.read_pose` and `ptx.fit`."""

from __future__ import annotations

from pathlib import Path

from ptx.datasets.images import MAX_PIXELS, apply_transform, invert_transform
from ptx.datasets.openpose_files import read_pose as read_openpose
from ptx.geometry.body import load_body
from ptx.geometry.keypoints import mask_outside
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.animation import in_photograph
from ptx.inference.given import Keypoints, Photograph, name_of, photograph_of
from ptx.inference.person import PersonReader
from ptx.inference.surface import SIZE
from ptx.inference.view import fit_person
from ptx.pipeline.errors import BadSample, PtxError


def read_pose(source: Photograph) -> Keypoints:
    """Read the keypoints of a photograph's most prominent person, or of OpenPose's JSON.

    Args:
        source: a photograph, as a file or as pixels (H, W, 3) uint8 RGB; or OpenPose's JSON file of one, of which the largest person
            is taken.

    Returns:
        (18, 3) float32: x, y px of the photograph, confidence, in the order of OpenPose's COCO-18. A missing keypoint is NaN, NaN, 0.

    Raises:
        PtxError: it is neither, or shows nobody; one line that names it.

    Example:
        >>> import ptx
        >>> nose = ptx.read_pose("docs/poses/dance.json")[0]
        >>> print(nose)
        [255.2 201.8   1. ]
        >>> ptx.read_pose(ptx.EXAMPLE).shape  # found by the detector that comes with ptx
        (18, 3)
    """
    if not isinstance(source, str | Path) or photograph_of(source) is not None:
        person = _reader().person(source)
        points = person.keypoints.copy()
        points[:, :2] = apply_transform(invert_transform(person.transform), points[:, :2])
        return mask_outside(points, person.original.shape[:2])
    try:
        return read_openpose(Path(source)).keypoints
    except BadSample as error:
        raise PtxError(f"{source}: {error}") from None


def fit(photograph: Photograph, keypoints: Keypoints | None = None, *, body: str = "builtin") -> FittedBody:
    """Fit a body model to the most prominent person of a photograph.

    Args:
        photograph: a file, or pixels (H, W, 3) uint8 RGB.
        keypoints: (18, 3) x, y px of the photograph, confidence, of the person, such as from `read_pose`; None: the detector finds
            them, with face, hands and feet.
        body: `builtin` (CC0), `small` (the same with fewer vertices, fast), or the file of an SMPL, SMPL-H or SMPL-X model.

    Returns:
        The body in px of the photograph: `pose` (24, 3) axis-angle, `betas` (10,), weak-perspective `camera` (3,), `vertices` (V, 3)
        metres, `points` (V, 3) px and depth, `keypoints` (18, 3); `turned(yaw)` is the same person from another side.

    Raises:
        PtxError: it is no picture, or shows nobody or too little of a person; or the body cannot be read; one line.

    Example:
        >>> import ptx
        >>> fitted = ptx.fit(ptx.EXAMPLE, body="small")
        >>> fitted.pose.shape, fitted.betas.shape, fitted.size
        ((24, 3), (10,), (765, 373))
        >>> wrist = abs(fitted.keypoints - ptx.read_pose(ptx.EXAMPLE))[4, :2]
        >>> bool(wrist.max() < 20)  # px, in a photograph of 765
        True
    """
    try:
        model = load_body(body)
    except (OSError, ValueError) as error:
        raise PtxError(f"body: {error}") from error
    person = _reader().person(photograph, keypoints)
    try:
        fitted = fit_person(person, model)
    except BadSample as error:
        raise PtxError(f"{name_of(photograph)}: {error}") from None
    height, width = person.original.shape[:2]
    return in_photograph(fitted, person.transform, (height, width), (height, width))


def _reader() -> PersonReader:
    return PersonReader(SIZE, MAX_PIXELS)
