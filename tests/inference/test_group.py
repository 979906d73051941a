"""Several people in one picture: far ones first, nobody else touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.people import People
from ptx.geometry.body import load_body
from ptx.inference.crowd import lay_back, nearness, paint_everyone
from ptx.inference.model import Image, Model, Painting, Person
from ptx.pipeline.errors import PtxError
from tests.conftest import SIZE
from tests.inference.test_model import Known


@dataclass
class Knows(Known):
    """A detector that has been told where all people are."""

    people: list[np.ndarray]

    def detect_all(self, image: np.ndarray) -> list[Known]:
        del image
        return [Known3d(keypoints) for keypoints in self.people]


class Known3d(Known):
    keypoints3d = None


def scene(people: People) -> tuple[Image, list[np.ndarray]]:
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
    return Painting(picture, picture, flow, np.zeros(SIZE, np.uint8), person, person.keypoints)


def test_the_larger_is_nearer_and_painted_last(models: Path, people: People) -> None:
    picture, known = scene(people)
    model = Model(models, Knows(known[::-1]))
    done = paint_everyone(model, picture, in_red, body="small")
    assert len(done.paintings) == 2
    body = load_body("small")
    near = [nearness(painting.person, body) for painting in done.paintings]
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
    model = Model(models, Known(known))
    person = model.person(picture, known)
    far = in_red(person)
    near = replace(far, picture=np.full_like(far.picture, 50))
    neck = known[1, :2].round().astype(int)
    assert (lay_back(picture, [far, near])[neck[1], neck[0]] == 50).all()


def test_one_who_cannot_be_painted_stays(models: Path, people: People) -> None:
    picture, known = scene(people)

    def fails_for_small(person: Person) -> Painting:
        if person.transform[0, 0] > 0.9:
            raise PtxError("too small")
        return in_red(person)

    model = Model(models, Knows(known))
    done = paint_everyone(model, picture, fails_for_small, body="small")
    assert (len(done.paintings), done.problems) == (1, ["too small"])
    neck = known[0][1, :2].round().astype(int)
    assert (done.picture[neck[1], neck[0]] == picture[neck[1], neck[0]]).all()
    with pytest.raises(PtxError, match="nobody could be painted: too small"):
        paint_everyone(Model(models, Knows(known[:1])), picture, fails_for_small, body="small")


def test_a_detector_of_one(models: Path, people: People) -> None:
    with pytest.raises(PtxError, match="one person only"):
        Model(models, Known(people.truth(0).keypoints)).people(people.render(0))
