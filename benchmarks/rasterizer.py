"""Bodies a second on one core, and the same faces as others find.

    python benchmarks/rasterizer.py [--count 32]

Peers in the same process: Embree's ray casting (embreex through trimesh), Open3D's and PyTorch3D's where they can be
imported. Where the output of PyTorch3D lies beside the checkout (see the tests), it is compared too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from common import SIZE, Crowd, crowd, processor, seconds, table

from ptx.geometry.pytorch3d_rasterizer import rasterize_pytorch3d
from ptx.geometry.rasterizer import rasterize

REFERENCE = Path(__file__).parents[2] / "shared" / "data" / "raster" / "reference.npz"

FaceMap = Callable[[np.ndarray], np.ndarray]
"""Points (V, 3) → face (H, W), -1 = none."""


def ours(people: Crowd) -> FaceMap:
    """This package."""
    room = np.empty((SIZE, SIZE), np.int32), np.empty((SIZE, SIZE, 2), np.float32), np.empty((SIZE, SIZE), np.float32)
    return lambda points: rasterize(points, people.body.faces, SIZE, SIZE, room)[0].copy()


def embree(people: Crowd) -> FaceMap:
    """One ray a pixel; building the tree is part of the work, since every body is another mesh."""
    import trimesh
    from trimesh.ray.ray_pyembree import RayMeshIntersector

    y, x = np.mgrid[:SIZE, :SIZE]
    scale = np.array([0.01, 0.01, 1])
    origins = np.stack([x.ravel(), y.ravel(), np.full(x.size, -50.0)], axis=-1) * scale
    directions = np.tile([0.0, 0.0, 1.0], (x.size, 1))

    def cast(points: np.ndarray) -> np.ndarray:
        mesh = trimesh.Trimesh(points * scale, people.body.faces, process=False)
        return RayMeshIntersector(mesh).intersects_first(origins, directions).reshape(SIZE, SIZE)

    return cast


def open3d(people: Crowd) -> FaceMap:
    """Open3D's RaycastingScene, on one thread."""
    import open3d as o3d

    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    zeros = np.zeros_like(x)
    rays = o3d.core.Tensor(np.stack([x, y, zeros - 50, zeros, zeros, zeros + 1], axis=-1))

    def cast(points: np.ndarray) -> np.ndarray:
        scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        scene.add_triangles(points, people.body.faces.astype(np.uint32))
        found = scene.cast_rays(rays, nthreads=1)["primitive_ids"].numpy()
        return np.where(found == scene.INVALID_ID, -1, found.astype(np.int64))

    return cast


def pytorch3d(people: Crowd) -> FaceMap:
    """PyTorch3D's rasterize_meshes, on one thread."""
    import torch

    torch.set_num_threads(1)
    return lambda points: rasterize_pytorch3d(points[None], people.body.faces, SIZE, SIZE)[0][0]


def agreement(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Share of pixels on both bodies with the same face, and pixels on one of them only."""
    both = (a >= 0) & (b >= 0)
    return float((a == b)[both].mean()), int(((a >= 0) != (b >= 0)).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=32)
    people = crowd(parser.parse_args().count)
    mine = ours(people)
    base = seconds(lambda: [mine(points) for points in people.points], 5) / len(people.points)
    faces = np.stack([mine(points) for points in people.points])
    rows = [["ptx", f"{1 / base:.0f}", "1", "", ""]]
    for name, package, make in (
        ("Embree (embreex)", "embreex", embree),
        ("Open3D", "open3d", open3d),
        ("PyTorch3D", "pytorch3d", pytorch3d),
    ):
        if find_spec(package) is None:
            rows.append([name, "not installed", "", "", ""])
            continue
        cast, few = make(people), people.points[:8]
        took = seconds(lambda cast=cast, few=few: [cast(points) for points in few], 1) / len(few)
        same, only = agreement(faces[:8], np.stack([cast(points) for points in few]))
        rows.append([name, f"{1 / took:.1f}", f"{took / base:.0f}", f"{same:.3%}", only])
    print(f"{processor()}, one core, {len(people.body.faces)} faces, {SIZE}×{SIZE}, {len(people.points)} bodies\n")
    table(["", "bodies/s", "ptx is faster by", "same face", "pixels covered by one only"], rows)
    if REFERENCE.exists():
        with np.load(REFERENCE) as file:
            reference = dict(file)
        points = np.concatenate([reference["verts_pix"], reference["verts_depth"][..., None]], axis=-1)
        found = np.stack([rasterize(p, reference["faces"], SIZE, SIZE)[0] for p in points])
        same, only = agreement(found, reference["pix_to_face"])
        body = int((found >= 0).sum())
        print(
            f"\nPyTorch3D 0.7.9's stored output, {body} body pixels: {same:.3%} the same face, coverage differs on {only}"
        )


if __name__ == "__main__":
    main()
