"""Pairs of synthetic people as batches, and the same pairs with their geometry moved: exact flow, rendered anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices
from ptx.training.data import Batch, stack_rows

SIZE = (96, 64)
"""Height, width of the pictures, px; bodies do not fill them."""

PEOPLE = People(PeopleOptions(3, 2, seed=5, size=SIZE, half_body=0, body="small"))
BODY = load_body("small")
PAIRS = ((0, 1), (3, 2), (4, 5))
"""Target and source image."""

Points = NDArray[np.float32]
Move = Callable[[Points], Points]
"""Moves points (N, 2 or more) of a picture, x and y in px."""


def still(points: Points) -> Points:
    """Leave points where they are."""
    return points


def surface(index: int, move: Move) -> tuple[Points, NDArray[np.uint8]]:
    """Points (V, 3) of an image's body, moved, and its body parts (H, W)."""
    truth = PEOPLE.truth(index)
    posed = pose_vertices(BODY, truth.pose[None], truth.betas[None])
    points = move(project(truth.camera[None], posed)[0].astype(np.float32))
    face, _, _ = rasterize(points, BODY.faces, *SIZE)
    return points, np.where(face >= 0, BODY.face_part[face], 0).astype(np.uint8)


def pair(target: int, source: int, move_target: Move, move_source: Move) -> Batch:
    """A pair of pictures of noise, with exact flow, visibility, parts and keypoints of the moved geometry."""
    points, part = surface(target, move_target)
    source_points, source_part = surface(source, move_source)
    flow, visibility = correspond(points, source_points, BODY.faces, *SIZE)
    noise = torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(target)) * 2 - 1
    keypoints = (move(PEOPLE.truth(i).keypoints) for i, move in ((target, move_target), (source, move_source)))
    target_keypoints, source_keypoints = (torch.from_numpy(points.astype(np.float32)) for points in keypoints)
    row: Batch = {
        "pair": torch.tensor(target),
        "source": noise[0],
        "target": noise[1],
        "source_keypoints": source_keypoints,
        "target_keypoints": target_keypoints,
        "flow": torch.from_numpy(flow).permute(2, 0, 1),
        "visibility": torch.from_numpy(visibility)[None],
        "source_part": torch.from_numpy(source_part),
        "target_part": torch.from_numpy(part),
    }
    return row


def pairs(move_target: Move = still, move_source: Move = still) -> Batch:
    """All pairs."""
    return stack_rows([pair(target, source, move_target, move_source) for target, source in PAIRS])


def scaled(factor: float, move: tuple[float, float]) -> Move:
    """Scales about the picture's middle, then shifts, px."""
    middle = np.array([(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2], np.float32)

    def moved(points: Points) -> Points:
        out = points.copy()
        out[:, :2] = (points[:, :2] - middle) * factor + middle + np.array(move, np.float32)
        return out

    return moved


def mirrored(points: Points) -> Points:
    """Points in a mirror."""
    out = points.copy()
    out[:, 0] = SIZE[1] - 1 - points[:, 0]
    return out
