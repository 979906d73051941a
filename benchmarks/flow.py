"""Directed pairs a second on one core, against the published way; and how exact the stored flow is.

    python benchmarks/flow.py [--pairs 64]

Ours: pose and draw both images, flow in both directions, packed and written to disk with a flush, as the stages do. The
peer does what the published code does for a pair whose surfaces are drawn already: for every face that the target shows,
find its pixels and carry them over, in a Python loop (its own loop; the idea is what counts). Half the pairs share no
image with another pair: the worst case, since otherwise an image is drawn once for several pairs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from common import SIZE, Crowd, crowd, make_project, processor, table

from ptx.geometry.flow import encode_flow, flow_between
from ptx.geometry.quantization import decode_bary, decode_flow
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import SerialExecutor


def stages_rate(persons: int, images: int) -> tuple[int, float]:
    """Directed pairs, and seconds of `rasterize` and `synth-flow` with all reading and writing, in one process."""
    took = 0.0
    with tempfile.TemporaryDirectory() as workspace:
        overrides = ["run.block=64", f"data.persons={persons}", f"data.images_per_person={images}"]
        for step in make_project(Path(workspace), *overrides).stages[:5]:
            started = time.perf_counter()
            step.run(Silent(), SerialExecutor())
            if step.name in ("rasterize", "synth-flow"):
                took += time.perf_counter() - started
    return persons * images * (images - 1), took


def per_face_loop(face: np.ndarray, bary: np.ndarray, source: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Flow of one direction, one visible face after the other."""
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    for f in np.unique(face[face >= 0]):
        rows, columns = np.nonzero(face == f)
        weights = bary[rows, columns]
        weights = np.concatenate([weights, 1 - weights.sum(1, keepdims=True)], axis=1)
        flow[rows, columns] = weights @ source[faces[f], :2] - np.stack([columns, rows], axis=-1)
    return flow


def exact_flow(
    face: np.ndarray, target: np.ndarray, source: np.ndarray, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of body pixels and their flow (M, 2), every step in float64 from the vertices."""
    rows, columns = np.nonzero(face >= 0)
    corners = faces[face[rows, columns]]
    a, b, c = (target.astype(np.float64)[corners[:, i], :2] for i in range(3))
    p = np.stack([columns, rows], axis=-1)

    def area(u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        return (v[:, 0] - u[:, 0]) * (w[:, 1] - u[:, 1]) - (w[:, 0] - u[:, 0]) * (v[:, 1] - u[:, 1])

    weights = np.stack([area(p, b, c), area(a, p, c), area(a, b, p)], axis=-1) / area(a, b, c)[:, None]
    flow = np.einsum("mk,mkc->mc", weights, source.astype(np.float64)[corners][..., :2]) - p
    return np.stack([rows, columns]), flow


def errors(people: Crowd, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Error in px of the flow as stored (uint16 weights, int16 flow), on visible pixels and on all of the body."""
    visible, everywhere = [], []
    for i in range(0, 2 * pairs, 2):
        target, source = people.points[i], people.points[i + 1]
        face, bary, _ = rasterize(target, people.body.faces, SIZE, SIZE)
        stored = decode_bary(np.rint(bary * 65535).astype(np.uint16))
        flow = decode_flow(encode_flow(flow_between(face, stored, source, people.body.faces)))
        place, truth = exact_flow(face, target, source, people.body.faces)
        error = np.linalg.norm(flow[tuple(place)] - truth, axis=-1)
        seen = visible_exact(face, bary, source, people.body.faces)[tuple(place)] == 0
        visible.append(error[seen])
        everywhere.append(error)
    return np.concatenate(visible), np.concatenate(everywhere)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=64)
    options = parser.parse_args()
    people = crowd(2 * options.pairs)
    stages_rate(4, 2)
    rows = []
    for what, persons, images in (("every image in one pair", 256, 2), ("four images a person", 64, 4)):
        pairs, took = stages_rate(persons, images)
        rows.append([f"ptx, {what}", f"{pairs / took:.0f}", ""])
    best = float(rows[0][1])
    surfaces = [rasterize(points, people.body.faces, SIZE, SIZE) for points in people.points[:4]]
    started = time.perf_counter()
    for i in range(4):
        per_face_loop(*surfaces[i][:2], people.points[i ^ 1], people.body.faces)
    loop = (time.perf_counter() - started) / 4
    flow = [flow_between(*surfaces[i][:2], people.points[i ^ 1], people.body.faces) for i in range(4)]
    same = max(
        np.abs(flow[i] - per_face_loop(*surfaces[i][:2], people.points[i ^ 1], people.body.faces)).max()
        for i in range(4)
    )
    rows.append(["per-face loop, flow alone", f"{1 / loop:.2f}", f"{best * loop:.0f}"])
    print(f"{processor()}, one core, {SIZE}×{SIZE}; the loop's flow differs by {same:.1e} px at most\n")
    table(["", "directed pairs/s", "ptx is faster by"], rows)
    visible, everywhere = errors(people, options.pairs)
    print(f"\nerror of the stored flow against float64, {options.pairs} pairs:\n")
    quantiles = (0.5, 0.99, 1.0)
    table(
        ["px", "median", "99 %", "largest"],
        [
            [name, *(f"{v:.4f}" for v in np.quantile(e, quantiles))]
            for name, e in (("visible pixels", visible), ("all body pixels", everywhere))
        ],
    )


if __name__ == "__main__":
    main()
