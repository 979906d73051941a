"""Clothes, shoes, hair, brows and lashes of MakeHuman, bound to the built-in body in rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from people_pack.base_mesh import Base
from people_pack.mhclo import Mesh, read_mhclo, read_obj

Index = dict[str, str | list[str]]

OUTFITS: dict[str, tuple[str, dict[int, str]]] = {
    "female_casualsuit01": ("female", {0: "top", 1311: "trousers"}),
    "female_casualsuit02": ("female", {0: "trousers", 1565: "top"}),
    "female_elegantsuit01": ("female", {0: "skirt", 395: "top"}),
    "female_sportsuit01": ("female", {0: "top", 871: "trousers"}),
    "male_casualsuit02": ("male", {0: "trousers", 886: "top"}),
    "male_casualsuit03": ("male", {0: "top", 1613: "trousers"}),
    "male_casualsuit04": ("male", {0: "top", 810: "trousers"}),
    "male_casualsuit05": ("male", {0: "coat", 1545: "top", 1918: "trousers"}),
    "male_casualsuit06": ("male", {0: "top", 2822: "trousers"}),
    "male_elegantsuit01": ("male", {0: "trousers", 1357: "coat"}),
    "male_worksuit01": ("male", {0: "top", 1119: "dress"}),
}
"""Outfit → who it is made for, and the label (`ptx.labels`) of what begins at a vertex and goes on to the next one named."""

WORN_AS = {"hat": "accessory", "brows": "face", "lashes": "face"}
"""Kind of piece → its label, where the two differ; outfits have theirs in `OUTFITS`."""

SUIT = "male_elegantsuit01"
"""Outfit whose coat, shirt and tie are one mesh."""

SOCK_TOP = -6.5
"""Height above which parts of shoes that reach so high are socks, MakeHuman's units."""

COVER = 0.05
"""Largest distance of cloth that hides the skin under it, metres."""

HELPER_SLACK = 0.004
"""Distance of cloth made of a helper from the helper, metres."""

BORDER = 0.012
"""Least distance to the border of a cloth, beyond that to the cloth, of skin that it hides, metres."""


@dataclass
class Bound:
    """All pieces of a pack."""

    helpers: NDArray[np.int64]
    """(H,) vertices of the base mesh that pieces are bound to and the body does not have."""
    arrays: dict[str, NDArray[np.generic]]
    """Arrays of the pieces, by piece."""
    index: list[Index]
    """Kind, label, sex and texture of each."""


@dataclass
class _Asset:
    """One asset before its helpers are numbered."""

    name: str
    kind: str
    sex: str
    labels: list[tuple[str, NDArray[np.bool_]]]
    mesh: Mesh
    corners: NDArray[np.int64]
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]
    rest: NDArray[np.float64]
    texture: str


def bind_assets(base: Base, folder: Path, out: Path, side: int) -> Bound:
    """Bind all assets of MakeHuman's folder, write their textures into `out`, and say which have none."""
    assets = []
    for group, size in (("clothes", side), ("hair", side), ("eyebrows", 128), ("eyelashes", 128)):
        for path in sorted((folder / group).glob("*/*.mhclo")):
            kind = _kind(group, path.stem)
            if kind:
                assets.append(_bind(base, path, kind, out, size // 2 if kind == "shoes" else size))
    assets += [_helper(base, name) for name in base.helper_faces]
    used = np.unique(np.concatenate([asset.corners.ravel() for asset in assets]))
    helpers = np.setdiff1d(used, base.body)
    numbers = base.numbers(helpers)
    arrays: dict[str, NDArray[np.generic]] = dict(_eyes(base))
    index: list[Index] = []
    for asset in assets:
        for label, faces in asset.labels:
            name = f"{asset.name}.{label}"
            arrays |= {f"{name}/{key}": value for key, value in _arrays(base, asset, faces, numbers).items()}
            index.append({"name": name, "kind": asset.kind, "label": label, "sex": asset.sex, "texture": asset.texture})
    _write_eyes(folder / "eyes" / "materials", out)
    return Bound(helpers, arrays, index)


def _kind(group: str, name: str) -> str:
    """Tell what kind of piece an asset is; nothing: it is left out."""
    if group != "clothes":
        return {"hair": "hair", "eyebrows": "brows", "eyelashes": "lashes"}[group]
    return "outfit" if name in OUTFITS else "shoes" if "shoes" in name else "hat" if "fedora" in name else ""


def _tops_of_parts(mesh: Mesh) -> NDArray[np.float64]:
    """Return, of each face (F,), the height of the highest vertex of its connected part, MakeHuman's units."""
    component = _components(mesh.faces, len(mesh.vertices))
    top = np.full(component.max() + 1, -np.inf)
    np.maximum.at(top, component, mesh.vertices[:, 1])
    return np.asarray(top[component[mesh.faces[:, 0]]])


def _faces_by_label(mesh: Mesh, starts: dict[int, str]) -> dict[str, NDArray[np.bool_]]:
    """Mark the faces (F,) of each label; `starts` as in `OUTFITS`."""
    first = _first_of_component(mesh)[mesh.faces[:, 0]]
    labels: dict[str, NDArray[np.bool_]] = {}
    for start, end in zip(starts, [*list(starts)[1:], len(mesh.vertices)], strict=True):
        own = (first >= start) & (first < end)
        labels[starts[start]] = labels.get(starts[start], np.zeros(len(first), bool)) | own
    return labels


def _split_suit(labels: dict[str, NDArray[np.bool_]], mesh: Mesh, image: NDArray[np.uint8]) -> None:
    """Take shirt and tie, which are light and coloured in the picture, out of the coat that they are one mesh with, in place."""
    side = image.shape[0]
    middle = mesh.uv[mesh.face_uv].mean(1)
    column = (middle[:, 0] * side).astype(int).clip(0, side - 1)
    row = ((1 - middle[:, 1]) * side).astype(int).clip(0, side - 1)
    blurred = cv2.GaussianBlur(image, (0, 0), side / 200)[row, column].astype(int)
    front = (row < 0.19 * side) & (column > 0.34 * side) & (column < 0.5 * side) & labels["coat"]
    tie = front & (np.ptp(blurred, axis=1) > 12) & (blurred.mean(1) < 170)
    shirt = (blurred.mean(1) > 110) & labels["coat"] & ~tie
    labels |= {"coat": labels["coat"] & ~shirt & ~tie, "top": shirt, "accessory": tie}


def _bind(base: Base, path: Path, kind: str, out: Path, side: int) -> _Asset:
    """Bind one asset."""
    binding = read_mhclo(path)
    found = re.search(r"obj_file\s+(\S+)", path.read_text(encoding="utf-8"))
    mesh = read_obj(path.parent / (found.group(1) if found else f"{path.stem}.obj"))
    bones = np.einsum("vi,vij->vj", binding.weights, base.bones[binding.corners])
    fitted = base.to_rest(binding.fit(base.shapes), bones).mean(0)
    weights = binding.weights.astype(np.float16).astype(np.float64)
    offset = fitted - np.einsum("vi,vic->vc", weights, base.rest[binding.corners])
    sex, starts = OUTFITS.get(path.stem, ("", {0: WORN_AS.get(kind, kind)}))
    labels = _faces_by_label(mesh, starts)
    if kind == "shoes":
        socks = _tops_of_parts(mesh) > SOCK_TOP
        labels = {"shoes": labels["shoes"] & ~socks, "accessory": labels["shoes"] & socks}
    if path.stem == SUIT and (picture := _picture(path)) is not None:
        _split_suit(labels, mesh, picture[..., :3])
    texture = _write_texture(path, kind, out, side) if kind != "hat" else ""
    return _Asset(path.stem, kind, sex, list(labels.items()), mesh, binding.corners, weights, offset, fitted, texture)


def _helper(base: Base, name: str) -> _Asset:
    """Take a helper of the base mesh for cloth: tights, which tops and leggings are cut from, or a skirt. It has no picture.

    Its texture coordinates are x and y of the rest, the front in the left half, the back in the right one.
    """
    used, faces = np.unique(base.helper_faces[name], return_inverse=True)
    faces = faces.reshape(-1, 3)
    rest = base.rest[used]
    across = np.cross(rest[faces[:, 1]] - rest[faces[:, 0]], rest[faces[:, 2]] - rest[faces[:, 0]])
    normals = np.zeros_like(rest)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    low, high = rest[:, :2].min(0), rest[:, :2].max(0)
    plane = (rest[:, :2] - low) / (high - low) * 0.96 + 0.02
    uv = np.concatenate([plane * (0.5, 1), plane * (0.5, 1) + (0.5, 0)])
    face_uv = faces + np.where(across[:, 2:] < 0, len(rest), 0)
    corners = np.repeat(used[:, None], 3, axis=1)
    weights = np.tile([1.0, 0.0, 0.0], (len(used), 1))
    offset = HELPER_SLACK * normals
    mesh = Mesh(rest, faces, uv, face_uv)
    labels = [("skirt" if name == "skirt" else "top", np.ones(len(faces), bool))]
    return _Asset(name, name, "", labels, mesh, corners, weights, offset, rest + offset, "")


def _components(faces: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Number (count,) the connected part of each vertex."""
    edges = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _depth_groups(faces: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """Sort the faces (F,) of hair into what lies on the head, the largest connected part, and two groups of strands over it."""
    component = _components(faces, count)[faces[:, 0]]
    sizes = np.bincount(component)
    rank = np.empty(len(sizes), int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    order = rank[component]
    return np.where(order == 0, 0, 1 + order % 2).astype(np.uint8)


def _first_of_component(mesh: Mesh) -> NDArray[np.int64]:
    """Find the first vertex (V,) of the connected part that each vertex belongs to."""
    count = len(mesh.vertices)
    component = _components(mesh.faces, count)
    first = np.full(component.max() + 1, count)
    np.minimum.at(first, component, np.arange(count))
    return np.asarray(first[component])


def _arrays(
    base: Base, asset: _Asset, faces: NDArray[np.bool_], numbers: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of some faces (F,) of an asset, which are one piece."""
    member, triangles = np.unique(asset.mesh.faces[faces], return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    used_uv, face_uv = np.unique(asset.mesh.face_uv[faces], return_inverse=True)
    hidden = np.zeros(len(base.body), bool)
    if asset.kind in ("outfit", "shoes", "tights", "skirt"):
        hidden = _hidden(base.rest[base.body], asset.rest[member], triangles)
    return {
        "corners": numbers[asset.corners[member]].astype(np.uint16),
        "weights": asset.weights[member, :2].astype(np.float16),
        "offset": asset.offset[member].astype(np.float16),
        "faces": triangles.astype(np.uint16),
        "uv": np.rint(np.clip(asset.mesh.uv[used_uv], 0, 1) * 65535).astype(np.uint16),
        "face_uv": face_uv.reshape(-1, 3).astype(np.uint16),
        "hides": np.packbits(hidden),
    } | ({"groups": _depth_groups(triangles, len(member))} if asset.kind == "hair" else {})


def _hidden(body: NDArray[np.float64], cloth: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the body's vertices (V,) that lie under cloth, away from its borders."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(unique[count == 1])
    away, nearest = cKDTree(cloth).query(body)
    if not len(border):
        return np.asarray(away < COVER)
    to_border = cKDTree(cloth[border]).query(body)[0]
    return np.asarray((away < COVER) & (to_border > away + BORDER) & ~np.isin(nearest, border))


def _picture(path: Path) -> NDArray[np.uint8] | None:
    """Read an asset's picture as its material names it; None where there is none."""
    material = next(iter(sorted(path.parent.glob("*.mhmat"))), None)
    found = re.search(r"diffuseTexture\s+(\S+)", material.read_text(encoding="utf-8")) if material else None
    there = found is not None and (path.parent / found.group(1)).is_file()
    return cv2.imread(str(path.parent / found.group(1)), cv2.IMREAD_UNCHANGED) if found and there else None


def _write_texture(path: Path, kind: str, out: Path, side: int) -> str:
    """Write an asset's picture, the smaller; returns its name, or nothing where there is none."""
    picture = _picture(path)
    if picture is None:
        print(f"{path.stem}: no picture; it is worn in made cloth")
        return ""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if kind in ("outfit", "shoes"):
        cv2.imwrite(str(out / f"{path.stem}.jpg"), small[..., :3], [cv2.IMWRITE_JPEG_QUALITY, 85])
        return f"{path.stem}.jpg"
    grey = np.repeat(cv2.cvtColor(small[..., :3], cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)  # tinted when it is worn
    alpha = small[..., 3:] if small.shape[2] == 4 else np.full_like(grey[..., :1], 255)
    cv2.imwrite(str(out / f"{path.stem}.webp"), np.concatenate([grey, alpha], axis=2), [cv2.IMWRITE_WEBP_QUALITY, 75])
    return f"{path.stem}.webp"


def _eyes(base: Base) -> dict[str, NDArray[np.generic]]:
    """Return the vertices of the eyes, and where in a picture of an eye they lie: seen from the front, 0..1."""
    vertices, uv = [], []
    for eye in base.eyes:
        numbers = np.flatnonzero(np.isin(base.body, eye))
        points = base.rest[base.body[numbers]]
        centre, radius = (points.min(0) + points.max(0)) / 2, np.ptp(points[:, 1]) / 2
        vertices.append(numbers)
        uv.append(0.5 + (points - centre)[:, :2] / (2 * radius))
        print(f"eye at {centre.round(3)}, radius {1e3 * radius:.1f} mm, {len(numbers)} vertices")
    return {
        "eyes/vertices": np.concatenate(vertices).astype(np.uint16),
        "eyes/uv": np.concatenate(uv).astype(np.float16),
    }


def _write_eyes(folder: Path, out: Path) -> None:
    """Cut one eye out of each picture and lay them side by side."""
    eyes = []
    for path in sorted(folder.glob("*_eye.png")):
        picture = cv2.imread(str(path))
        side = picture.shape[0] / 1024
        x, y, r = (round(value * side) for value in (298, 716, 285))
        eyes.append(cv2.resize(picture[y - r : y + r, x - r : x + r], (128, 128), interpolation=cv2.INTER_AREA))
    if eyes:
        cv2.imwrite(str(out / "eyes.jpg"), np.hstack(eyes), [cv2.IMWRITE_JPEG_QUALITY, 88])
