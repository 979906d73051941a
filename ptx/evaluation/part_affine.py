"""The flow that keypoints alone give: every limb moved as a whole. What a learned flow has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import keypoint

Points = NDArray[np.float64]

LIMBS = (
    ("right_shoulder", "right_elbow", 0.35), ("right_elbow", "right_wrist", 0.3),
    ("left_shoulder", "left_elbow", 0.35), ("left_elbow", "left_wrist", 0.3),
    ("right_hip", "right_knee", 0.45), ("right_knee", "right_ankle", 0.35),
    ("left_hip", "left_knee", 0.45), ("left_knee", "left_ankle", 0.35),
)  # fmt: skip
"""Ends, and how thick the limb is in shoulder widths."""

AFFINE_PRIOR = 0.1
"""How strongly the trunk's map is held to a similarity; of 0 to 0.3 the one with the least error."""

TRUNK = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
HEAD = ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear")


def part_affine_flow(
    source: NDArray[np.float32], target: NDArray[np.float32], height: int, width: int
) -> NDArray[np.float32]:
    """Flow (H, W, 2) px from target to source: each pixel moves with the nearest body part.

    Parts as in Deformable GANs (Siarohin et al., CVPR 2018): limbs by the similarity of their two ends, trunk by the
    affine map of its four corners, head by the similarity of what is seen of it. A part that is not seen in both
    pictures moves with the whole person.

    Args:
        source, target: (18, 3) keypoints: x, y px, confidence (0: missing).
        height, width: px.
    """
    both = (source[:, 2] > 0) & (target[:, 2] > 0)
    a, b = target[:, :2].astype(np.float64), source[:, :2].astype(np.float64)
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2).astype(np.float64)
    if both.sum() < 2:
        return np.zeros((height, width, 2), np.float32)
    nearest, flow = np.full(len(pixels), np.inf), _similarity(a[both], b[both], pixels) - pixels
    scale = max(float(np.ptp(a[both], axis=0).max()) / 7, 1.0)  # about a shoulder width
    for rows, ends, thickness in _parts(both, a):
        distance = _distance(pixels, *ends) - thickness * scale
        mine = distance < nearest
        move = _affine if len(rows) == 4 and rows[0] == keypoint(TRUNK[0]) else _similarity
        flow[mine] = move(a[rows], b[rows], pixels[mine]) - pixels[mine]
        nearest[mine] = distance[mine]
    return flow.reshape(height, width, 2).astype(np.float32)


def _parts(both: NDArray[np.bool_], a: Points) -> list[tuple[list[int], tuple[Points, Points], float]]:
    """Keypoints, axis in the target, and thickness of every part that both pictures show."""
    out = []
    trunk = [keypoint(name) for name in TRUNK]
    if both[trunk].all():
        out.append((trunk, (a[trunk[:2]].mean(0), a[trunk[2:]].mean(0)), 0.5))
    head = [k for k in map(keypoint, HEAD) if both[k]]
    if len(head) > 1:
        out.append((head, (a[head].mean(0), a[head].mean(0)), 0.5))
    for first, second, thickness in LIMBS:
        ends = [keypoint(first), keypoint(second)]
        if both[ends].all():
            out.append((ends, (a[ends[0]], a[ends[1]]), thickness))
    return out


def _distance(pixels: Points, start: Points, end: Points) -> NDArray[np.float64]:
    axis = end - start
    along = ((pixels - start) @ axis / max(float(axis @ axis), 1e-9)).clip(0, 1)
    return np.linalg.norm(pixels - start - along[:, None] * axis, axis=1)


def _similarity(a: Points, b: Points, pixels: Points) -> Points:
    """The least squares similarity that takes a (K, 2) to b, applied to pixels (P, 2)."""
    z, w, p = (points[:, 0] + 1j * points[:, 1] for points in (a, b, pixels))
    z0, w0 = z.mean(), w.mean()
    spread = np.vdot(z - z0, z - z0).real
    turn = np.vdot(z - z0, w - w0) / spread if spread > 1e-9 else 1.0
    moved = w0 + turn * (p - z0)
    return np.stack([moved.real, moved.imag], axis=1)


def _affine(a: Points, b: Points, pixels: Points) -> Points:
    """The affine map that takes a (K, 2) to b, held close to a similarity (in profile the corners fall on one line)."""
    spread = a - a.mean(0)
    gram = spread.T @ spread
    held = gram + AFFINE_PRIOR * np.trace(gram) / len(a) * np.eye(2)
    rest = np.linalg.solve(held, spread.T @ (b - _similarity(a, b, a)))
    return _similarity(a, b, pixels) + (pixels - a.mean(0)) @ rest
