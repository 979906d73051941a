"""Bodies of a user's file posed by the `smplx` package itself: what ptx's own posing of that file is held against.

SMPL's, SMPL-H's and SMPL-X's files may not be passed on, so that no test of ptx can hold them against anything. Instead the file that a
user names is posed both ways before the first body is fitted with it. smplx gets the arrays as they were read, without running anything
that the file says (`smpl_pickle`), and as the format has them: 52 or 55 joints with all their pose blend shapes, not folded to 24.
The bodies that come with ptx are held against smplx by its tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import SHAPES, SHIPPED, FloatArray, build_body, read_body_arrays
from ptx.geometry.body_formats import COMMON, FORMATS, Arrays, pose_shape_count
from ptx.geometry.hands import FINGER_JOINTS
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.skinning import pose_vertices

TOLERANCE = 1e-4
"""Largest difference of a coordinate, metres: a hundred times what rounding of float32 makes."""

POSES = 4
"""Number of bodies that are compared."""

ANGLE = 0.5
"""Standard deviation of their joints' axis-angle components, radians."""


def check_against_smplx(spec: str) -> None:
    """Pose a body file by smplx and by ptx, in a few poses and shapes.

    Args:
        spec: as for `load_body`; of the bodies that come with ptx nothing is done, and smplx is not imported.

    Raises:
        ValueError: they differ by more than `TOLERANCE`, or the file is no body; one line.
    """
    if spec in SHIPPED:
        return
    path = Path(os.path.expanduser(spec))
    arrays = read_body_arrays(path)
    body = build_body(arrays)
    rng = np.random.default_rng(0)
    pose = rng.normal(0, ANGLE, (POSES, JOINT_COUNT, 3))
    betas = rng.normal(0, 1, (POSES, SHAPES))
    fingers = None
    if arrays["kintree_table"].shape[1] != JOINT_COUNT:
        pose[:, COMMON:] = 0  # turned hands are SMPL's only
        fingers = None if body.hands is None else rng.normal(0, ANGLE, (POSES, FINGER_JOINTS, 3))
    difference = np.abs(pose_vertices(body, pose, betas, fingers) - smplx_vertices(arrays, pose, betas, fingers)).max()
    if not difference <= TOLERANCE:
        raise ValueError(
            f"{path}: posed by ptx and by smplx it differs by {difference:.2g} m; download the file again, and if it is the same then, "
            "report it as a defect of ptx"
        )


def smplx_vertices(
    arrays: Arrays, pose: NDArray[np.float64], betas: NDArray[np.float64], hands_pose: NDArray[np.float64] | None = None
) -> FloatArray:
    """Pose a body by the function of smplx that its classes SMPL, SMPLH and SMPLX all pose with.

    Args:
        arrays: of a file of SMPL, SMPL-H or SMPL-X, by SMPL's names.
        pose: (N, 24, 3) axis-angle, radians. Of SMPL-H and SMPL-X jaw and eyes are at rest, and the hands' joints must be 0.
        betas: (N, 10).
        hands_pose: (N, 30, 3) axis-angle, radians, of the fingers of SMPL-H and SMPL-X; None: at rest.

    Returns:
        (N, V, 3) vertices, metres.
    """
    import torch  # here, because it takes seconds to import
    from smplx.lbs import lbs

    def tensor(array: NDArray[np.number]) -> torch.Tensor:
        return torch.tensor(np.asarray(array, np.float32))

    parents = torch.tensor(arrays["kintree_table"][0].astype(np.int64))
    parents[0] = -1
    turned = np.zeros((len(pose), len(parents), 3))
    known = JOINT_COUNT if FORMATS[len(parents)] == "SMPL" else COMMON
    turned[:, :known] = pose[:, :known]
    if hands_pose is not None:
        turned[:, -FINGER_JOINTS:] = hands_pose
    shapes = arrays["shapedirs"][:, :, :SHAPES]
    bends = arrays.get("posedirs", np.zeros((*arrays["v_template"].shape, pose_shape_count(len(parents))), np.float32))
    with torch.no_grad():
        vertices: torch.Tensor = lbs(
            tensor(betas[:, : shapes.shape[2]]),
            tensor(turned),
            tensor(arrays["v_template"])[None],
            tensor(shapes),
            tensor(bends.reshape(-1, bends.shape[-1]).T),
            tensor(arrays["J_regressor"]),
            parents,
            tensor(arrays["weights"]),
        )[0]
    out: FloatArray = vertices.numpy()
    return out
