"""Several people in one picture: far ones first, nobody else touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.images import Image
from ptx.datasets.people import People
from ptx.geometry.body import load_body
from ptx.inference.blend import blend_people
from ptx.inference.given import Keypoints
from ptx.inference.group import pixels_per_metre
from ptx.inference.model import Model
from ptx.inference.painting import FoundFlow, Painting
from ptx.inference.person import Person
from ptx.pipeline.errors import PtxError
from tests.conftest import SIZE
from tests.inference.detectors import KnownPeople, KnownPerson


def of_everyone(models: Path, people: list[Keypoints]) -> Model:
    """A model with a detector that knows where these people are."""
    return Model(models, body="small", detector=KnownPeople(people[0], people))


def scene(people: People) -> tuple[Image, list[Keypoints]]:
    """Two pictures side by side, the right one twice as large, and the keypoints of both."""
    left, right = people.render(0), people.render(1)
    large = right.repeat(2, 0).repeat(2, 1)
    picture = np.full((large.shape[0], left.shape[1] + large.shape[1], 3), 128, np.uint8)
    picture[: left.shape[0], : left.shape[1]] = left
    picture[:, left.shape[1] :] = large
    second = people.truth(1).keypoints.copy()
    second[:, :2] = second[:, :2] * 2 + (left.shape[1] + 0.5, 0.5)
    return picture, [people.truth(0).keypoints, second]


def in_red(person: Person) -> Painting:
    picture = np.zeros_like(person.image)
    picture[..., 0] = 255
    flow = np.zeros((*SIZE, 2), np.float32)
    return Painting(picture, FoundFlow(picture, flow, np.zeros(SIZE, np.uint8)), person, person.keypoints)


def test_the_larger_is_nearer_and_painted_last(models: Path, people: People) -> None:
    picture, known = scene(people)
    done = of_everyone(models, known[::-1]).everyone(picture, in_red)
    assert len(done.paintings) == 2
    body = load_body("small")
    near = [pixels_per_metre(painting.person, body) for painting in done.paintings]
    assert near[1] > 1.4 * near[0]
    changed = (done.picture != picture).any(-1)
    assert 0.02 < changed.mean() < 0.7
    for keypoints in known:
        neck = keypoints[1, :2].round().astype(int)
        assert (done.picture[neck[1], neck[0]] == (255, 0, 0)).all()
    corner = np.zeros_like(changed)
    corner[SIZE[0] + 20 :, : SIZE[1] // 2] = True  # the empty place below the left one
    assert not changed[corner].any()


def test_who_stands_before_another_is_not_painted_over(models: Path, people: People) -> None:
    picture, known = people.render(0), people.truth(0).keypoints
    person = Model(models, detector=KnownPerson(known)).person(picture, known)
    far = in_red(person)
    near = replace(far, picture=np.full_like(far.picture, 50))
    neck = known[1, :2].round().astype(int)
    assert (blend_people([far, near])[neck[1], neck[0]] == 50).all()


def test_one_who_cannot_be_painted_stays(models: Path, people: People) -> None:
    picture, known = scene(people)

    def fails_for_small(person: Person) -> Painting:
        if person.transform[0, 0] > 0.9:
            raise PtxError("too small")
        return in_red(person)

    done = of_everyone(models, known).everyone(picture, fails_for_small)
    assert (len(done.paintings), done.problems) == (1, ["too small"])
    neck = known[0][1, :2].round().astype(int)
    assert (done.picture[neck[1], neck[0]] == picture[neck[1], neck[0]]).all()
    with pytest.raises(PtxError, match="nobody could be painted: too small"):
        of_everyone(models, known[:1]).everyone(picture, fails_for_small)


def test_a_detector_of_one(models: Path, people: People) -> None:
    with pytest.raises(PtxError, match="one person only"):
        Model(models, detector=KnownPerson(people.truth(0).keypoints)).people(people.render(0))


def test_everyone_in_one_pose(models: Path, people: People) -> None:
    """The lambda of the documentation: each is transferred; the rest of the picture stays."""
    picture, known = scene(people)
    model = of_everyone(models, known)
    done = model.everyone(picture, lambda person: model.transfer(person, known[0]))
    assert len(done.paintings) == 2
    assert done.picture.shape == picture.shape
    with pytest.raises(PtxError, match=r"nowhere.png: nowhere.png is not there"):
        model.everyone("nowhere.png", lambda person: model.transfer(person, known[0]))
