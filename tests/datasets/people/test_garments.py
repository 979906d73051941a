"""Loose clothes: cloth around the body, labels where the cloth is, and no change for who wears none."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people import People, PeopleOptions
from ptx.datasets.people.garments import RINGS, SIDES, LooseGarment, dress, sample_loose_garment
from ptx.geometry.body import load_body
from ptx.geometry.rasterizer import rasterize
from ptx.labels import garment

SKIRT = LooseGarment("skirt", 0.05, -0.6, 0.3, 7, 0.02, 0.0, 0.0)
COAT = LooseGarment("coat", 0.05, -0.4, 0.1, 0, 0.0, 0.3, 0.02)
LOOSE = People(PeopleOptions(12, 2, seed=5, size=(128, 96), half_body=0.0, body="small", loose=1.0))


@pytest.mark.parametrize("loose", [SKIRT, COAT])
def test_cloth_goes_round_the_body(loose: LooseGarment) -> None:
    body = load_body("small")
    worn = dress(body, loose)
    cloth = worn.v_template[len(body.v_template) :].reshape(RINGS, SIDES, 3)
    assert np.allclose(worn.weights.sum(1), 1, atol=1e-5)
    for ring in cloth[1:]:
        near = body.v_template[np.abs(body.v_template[:, 1] - ring[0, 1]) < 0.01]
        near = near[np.abs(near[:, 0]) < 0.35] - (0, 0, 0.02)
        angle = np.arctan2(near[:, 0], near[:, 2])
        radius = np.linalg.norm(ring[:, [0, 2]] - (0, 0.02), axis=1)
        around = np.interp(angle, np.linspace(0, 2 * np.pi, SIDES + 1)[:SIDES], radius, period=2 * np.pi)
        assert (np.hypot(near[:, 0], near[:, 2]) < around).all()


def test_cloth_faces_outwards() -> None:
    body = load_body("small")
    worn = dress(body, SKIRT)
    corners = worn.v_template[worn.faces[-2 * (RINGS - 1) * SIDES :]].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle = corners.mean(1)
    assert ((normals * middle)[:, [0, 2]].sum(1) > 0).all()


def test_legs_do_not_come_through_a_skirt_and_a_coat_stands_open() -> None:
    body = load_body("small")
    assert len(dress(body, SKIRT).faces) < len(body.faces) + 2 * (RINGS - 1) * SIDES
    coat = dress(body, COAT).faces
    assert (coat[: len(body.faces)] == body.faces).all()
    assert len(coat) < len(body.faces) + 2 * (RINGS - 1) * SIDES


def test_labels_lie_where_the_person_is() -> None:
    for index in range(0, 24, 2):
        wearer = LOOSE.wearer(index)
        labels = LOOSE.garment_labels(index)
        face = rasterize(LOOSE.points(index), wearer.body.faces, 128, 96)[0]
        assert ((labels > 0) == (face >= 0)).all()
        assert wearer.look.loose is not None
        assert (labels == garment(wearer.look.loose.kind)).sum() > 0.05 * (labels > 0).sum()
        cloth = wearer.cloth[wearer.body.faces[face[face >= 0]]].all(1)
        assert (labels[face >= 0][cloth] == garment(wearer.look.loose.kind)).all()


def test_who_wears_nothing_loose_stays_the_same() -> None:
    options = {"persons": 8, "images_per_person": 2, "seed": 5, "size": (96, 64), "body": "small"}
    none, some = People(PeopleOptions(**options)), People(PeopleOptions(**options, loose=0.5))
    worn = [some.wearer(i).look.loose is not None for i in range(0, 16, 2)]
    assert 0 < sum(worn) < 8
    for person, loose in enumerate(worn):
        same = (none.render(2 * person) == some.render(2 * person)).all()
        assert same != loose


def test_every_kind_is_sampled() -> None:
    rng = np.random.default_rng(0)
    assert {sample_loose_garment(rng).kind for _ in range(40)} == {"skirt", "dress", "coat"}
