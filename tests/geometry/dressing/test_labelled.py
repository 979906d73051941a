"""Skirts told by labels: of pictures straightened along the legs, and of lifelike people whose labels are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.people import LifelikePeople
from ptx.datasets.people.options import PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.labelled import hem_by_labels
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.straightened import BETWEEN, CROTCH, MIDDLE, ON_LEGS, RIGHT_LEG, ROWS, Hem, Straightened
from ptx.geometry.fitting import fit
from ptx.geometry.garment_map import GarmentMap
from ptx.labels import GARMENTS, garment

Labels = NDArray[np.uint8]

COUNT = 2 * ROWS + 1
SHOWN = np.ones(COUNT, np.bool_)


def straightened(upper: str, hem: int, lower: str = "legs") -> GarmentMap:
    """One garment over all columns down to a row, another on the legs below, and the wall between them."""
    labels = np.full((COUNT, BETWEEN.stop), garment(upper), np.uint8)
    labels[hem + 1 :] = garment("background")
    labels[hem + 1 :, ON_LEGS] = garment(lower)
    return GarmentMap(labels, GARMENTS)


def hem_of(garments: GarmentMap, shown: NDArray[np.bool_] = SHOWN, facing: float = 1.0) -> Hem | None:
    """Where labels alone say that a skirt ends."""
    colours, gap = np.zeros((*garments.labels.shape, 3), np.float32), np.zeros((COUNT, 21))
    mask, apart = np.ones(garments.labels.shape, np.bool_), np.full(COUNT, 0.15)
    legs = Straightened(colours, mask, shown, apart, gap, np.zeros((COUNT, 2)), facing, 1.0, garments)
    return hem_by_labels(legs, garments)


def on_legs(label: str, between: str) -> GarmentMap:
    """One label on both legs, another between them below the crotch."""
    out = straightened(label, COUNT)
    out.labels[CROTCH:, BETWEEN] = garment(between)
    return out


@pytest.mark.parametrize("kind", ["skirt", "dress", "coat"])
@pytest.mark.parametrize("hem", [12, 24, 40])
def test_what_hangs_around_both_legs_ends_at_its_hem(kind: str, hem: int) -> None:
    found = hem_of(straightened(kind, hem))
    assert found is not None
    assert not found.cut_off
    assert abs(found.row - hem) <= 1


def test_a_long_coat_ends_above_trousers() -> None:
    assert hem_of(straightened("coat", 24, "trousers")) is not None


def test_a_skirt_down_to_the_ankles_is_whole() -> None:
    assert hem_of(straightened("dress", COUNT)) == Hem(COUNT - 1, cut_off=False)


@pytest.mark.parametrize("last", [14, 30])
def test_a_skirt_that_the_photograph_ends_above_is_cut_off(last: int) -> None:
    shown = np.arange(COUNT) < last
    assert hem_of(straightened("skirt", COUNT), shown) == Hem(last - 1, cut_off=True)
    assert hem_of(straightened("trousers", COUNT), shown) is None
    assert hem_of(straightened("skirt", COUNT), shown, facing=0.3) is None
    assert hem_of(straightened("skirt", COUNT), shown & False) is None


@pytest.mark.parametrize(
    "garments",
    [
        straightened("trousers", COUNT),
        straightened("trousers", 20),
        straightened("legs", COUNT),
        straightened("skirt", 24, "trousers"),
        straightened("top", 14),
        straightened("coat", CROTCH, "trousers"),
        on_legs("coat", "trousers"),
        on_legs("coat", "background"),
        on_legs("dress", "background"),
    ],
    ids=[
        "trousers",
        "shorts",
        "bare",
        "half labelled",
        "a long shirt",
        "a jacket",
        "an open coat",
        "a coat's tails",
        "an overall",
    ],
)
def test_all_else_is_no_skirt(garments: GarmentMap) -> None:
    assert hem_of(garments) is None


def test_hands_and_bags_before_the_thighs_say_nothing() -> None:
    for thing in ("arms", "accessory"):
        garments = straightened("skirt", 30)
        garments.labels[8:18, RIGHT_LEG] = garment(thing)
        garments.labels[8:18, MIDDLE.stop :] = garment(thing)
        found = hem_of(garments)
        assert found is not None
        assert abs(found.row - 30) <= 1


@pytest.mark.parametrize(("kind", "told"), [("skirt", True), ("trousers", False)])
def test_wrong_blobs_change_nothing(kind: str, told: bool) -> None:
    """A tenth of the places in blobs of any label, in many a draw."""
    rng, right = np.random.default_rng(0), straightened(kind, 26).labels
    noisy = [GarmentMap(degraded(right, rng, share=0.1, shift=0), GARMENTS) for _ in range(40)]
    found = [hem_of(garments) for garments in noisy]
    assert [hem is not None for hem in found] == [told] * 40
    away = [abs(hem.row - 26) for hem in found if hem is not None]
    assert not away or (np.mean(np.array(away) <= 1) >= 0.8 and max(away) <= 8)


def degraded(labels: Labels, rng: np.random.Generator, share: float = 0.05, shift: float = 1.3) -> Labels:
    """Make labels (H, W) wrong as a network's are: borders displaced by so many px (standard deviation), blobs of other labels."""

    def field(sigma: float) -> NDArray[np.float32]:
        noise = cv2.GaussianBlur(rng.normal(0, 1, labels.shape).astype(np.float32), (0, 0), sigma)
        return np.asarray(noise / noise.std(), np.float32)

    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32)
    out = cv2.remap(labels, x + shift * field(4), y + shift * field(4), cv2.INTER_NEAREST)
    blobs = field(3)
    wrong = blobs > np.quantile(blobs, 1 - share)
    count, number = cv2.connectedComponents(wrong.astype(np.uint8))
    return np.where(wrong, rng.integers(0, len(GARMENTS), count)[number], out).astype(np.uint8)


def lengths(people: LifelikePeople, rng: np.random.Generator) -> list[tuple[bool, float, float]]:
    """Of each person: whether they wear a skirt; how long the one is that they are dressed in, by true labels and by partly wrong ones."""
    body, out = load_body("builtin"), []
    for i in range(people.options.persons):
        truth, labels = people.truth(i), people.garment_labels(i)
        posed = fit(body, truth.keypoints[None], truth.keypoints3d[None], people.options.size)
        if not posed.usable[0]:
            continue
        worn = [
            (one.label, one.piece.kind == "tube" or "skirt" in one.piece.name) for one in people.person(i).figure.pieces
        ]
        skirted = any(hangs and label in ("skirt", "dress") for label, hangs in worn)
        # Overalls and jumpsuits have the label of dresses, and the tails of a closed coat hang as a skirt does.
        if not skirted and any(label == "dress" or (label == "coat" and hangs) for label, hangs in worn):
            continue
        person = Person(truth.keypoints, truth.keypoints3d, None, people.alpha(i), None, people.render(i))
        posed_body = Posed(posed.pose[0], posed.betas[0], posed.camera[0])
        told, guessed = (
            dress(body, posed_body, person._replace(garments=GarmentMap(given, GARMENTS))).worn.skirt
            for given in (labels, degraded(labels, rng))
        )
        out.append((skirted, told, guessed))
    return out


@pytest.mark.slow
def test_lifelike_people_are_dressed_in_their_skirts() -> None:
    """And nobody else is, whatever they sit or lunge in; of labels of small pictures one in twenty is wrong, and their borders are."""
    people = LifelikePeople(PeopleOptions(80, 1, 3, (192, 128), half_body=0, looks="lifelike", loose=0.5))
    found = np.array(lengths(people, np.random.default_rng(0)))
    skirted = found[:, 0] > 0
    assert 30 <= skirted.sum() <= len(found) - 25
    told = found[:, 1:] > 0
    assert (told[skirted].mean(axis=0) >= (0.9, 0.8)).all()  # who sits, or lunges in a short one, may be missed
    assert not told[~skirted].any()
