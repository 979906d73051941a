"""Long hair told from painted pictures of people whose hair is known."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.long_hair import SEEN_ROW, Rows, _run, find_hair
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import PARTS, joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.zones import body_zones

BODY = load_body("builtin")
LAYERED = with_layers(BODY)
SIZE = (256, 192)
SKIN, BROWN, BLUE, BLACK = (220, 180, 160), (70, 45, 30), (60, 90, 180), (25, 22, 20)
Colour = tuple[int, int, int]


def standing(yaw: float) -> Posed:
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.9, 0.9
    pose[0, 1] = yaw
    return Posed(pose, np.zeros(10, np.float32), np.array([220, 96, 210], np.float32))


def person(posed: Posed, worn: Worn, hair: Colour = BROWN, cloth: Colour = BLUE, *, labelled: bool = False) -> Person:
    """A picture of somebody whose scalp and sheets have the hair's colour, and are labelled if that is wanted."""
    points = posed.points(LAYERED, with_sheets(LAYERED, None, worn, None))
    face = rasterize(points, LAYERED.drawn(worn), *SIZE)[0]
    colours = np.full((len(LAYERED.faces), 3), SKIN, np.uint8)
    count = len(BODY.faces)
    colours[:count][np.isin(BODY.face_part, [PARTS.index(name) for name in ("torso", "left_leg", "right_leg")])] = cloth
    colours[:count][body_zones(BODY).scalp[BODY.faces].mean(axis=1) > 0.5] = hair
    colours[count:] = hair
    image = np.full((*SIZE, 3), 255, np.uint8)
    image[face >= 0] = colours[face[face >= 0]]
    is_hair = np.ones(len(LAYERED.faces), np.bool_)
    is_hair[:count] = body_zones(BODY).scalp[BODY.faces].mean(axis=1) > 0.5
    garments = GarmentMap((face >= 0) * (1 + is_hair[face]).astype(np.uint8), ("wall", "rest", "hair"))
    mask = (face >= 0).astype(np.float32)
    return Person(np.zeros((18, 3)), None, None, mask, None, image, garments=garments if labelled else None)


@pytest.mark.parametrize("length", [0.4, 0.55])
def test_locks_before_the_shoulders(length: float) -> None:
    """Each with its own length; behind, where the picture shows nothing, hair is as long as they are."""
    posed = standing(0.2)
    back, left, right = find_hair(LAYERED, posed, person(posed, Worn(0, length, length, length - 0.06)))
    assert left == pytest.approx(length, abs=0.045)
    assert right == pytest.approx(length - 0.06, abs=0.045)
    assert back > 0.25


@pytest.mark.parametrize(("hair", "wanted"), [((4, 12), 0.6), ((4, 7), 0.35), ((4, 5), 0.25), ((0, 4), 0.0)])
def test_rows_of_hair_end_where_it_ends_or_the_sheet(hair: tuple[int, int], wanted: float) -> None:
    """Twelve rows of 5 cm, of which the fifth to the last are seen from 16 cm on; those of hair are filled."""
    down = 0.05 * np.arange(1, 13)
    seen = np.where(np.arange(12) >= 4, 3 * SEEN_ROW * 0.05, 0.0)
    filled = np.where((np.arange(12) >= hair[0]) & (np.arange(12) < hair[1]), seen, 0.0)
    rows = Rows(seen, filled, down, down < 0.2, 0.2, 0.0, labelled=False)
    assert _run(rows, 0.16, 0.5) == pytest.approx(wanted)


def test_one_lock() -> None:
    posed = standing(0.0)
    _, left, right = find_hair(LAYERED, posed, person(posed, Worn(0, 0, 0, 0.5)))
    assert left == 0
    assert right == pytest.approx(0.5, abs=0.045)


@pytest.mark.parametrize("length", [0.4, 0.55])
@pytest.mark.parametrize("yaw", [np.pi, 2.7])
def test_hair_on_the_back(yaw: float, length: float) -> None:
    posed = standing(yaw)
    back, left, right = find_hair(LAYERED, posed, person(posed, Worn(0, length)))
    assert back == pytest.approx(length, abs=0.045)
    assert left == right == 0


@pytest.mark.parametrize("yaw", [0.0, 0.8, np.pi])
@pytest.mark.parametrize("cloth", [BLUE, BLACK])
def test_short_hair(yaw: float, cloth: Colour) -> None:
    """Of any colour of clothes, the hair's own among them."""
    posed = standing(yaw)
    assert find_hair(LAYERED, posed, person(posed, NOTHING, BLACK, cloth)) == (0, 0, 0)


@pytest.mark.parametrize("yaw", [0.0, np.pi])
def test_hair_on_clothes_of_its_colour_is_not_told(yaw: float) -> None:
    """A hood would look the same."""
    posed = standing(yaw)
    assert find_hair(LAYERED, posed, person(posed, Worn(0, 0.6, 0.5, 0.5), BLACK, BLACK)) == (0, 0, 0)


@pytest.mark.parametrize("yaw", [0.2, np.pi, 2.7])
def test_labels_tell_hair_on_clothes_of_its_colour(yaw: float) -> None:
    posed = standing(yaw)
    worn = Worn(0, 0.5) if yaw > 1 else Worn(0, 0.5, 0.5, 0.5)
    found = find_hair(LAYERED, posed, person(posed, worn, BLACK, BLACK, labelled=True))
    assert found[0] == pytest.approx(0.5, abs=0.05) or (yaw < 1 and found[0] > 0.25)  # not seen from the front
    assert found[1:] == pytest.approx(worn[2:], abs=0.05)
    short = person(posed, NOTHING, BROWN, BLUE, labelled=True)
    assert find_hair(LAYERED, posed, short) == (0, 0, 0)


def test_labelled_hair_counts_where_it_hangs_away_from_the_body() -> None:
    """From the side, a hand's width behind the back: no sheet is there, and colours tell nothing of it."""
    posed = standing(np.pi / 2)
    seen = person(posed, NOTHING, labelled=True)
    assert seen.garments is not None
    head = np.argwhere(seen.garments.shows("hair"))
    top, left = head[:, 0].max(), head[:, 1].min()
    strand = np.zeros(SIZE, np.bool_)
    strand[top - 20 : top + 45, left - 8 : left + 8] = True
    labels = np.where(strand & (seen.mask < 0.5), 2, seen.garments.labels).astype(np.uint8)
    mask = np.maximum(seen.mask, strand).astype(np.float32)
    both = seen._replace(mask=mask, garments=seen.garments._replace(labels=labels))
    assert find_hair(LAYERED, posed, both)[0] > 0.3
    assert find_hair(LAYERED, posed, both._replace(garments=None))[0] == 0


def test_without_colours_nothing_is_told() -> None:
    posed = standing(0.0)
    seen = person(posed, Worn(0, 0.5, 0.5, 0.5))
    assert find_hair(LAYERED, posed, seen._replace(image=None)) == (0, 0, 0)
    as_face = person(posed, Worn(0, 0.5, 0.5, 0.5), hair=(215, 176, 150))
    assert find_hair(LAYERED, posed, as_face) == (0, 0, 0)


def test_dressed_with_long_hair() -> None:
    """Large pictures too, which are reduced first."""
    posed = standing(0.2)
    seen = person(posed, Worn(0, 0.5, 0.5, 0.5))
    found = dress(BODY, posed, seen, refined=False)
    assert min(found.worn[1:]) > 0.3
    assert found.iou[1] > 0.96
    assert dress(BODY, posed, seen, refined=False, layers=False).worn == NOTHING
