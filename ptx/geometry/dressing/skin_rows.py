"""Derivatives of points of the skin by a fit's unknowns, and the rows that they add to its normal equations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.fitting.kinematics import clear_matrix
from ptx.geometry.fitting.model import BETAS, CX, CY, LOG_SCALE, ROOT_TURN, FitModel, PosedSkeleton
from ptx.geometry.fitting.normal_equations import System, add_row
from ptx.geometry.kernel import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Skin(NamedTuple):
    """A shaped body in rest and what moves it."""

    rest: Floats
    """(V, 3) vertices, metres."""
    dirs: NDArray[np.float32]
    """(V, 3, 10) their derivative by the betas."""
    joints: NDArray[np.int32]
    """(V, 4) joints that move each vertex, heaviest first."""
    weights: NDArray[np.float32]
    """(V, 4) their weights."""
    joint_rest: Floats
    """(24, 3) joints, metres."""
    joint_dirs: Floats
    """(24, 3, 10) their derivative by the betas."""


class SkinPoints(NamedTuple):
    """Points of the skin that are drawn along lines in the picture."""

    vertices: NDArray[np.int32]
    """(M, 3) vertices of the face that a point is on."""
    weights: Floats
    """(M, 3) barycentric weights."""
    direction: Floats
    """(M, 2) unit vectors, y up."""
    residual: Floats
    """(M,) metres at the body by which a point is too far in that direction."""
    weight: Floats
    """(M,) of its square, 1/metres²."""


def shaped_skin(body: Body, betas: Floats, offset: NDArray[np.floating] | None) -> Skin:
    """Shape a body in rest, with displacements (V, 3) of its vertices."""
    joints, weights = body.rig.joints, body.rig.weights
    rest = body.v_template + np.tensordot(body.shapedirs, betas.astype(np.float32), 1)
    return Skin(
        rest=(rest if offset is None else rest + offset).astype(np.float64),
        dirs=body.shapedirs,
        joints=joints,
        weights=weights,
        joint_rest=body.joint_template + body.joint_shapedirs @ betas,
        joint_dirs=body.joint_shapedirs.astype(np.float64),
    )


@kernel
def add_skin_rows(
    model: FitModel, posed: PosedSkeleton, params: Floats, skin: Skin, drawn: SkinPoints, system: System
) -> None:
    """Add the rows of points on the skin to a system, after `normal_equations` at the same state."""
    columns = posed.jacobian.shape[2]
    scale = np.exp(params[LOG_SCALE])
    jacobian, point, row = np.zeros((3, columns)), np.zeros(3), np.zeros(len(system.gradient))
    for m in range(len(drawn.residual)):
        if drawn.weight[m] == 0.0:
            continue
        clear_matrix(jacobian)
        for i in range(3):
            point[i] = 0.0
        for corner in range(3):
            _add_vertex(model, posed, skin, drawn.vertices[m, corner], drawn.weights[m, corner], point, jacobian)
        x, y = drawn.direction[m, 0], drawn.direction[m, 1]
        for p in range(columns):
            row[p] = scale * (x * jacobian[0, p] + y * jacobian[1, p])
        row[LOG_SCALE] = scale * (x * point[0] + y * point[1])
        row[CX] = x
        row[CY] = y
        add_row(row, drawn.residual[m], drawn.weight[m], system.hessian, system.gradient)


@kernel
def _add_vertex(
    model: FitModel, posed: PosedSkeleton, skin: Skin, vertex: int, share: float, point: Floats, jacobian: Floats
) -> None:
    """Add a share of a vertex to a point (3,), and of its derivative to a Jacobian (3, 3 + D + 10)."""
    prior, parents = model.prior, model.skeleton.parents
    origin, first_beta = posed.joints[0], jacobian.shape[1] - BETAS
    for k in range(skin.joints.shape[1]):
        weight = share * skin.weights[vertex, k]
        if weight == 0.0:
            break
        joint = np.int64(skin.joints[vertex, k])
        r, t = posed.rotations[joint], posed.joints[joint]
        ax = skin.rest[vertex, 0] - skin.joint_rest[joint, 0]
        ay = skin.rest[vertex, 1] - skin.joint_rest[joint, 1]
        az = skin.rest[vertex, 2] - skin.joint_rest[joint, 2]
        px = r[0, 0] * ax + r[0, 1] * ay + r[0, 2] * az + t[0]
        py = r[1, 0] * ax + r[1, 1] * ay + r[1, 2] * az + t[1]
        pz = r[2, 0] * ax + r[2, 1] * ay + r[2, 2] * az + t[2]
        point[0] += weight * px
        point[1] += weight * py
        point[2] += weight * pz
        x, y, z = weight * (px - origin[0]), weight * (py - origin[1]), weight * (pz - origin[2])
        jacobian[1, 0] -= z
        jacobian[2, 0] += y
        jacobian[0, 1] += z
        jacobian[2, 1] -= x
        jacobian[0, 2] -= y
        jacobian[1, 2] += x
        for b in range(BETAS):
            dx = skin.dirs[vertex, 0, b] - skin.joint_dirs[joint, 0, b]
            dy = skin.dirs[vertex, 1, b] - skin.joint_dirs[joint, 1, b]
            dz = skin.dirs[vertex, 2, b] - skin.joint_dirs[joint, 2, b]
            for i in range(3):
                moved = r[i, 0] * dx + r[i, 1] * dy + r[i, 2] * dz + posed.joint_dirs[joint, i, b]
                jacobian[i, first_beta + b] += weight * moved
        while joint > 0:
            centre = posed.joints[joint]
            x, y, z = weight * (px - centre[0]), weight * (py - centre[1]), weight * (pz - centre[2])
            for entry in range(prior.first[joint], prior.first[joint + 1]):
                a = posed.axes[entry]
                column = ROOT_TURN + prior.dof[entry]
                jacobian[0, column] += a[1] * z - a[2] * y
                jacobian[1, column] += a[2] * x - a[0] * z
                jacobian[2, column] += a[0] * y - a[1] * x
            joint = parents[joint]
