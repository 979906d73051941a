"""Colours of an avatar's materials: textures in levels of detail, looked up at points of the surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf.glb import finite
from ptx.datasets.gltf.gltf_file import GltfFile
from ptx.datasets.gltf.scene import base_factor, base_texture
from ptx.geometry.kernel import kernel
from ptx.pipeline.storage.json_values import Json, as_float, as_int, as_object, as_str

Floats = NDArray[np.float32]

Texels = NDArray[np.uint8]

MOST_SIDE = 1024
"""Largest side of a texture that is kept, px; larger ones are made smaller."""

MOST_TEXELS = 12 * 2**20
"""Largest number of texels of all materials, without their coarser levels: of more than twelve materials textures are smaller."""

MOST_MATERIALS = 64
"""Largest number of materials that are read."""

GAMMA = 2.2
"""Exponent from stored colours to linear ones, in which glTF has its factors."""

REPEAT, CLAMP, MIRROR = 10497, 33071, 33648
"""Numbers of what a texture does beyond its borders."""

CUT_OFF = 0.5
"""Opacity from which on a point is there."""


class Textures(NamedTuple):
    """The materials' colours, one after another, each in levels of half the side of the one before."""

    texels: Texels
    """(N, 4) RGBA of all."""
    levels: NDArray[np.int64]
    """(M, L, 3) of each material and level: first texel, height, width; the last level repeats."""
    wraps: NDArray[np.int64]
    """(M, 2) behaviour beyond the left and right, and the upper and lower border: `REPEAT`, `CLAMP` or `MIRROR`."""
    see_through: NDArray[np.bool_]
    """(M,) True where some of it is less than opaque."""


class Material(NamedTuple):
    """One material's colour."""

    picture: Texels
    """(H, W, 4) RGBA."""
    wraps: tuple[int, int]
    """Behaviour beyond the left and right, and the upper and lower border: `REPEAT`, `CLAMP` or `MIRROR`."""


PLAIN = Material(np.full((1, 1, 4), 255, np.uint8), (REPEAT, REPEAT))
"""The material of what has none."""


def read_textures(file: GltfFile) -> Textures:
    """Read the materials of a file, and `PLAIN` after them; errors as of `GltfFile.picture`."""
    items = file.items("materials")
    if len(items) > MOST_MATERIALS:
        raise Malformed(f"more than {MOST_MATERIALS} materials")
    used = [as_int(base_texture(item)["index"]) for item in items if "index" in base_texture(item)]
    side = min(MOST_SIDE, int((MOST_TEXELS / max(len(used), 1)) ** 0.5))
    pictures = {texture: _no_larger(file.picture(texture), side) for texture in dict.fromkeys(used)}
    return pack([*(_material(file, item, pictures) for item in items), PLAIN])


def _material(file: GltfFile, item: Mapping[str, Json], pictures: Mapping[int, Texels]) -> Material:
    """Make one material: its texture, of all decoded ones, times its factor, and its opacity with the cut-off at one half."""
    told, factor = base_texture(item), base_factor(item)
    picture, wraps = PLAIN
    if "index" in told:
        picture = pictures[as_int(told["index"])]
        texture = file.item("textures", told["index"])
        sampler = file.item("samplers", texture["sampler"]) if "sampler" in texture else {}
        wraps = (as_int(sampler.get("wrapS", REPEAT)), as_int(sampler.get("wrapT", REPEAT)))
    scale = np.append(factor[:3] ** (1 / GAMMA), factor[3])
    mode = as_str(item.get("alphaMode", "OPAQUE"))
    if mode == "MASK":
        scale[3] *= CUT_OFF / max(as_float(item.get("alphaCutoff", CUT_OFF)), 1e-3)
    out = np.clip(np.rint(picture * scale), 0, 255).astype(np.uint8) if (scale != 1).any() else picture.copy()
    if mode == "OPAQUE":
        out[..., 3] = 255
    return Material(out, wraps)


def _no_larger(picture: Texels, side: int) -> Texels:
    """Make a picture smaller whose larger side is more than `side` px."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _resized(picture, size)


def _resized(picture: Texels, size: tuple[int, int]) -> Texels:
    """Average a picture to width, height; what is transparent has no share in colours."""
    if (picture[..., 3] == 255).all():
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    opacity = np.ascontiguousarray(picture[..., 3])
    weighted = cv2.multiply(np.ascontiguousarray(picture[..., :3]), cv2.merge([opacity] * 3), scale=1 / 255)
    plain, weighted = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (picture, weighted))
    share = np.maximum(plain[..., 3:], 1) / np.float32(255)
    colours = np.where(plain[..., 3:] > 0, np.minimum(np.rint(weighted / share), 255), plain[..., :3])
    return np.concatenate([colours.astype(np.uint8), plain[..., 3:]], axis=2)


def pack(materials: Sequence[Material]) -> Textures:
    """Lay materials and their levels one after another."""
    pyramids = [_pyramid(one.picture) for one in materials]
    most = max(map(len, pyramids))
    levels = np.zeros((len(materials), most, 3), np.int64)
    start, rows = 0, []
    for number, pyramid in enumerate(pyramids):
        for level in range(most):
            if level < len(pyramid):
                picture = pyramid[level]
                levels[number, level] = start, *picture.shape[:2]
                rows.append(picture.reshape(-1, 4))
                start += len(rows[-1])
            else:
                levels[number, level] = levels[number, level - 1]
    see_through = np.array([bool((one.picture[..., 3] < 255).any()) for one in materials])
    return Textures(np.concatenate(rows), levels, np.array([one.wraps for one in materials], np.int64), see_through)


def _pyramid(picture: Texels) -> list[Texels]:
    """Halve a picture until its smaller side is one texel."""
    out = [picture]
    while min(out[-1].shape[:2]) > 1:
        height, width = out[-1].shape[:2]
        out.append(_resized(out[-1], ((width + 1) // 2, (height + 1) // 2)))
    return out


def place_texture(told: Mapping[str, Json], uv: Floats) -> Floats:
    """Move coordinates (V, 2) as a texture's KHR_texture_transform says."""
    extensions = as_object(told.get("extensions", {}))
    if "KHR_texture_transform" not in extensions:
        return uv
    moved = as_object(extensions["KHR_texture_transform"])
    angle = as_float(moved.get("rotation", 0.0))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    scaled = uv * finite(moved.get("scale", [1, 1]), 2)
    return np.asarray(scaled @ turn.T + finite(moved.get("offset", [0, 0]), 2), np.float32)


@kernel
def wrapped(place: int, count: int, wrap: int) -> int:
    """Bring the number of a texel into 0..count - 1."""
    if wrap == CLAMP:
        return min(max(place, 0), count - 1)
    if wrap == MIRROR:
        place = place % (2 * count)
        return min(place, 2 * count - 1 - place)
    return place % count


@kernel
def level_of(level: Floats, face: int, most: int) -> int:
    """Round a face's level of detail to one that there is."""
    return int(min(max(level[face] + np.float32(0.5), np.float32(0)), np.float32(most - 1)))


@kernel
def look_up(
    face: NDArray[np.int32],
    uv: Floats,
    material: NDArray[np.int32],
    level: Floats,
    texels: Texels,
    levels: NDArray[np.int64],
    wraps: NDArray[np.int64],
) -> Floats:
    """Look up colours, interpolated between four texels.

    Args:
        face: (P,) face of each point.
        uv: (P, 2) coordinates of each point.
        material: (F,) material of each face.
        level: (F,) level of detail of each face.
        texels, levels, wraps: of `Textures`.

    Returns:
        (P, 4) RGBA in 0..1.
    """
    out = np.empty((len(face), 4), np.float32)
    for p in range(len(face)):
        m = material[face[p]]
        n = level_of(level, face[p], levels.shape[1])
        start, height, width = levels[m, n, 0], levels[m, n, 1], levels[m, n, 2]
        u, v = uv[p, 0] * width - np.float32(0.5), uv[p, 1] * height - np.float32(0.5)
        left, top = int(np.floor(u)), int(np.floor(v))
        a, b = u - np.float32(left), v - np.float32(top)
        x0, x1 = wrapped(left, width, wraps[m, 0]), wrapped(left + 1, width, wraps[m, 0])
        y0, y1 = wrapped(top, height, wraps[m, 1]), wrapped(top + 1, height, wraps[m, 1])
        i, j, k, o = start + y0 * width + x0, start + y0 * width + x1, start + y1 * width + x0, start + y1 * width + x1
        for c in range(4):
            upper = (1 - a) * texels[i, c] + a * texels[j, c]
            lower = (1 - a) * texels[k, c] + a * texels[o, c]
            out[p, c] = ((1 - b) * upper + b * lower) * np.float32(1 / 255)
    return out


@kernel
def levels_of_detail(points: Floats, faces: NDArray[np.int32], texel_areas: Floats) -> Floats:
    """Choose the level (F,) at which a texel of each face is about a pixel large: points (V, 3) in px, areas (F,) in texels of level 0."""
    out = np.empty(len(faces), np.float32)
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
        bx, by = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1]
        area = max(abs(ax * by - ay * bx) * np.float32(0.5), np.float32(1e-6))
        out[f] = np.float32(0.5) * np.log2(max(texel_areas[f], np.float32(1e-6)) / area)
    return out
