"""Detection of people and faces as boxes with a few points: BlazePose's and BlazeFace's detectors (Bazarevsky et al., 2019 and 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ptx.detector.network import Floats, Image, Network, sigmoid
from ptx.detector.regions import PERSON_MARGIN, Region, region_about, whole_picture

MIN_SCORE = 0.5
"""Smallest score, 0 to 1, of a box that counts."""

SAME_OVERLAP = 0.3
"""Intersection over union from which two boxes are of one person."""

PEOPLE_ANCHORS = {8: 2, 16: 2, 32: 6}
"""Stride in px → anchors a cell, of the detector of people."""

FACE_ANCHORS = {8: 2, 16: 6}
"""Stride in px → anchors a cell, of the detector of faces."""


@dataclass(frozen=True)
class ScoredBox:
    """A person or a face."""

    score: float
    """0 to 1."""
    box: Floats
    """(4,) x0, y0, x1, y1 px; of a person only the face."""
    points: Floats
    """(K, 2) px. Of a person: middle of the hips, a point on the circle around the body, middle of the shoulders, a point on the
    circle around the upper body. Of a face: right eye, left eye, nose, mouth, right ear, left ear."""

    @property
    def person(self) -> Region:
        """The region around a person, upright in it."""
        return region_about(self.points[0], self.points[1]).scaled(PERSON_MARGIN)


class BoxDetector:
    """A network that says of each anchor of a grid whether a person or a face is there, and where."""

    def __init__(self, path: Path, anchors: Mapping[int, int]) -> None:
        """Load the network.

        Args:
            path: its file.
            anchors: stride in px → anchors a cell.
        """
        self._network = Network(path)
        self._centres = np.concatenate([_centres(self._network.side, *grid) for grid in anchors.items()])

    def __call__(self, image: Image, region: Region | None = None, *min_scores: float) -> list[ScoredBox]:
        """Detect in a region of an image (H, W, 3), or in all of it; the surest first.

        Several least scores, falling, make bands: boxes are merged within their band, so that doubtful ones do not move sure ones, and
        are left out where they overlap them.
        """
        limits = min_scores or (MIN_SCORE,)
        region = region or whole_picture(image)
        raw, logits = self._network(region.cut(image, self._network.side, black=True), low=-1.0)
        scores = sigmoid(logits[:, 0])
        likely = np.flatnonzero(scores >= limits[-1])
        values = raw[likely].reshape(len(likely), raw.shape[1] // 2, 2) / np.float32(
            self._network.side
        )  # centre, size, points
        values[:, [0, *range(2, values.shape[1])]] += self._centres[likely, None]
        centre, size = values[:, 0], values[:, 1]
        valid = (size >= 0).all(1)
        corners = np.stack([centre - size / 2, centre + size / 2], 1)
        rows = np.concatenate([corners, values[:, 2:]], 1).reshape(len(values), raw.shape[1])
        rows, kept = rows[valid], scores[likely][valid]
        merged: list[tuple[Floats, float]] = []
        for low in limits:
            band = kept >= low
            merged += _merge(rows[band], kept[band])
            free = ~band
            for box, _ in merged:
                free &= overlaps(box, rows) <= SAME_OVERLAP
            rows, kept = rows[free], kept[free]
        return [_carried(region, *one) for one in merged]


def _centres(side: int, stride: int, count: int) -> Floats:
    """List the centres x, y (0 to 1) of a grid's cells, row by row, each as often as it has anchors."""
    centres = (np.arange(side // stride, dtype=np.float32) + np.float32(0.5)) * stride / side
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return np.asarray(np.repeat(np.stack([x.ravel(), y.ravel()], 1), count, axis=0), np.float32)


def _carried(region: Region, row: Floats, score: float) -> ScoredBox:
    """Carry a row of corners and points, as shares of a region's side, to the picture."""
    points = region.to_picture(row.reshape(-1, 2))
    return ScoredBox(score, points[:2].ravel(), points[2:])


def _merge(rows: Floats, scores: Floats) -> Iterator[tuple[Floats, float]]:
    """Merge overlapping boxes, rows x0, y0, x1, y1, ...: yields the mean weighted by scores, and the best score, of each heap."""
    order = np.argsort(-scores, kind="stable")
    rows, scores = rows[order], scores[order]
    while len(rows):
        same = overlaps(rows[0], rows) > SAME_OVERLAP
        same[0] = True
        yield np.average(rows[same], axis=0, weights=scores[same]).astype(np.float32), float(scores[0])
        rows, scores = rows[~same], scores[~same]


def overlaps(box: Floats, others: Floats) -> Floats:
    """Compute the intersection over union (K,) of a box (4 or more,) x0, y0, x1, y1 with others (K, 4 or more)."""
    sides = np.maximum(np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[:2], others[:, :2]), 0)
    shared = sides.prod(1)
    areas = (others[:, 2:4] - others[:, :2]).prod(1)
    return np.asarray(shared / np.maximum((box[2:4] - box[:2]).prod() + areas - shared, 1e-12), np.float32)
