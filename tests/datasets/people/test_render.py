"""Rendering: brightness from the formula of the light on a flat wall, shadows, labels and silhouettes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people.looks import sample_look
from ptx.datasets.people.render import SHADOW_STRENGTH, SUPERSAMPLING, Wearer, render, render_labels
from ptx.datasets.people.scenes import Light
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices

BODY = load_body("small")
CAMERA = np.array([45.0, 40.0, 50.0], np.float32)
SIZE = (120, 80)
LIGHT = Light(np.array((0, 0, 1), np.float32), 0.5, 0.4, np.ones(3, np.float32))


@pytest.fixture(scope="module")
def wearer() -> Wearer:
    look = replace(sample_look(np.random.default_rng(0)), hair_volume=0.0)
    return Wearer(BODY, look, np.zeros(len(BODY.v_template), bool))


def body_points() -> np.ndarray:
    return project(CAMERA, pose_vertices(BODY, np.zeros((1, 24, 3)), np.zeros(10))[0]).astype(np.float32)


def background(value: float) -> np.ndarray:
    return np.full((SIZE[0] * SUPERSAMPLING, SIZE[1] * SUPERSAMPLING, 3), value, np.float32)


def test_only_the_body_is_painted(wearer: Wearer) -> None:
    """Black and white backgrounds: they show where the body is not, and nowhere inside it."""
    dark = render(wearer, LIGHT, body_points(), 45.0, background(0.0))
    bright = render(wearer, LIGHT, body_points(), 45.0, background(1.0))
    face = rasterize(body_points(), BODY.faces, *SIZE)[0]
    changed = (dark != bright).any(-1)
    assert dark.shape == (*SIZE, 3)
    assert (dark[changed] <= bright[changed]).all()
    assert ((face >= 0) & ~changed).sum() > 0.8 * (face >= 0).sum()  # all but the outline
    assert (dark[(face < 0) & ~changed] == bright[(face < 0) & ~changed]).all()
    assert (dark[0, 0] == 0).all()
    assert (bright[0, 0] == 255).all()


def test_labels_are_those_of_the_look(wearer: Wearer) -> None:
    labels = render_labels(wearer, body_points(), *SIZE)
    face, bary, _ = rasterize(body_points(), BODY.faces, *SIZE)
    assert ((labels > 0) == (face >= 0)).all()
    rows, columns = np.nonzero(face >= 0)
    corners = BODY.v_template[BODY.faces[face[rows, columns]]]
    weights = np.concatenate([bary[rows, columns], 1 - bary[rows, columns].sum(1, keepdims=True)], axis=1)
    rest = (corners * weights[..., None]).sum(1).astype(np.float32)
    expected = wearer.look.labels(rest, np.ones(len(rest), bool), np.zeros(len(rest), bool))
    assert (labels[rows, columns] == expected).mean() > 0.95


def test_nobody_is_in_an_empty_picture(wearer: Wearer) -> None:
    away = body_points() + np.array([1000, 0, 0], np.float32)
    assert not render_labels(wearer, away, *SIZE).any()
    assert (render(wearer, LIGHT, away, 45.0, background(0.5)) == 128).all()


def two_walls() -> tuple[Wearer, np.ndarray]:
    """A wall across the picture and, nearer to the light, a smaller one before its middle, as a body of eight vertices."""
    vertices = np.array(
        [
            (-0.8, -1, 0), (0.8, -1, 0), (0.8, 1, 0), (-0.8, 1, 0),
            (-0.2, -0.2, 0.5), (0.2, -0.2, 0.5), (0.2, 0.2, 0.5), (-0.2, 0.2, 0.5),
        ],
        np.float32,
    )  # fmt: skip
    faces = np.array([(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 6, 7)], np.int32)
    look = sample_look(np.random.default_rng(0))
    still = replace(
        look.folds, directions=np.zeros_like(look.folds.directions), phases=np.zeros_like(look.folds.phases)
    )
    look = replace(look, folds=still, weave=still, hair_volume=0.0)
    body = replace(BODY, v_template=np.zeros((8, 3), np.float32) + (0, -0.5, 0), faces=faces)  # all of it leg
    return Wearer(body, look, np.zeros(8, bool)), vertices


@pytest.mark.parametrize("angle", [0, 40])
def test_brightness_and_shadow_by_the_formula(angle: float) -> None:
    """Everything has one albedo. A wall in full light: ambient + strength · cos; behind the small one less of the second."""
    wearer, vertices = two_walls()
    direction = np.array((np.sin(np.radians(angle)), 0, np.cos(np.radians(angle))), np.float32)
    light = replace(LIGHT, direction=direction)
    points = project(CAMERA, vertices).astype(np.float32)
    out = render(wearer, light, points, 45.0, background(0.0)).astype(float)
    ambient, direct = 0.85 * light.ambient, light.strength * np.cos(np.radians(angle))
    column = 40 - round(0.5 * np.tan(np.radians(angle)) * 45)  # where the light through the small wall's middle lands
    lit, shaded = out[10, 40], out[54, column]  # off the diagonal of the small wall
    lit_again = out[90, 20]
    assert np.abs(lit - lit_again).max() <= 1
    if angle:
        ratio = (ambient + (1 - SHADOW_STRENGTH) * direct) / (ambient + direct)
        np.testing.assert_allclose(shaded / lit, ratio, atol=0.02)
    else:
        assert np.abs(shaded - lit).max() <= 1  # the small wall itself, in full light
    assert lit.max() > 0
