"""Looks: labels and colours at points whose place on the body is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people.looks import Look, sample_look, wear_loose
from ptx.datasets.people.patterns import Pattern
from ptx.labels import GARMENTS

POINTS = {
    "brow": (0.0, 0.76, 0.14), "crown": (0.0, 0.84, 0.05), "throat": (0.0, 0.575, 0.1), "chest": (0.05, 0.35, 0.12),
    "back": (0.05, 0.35, -0.1), "upper arm": (0.25, 0.5, 0.0), "hand": (0.75, 0.5, 0.0), "thigh": (0.12, -0.2, 0.05),
    "ankle": (0.12, -0.85, 0.0), "foot": (0.12, -0.92, 0.1),
}  # fmt: skip
REST = np.array(list(POINTS.values()), np.float32)
FRONT = REST[:, 2] > -0.05
NO_CLOTH = np.zeros(len(REST), bool)


@pytest.fixture
def look() -> Look:
    """Short sleeves, long trousers, short hair, no print."""
    look = sample_look(np.random.default_rng(0))
    return replace(
        look,
        sleeve=0.3,
        leg=-0.8,
        hem=0.0,
        hair_volume=0.01,
        hairline=0.0,
        neckline=0.01,
        logo=None,
        number=None,
        dress=False,
    )


def labels_of(look: Look, cloth: np.ndarray = NO_CLOTH) -> dict[str, str]:
    labels = look.labels(REST, FRONT, cloth)
    return {name: GARMENTS[label] for name, label in zip(POINTS, labels, strict=True)}


def test_labels_by_hand(look: Look) -> None:
    assert labels_of(look) == {
        "brow": "face", "crown": "hair", "throat": "face", "chest": "top", "back": "top", "upper arm": "top", "hand": "arms",
        "thigh": "trousers", "ankle": "legs", "foot": "shoes",
    }  # fmt: skip


def test_settings_of_a_look(look: Look) -> None:
    assert labels_of(replace(look, sleeve=0.2))["upper arm"] == "arms"
    assert labels_of(replace(look, sleeve=0.8))["hand"] == "top"
    assert labels_of(replace(look, hair_volume=0.0))["crown"] == "face"
    assert labels_of(replace(look, leg=-0.1))["thigh"] == "legs"
    assert labels_of(replace(look, dress=True))["chest"] == labels_of(replace(look, dress=True))["thigh"] == "dress"


def test_loose_clothes(look: Look) -> None:
    cloth = np.array([name == "thigh" for name in POINTS])
    kinds = set()
    for seed in range(30):
        worn = wear_loose(look, np.random.default_rng(seed))
        assert worn.loose is not None
        kinds.add(worn.loose.kind)
        labels = labels_of(worn, cloth)
        assert labels["thigh"] == worn.loose.kind
        assert labels["chest"] == {"skirt": "top", "dress": "dress", "coat": "coat"}[worn.loose.kind]
        if worn.loose.kind != "coat":
            assert labels_of(worn)["thigh"] == "legs"  # bare under the skirt
    assert kinds == {"skirt", "dress", "coat"}


def test_colours_are_those_of_what_is_worn(look: Look) -> None:
    red, blue = np.array((1, 0, 0), np.float32), np.array((0, 0, 1), np.float32)

    def plain(colour: np.ndarray) -> Pattern:
        return lambda along, around: np.broadcast_to(colour, (len(along), 3)).astype(np.float32)

    dressed = replace(look, top=plain(red), bottom=plain(blue))
    colours = dict(zip(POINTS, dressed.colours(REST, FRONT, NO_CLOTH), strict=True))
    for name in ("chest", "back", "upper arm"):
        assert colours[name][0] > 0.75
        assert colours[name][1:].max() == 0
    assert colours["thigh"][2] > 0.75
    assert colours["thigh"][:2].max() == 0
    for name, colour in (("hand", look.skin), ("throat", look.skin), ("crown", look.hair)):
        np.testing.assert_allclose(colours[name] / colour, 1, atol=0.25)
    np.testing.assert_allclose(colours["foot"] / look.shoes, 1, atol=0.15)


def test_prints_are_on_their_sides(look: Look) -> None:
    """A logo changes the chest only, a number the back only; neither leaves the top."""
    opaque = np.ones((128, 128, 4), np.float32)
    before = look.colours(REST, FRONT, NO_CLOTH)
    for printed, name in ((replace(look, logo=opaque), "chest"), (replace(look, number=opaque), "back")):
        changed = (printed.colours(REST, FRONT, NO_CLOTH) != before).any(1)
        assert [place for place, is_changed in zip(POINTS, changed, strict=True) if is_changed] == [name]


def test_hair_stands_off_the_head_only(look: Look) -> None:
    offset = dict(zip(POINTS, look.hair_offset(REST), strict=True))
    assert offset["crown"] == pytest.approx(look.hair_volume)
    assert all(offset[name] == 0 for name in ("throat", "chest", "hand", "foot"))
    assert not replace(look, hair_volume=0.0).hair_offset(REST).any()


def test_looks_differ_and_stay() -> None:
    looks = [sample_look(np.random.default_rng(seed)) for seed in range(40)]
    assert len({tuple(look.skin.tolist()) for look in looks}) == 40
    assert {look.beard for look in looks} == {look.dress for look in looks} == {True, False}
    again = sample_look(np.random.default_rng(7))
    assert (again.colours(REST, FRONT, NO_CLOTH) == looks[7].colours(REST, FRONT, NO_CLOTH)).all()
    for look in looks:
        colours = look.colours(REST, FRONT, NO_CLOTH)
        assert colours.dtype == np.float32
        assert 0 <= colours.min() <= colours.max() <= 1
