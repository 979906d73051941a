"""Light: irradiance against integrals over the sphere, and what hides what."""

from __future__ import annotations

import numpy as np

from ptx.datasets.people.lifelike.light import (
    Lighting,
    ball_around,
    harmonics,
    hidden,
    occlusion,
    sample_lighting,
    surrounding,
)
from ptx.datasets.people.lifelike.pack import load_pack

UP = np.array([0, 1, 0], np.float32)


def sphere(count: int = 20000) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_harmonics_are_orthonormal() -> None:
    values = harmonics(sphere())
    np.testing.assert_allclose(4 * np.pi * values.T @ values / len(values), np.eye(9), atol=0.05)


def test_irradiance_is_the_cosine_weighted_integral_of_radiance() -> None:
    rng = np.random.default_rng(1)
    ambient = rng.normal(0, 0.1, (9, 3)).astype(np.float32)
    ambient[0] = 3
    directions = sphere(60000)
    radiance = harmonics(directions) @ ambient
    normals = sphere(5).astype(np.float32)
    cosine = np.maximum(directions @ normals.T, 0)
    integral = 4 * np.pi * (cosine[:, :, None] * radiance[:, None]).mean(0) / np.pi
    found = surrounding(Lighting(ambient, 0.0, UP, np.zeros(3, np.float32)), normals)
    np.testing.assert_allclose(found, integral, rtol=0.02, atol=0.01)


def test_turned_surroundings_light_turned_normals_alike() -> None:
    ambient = np.random.default_rng(2).uniform(0.1, 0.4, (9, 3)).astype(np.float32)
    ambient[0] = 4
    normals, yaw = sphere(6).astype(np.float32), 0.7
    still = Lighting(ambient, 0.0, UP, np.zeros(3, np.float32))
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    turned = Lighting(ambient, yaw, UP, np.zeros(3, np.float32))
    np.testing.assert_allclose(surrounding(turned, normals), surrounding(still, normals @ turn.T), atol=1e-5)


def plate(height: float) -> tuple[np.ndarray, np.ndarray]:
    """A square metre, `height` above the ground."""
    corners = np.array([[-0.5, height, -0.5], [0.5, height, -0.5], [0.5, height, 0.5], [-0.5, height, 0.5]], np.float32)
    return corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_plate_hides_what_is_under_it_and_nothing_else() -> None:
    vertices, faces = plate(0.2)
    points = np.array([[0, 0, 0], [0.9, 0, 0], [0, 0.4, 0]], np.float32)
    ball = ball_around(np.concatenate([vertices, points]))
    assert hidden(vertices, faces, points, UP, ball).tolist() == [True, False, False]


def test_ground_under_a_plate_sees_less_of_the_surroundings() -> None:
    vertices, faces = plate(0.2)
    ground = np.array([[0, 0, 0], [2, 0, 0]], np.float32)
    everything = np.concatenate([vertices, ground])
    normals = np.tile(UP, (len(everything), 1))
    seen = occlusion(everything, faces, normals, np.array([4, 5]), ball_around(everything))
    assert seen[0] < 0.5 * seen[1]
    assert seen[1] > 0.85


def test_what_faces_the_viewer_gets_about_one() -> None:
    lights = load_pack("").lights
    facing = np.array([[0, 0, 1], [0, 0.5, 0.866]], np.float32)
    for seed in range(20):
        light = sample_lighting(lights, np.random.default_rng(seed))
        direct = light.strength * np.maximum(facing @ light.direction, 0)[:, None]
        assert 0.4 < (surrounding(light, facing) + direct).mean() < 1.8
        assert abs(np.linalg.norm(light.direction) - 1) < 1e-5


def test_half_of_the_pictures_are_in_studio_light() -> None:
    """There, what is turned by 75 degrees from the viewer to any side is hardly darker than what faces them; elsewhere it often is."""
    lights, round_about = load_pack("").lights, np.radians(np.arange(0, 360, 30))
    aside = np.stack([np.cos(round_about), np.sin(round_about), np.full(12, np.cos(np.radians(75)))], 1)
    normals = np.concatenate([[[0, 0, 1]], aside / np.linalg.norm(aside, axis=1, keepdims=True)]).astype(np.float32)
    darkest = []
    for seed in range(300):
        one = sample_lighting(lights, np.random.default_rng(seed))
        light = (surrounding(one, normals) + one.strength * np.maximum(normals @ one.direction, 0)[:, None]).mean(1)
        darkest.append(light[1:].min() / light[0])
    even = np.array(darkest) > 0.7
    assert 0.4 < even.mean() < 0.62
    assert np.median(np.array(darkest)[~even]) < 0.6
