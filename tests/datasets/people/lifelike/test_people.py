"""Lifelike people: the same from the same seed, labels that are the silhouette, truth that fits the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people import PeopleOptions, open_people
from ptx.datasets.people.lifelike.people import LifelikePeople
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.labels import CLOTHES, GARMENTS, garment

OPTIONS = PeopleOptions(6, 2, seed=3, size=(128, 96), half_body=0.2, looks="lifelike")
PEOPLE = LifelikePeople(OPTIONS)
pytestmark = pytest.mark.slow


def test_the_same_seed_and_number_give_the_same_bytes_whatever_came_before() -> None:
    forwards = [PEOPLE.render(i) for i in (0, 3, 7)]
    again = open_people(replace(OPTIONS, persons=30))
    assert type(again) is LifelikePeople
    assert all((again.render(i) == image).all() for i, image in zip((7, 3, 0), forwards[::-1], strict=True))
    other = LifelikePeople(replace(OPTIONS, seed=4))
    assert not (other.render(0) == forwards[0]).all()


def test_labels_partition_the_silhouette() -> None:
    for index in range(12):
        labels, alpha = PEOPLE.garment_labels(index), PEOPLE.alpha(index)
        assert labels.max() < len(GARMENTS)
        assert alpha.min() >= 0
        assert alpha.max() <= 1.0001
        assert ((labels > 0) == (alpha >= 0.5)).all()
        assert 0.02 < alpha.mean() < 0.8


def test_everyone_has_a_head_and_is_dressed() -> None:
    clothes = [garment(name) for name in CLOTHES]
    for index in range(12):
        labels = PEOPLE.garment_labels(index)
        person = labels > 0
        assert np.isin(labels, clothes).sum() > 0.25 * person.sum()
        assert np.isin(labels, [garment("hair"), garment("face"), garment("accessory")]).any()


def test_the_picture_differs_from_its_background_where_the_person_is() -> None:
    """Two people before the same studio would be alike elsewhere: here one person in two poses, without noise."""
    options = replace(OPTIONS, persons=1, images_per_person=2, half_body=0.0)
    people = LifelikePeople(options)
    first, second = (people.render(i).astype(float) for i in (0, 1))
    neither = (people.alpha(0) == 0) & (people.alpha(1) == 0)
    either = (people.alpha(0) > 0.9) ^ (people.alpha(1) > 0.9)
    change = np.abs(first - second).mean(2)
    assert change[either].mean() > 2 * change[neither].mean()


def test_keypoints_lie_on_the_person() -> None:
    inside = []
    for index in range(12):
        points, labels = PEOPLE.truth(index).keypoints, PEOPLE.garment_labels(index)
        known = points[points[:, 2] > 0, :2].round().astype(int)
        inside.append(labels[known[:, 1].clip(0, 127), known[:, 0].clip(0, 95)] > 0)
    assert np.concatenate(inside).mean() > 0.9


def test_a_picture_flows_to_itself_by_nothing_and_only_inside_the_silhouette() -> None:
    flow, visibility = PEOPLE.exact_flow(4, 4)
    person = PEOPLE.garment_labels(4) > 0
    assert (visibility[~person] == BACKGROUND).all()
    assert np.abs(flow[~person]).max() == 0
    assert (visibility[person] == VISIBLE).mean() > 0.93  # at the rim the middle of a pixel can be beside the mesh
    assert np.abs(flow).max() < 1e-2


def test_views_show_one_pose() -> None:
    people = LifelikePeople(replace(OPTIONS, persons=1, images_per_person=4, views=4, half_body=0.0))
    poses = [people.truth(i).pose[1:] for i in range(4)]
    assert all((pose == poses[0]).all() for pose in poses)


def test_skirts_on_demand() -> None:
    worn = [
        {item.label for item in LifelikePeople(replace(OPTIONS, loose=1.0)).person(2 * i).figure.pieces}
        for i in range(6)
    ]
    assert all(labels & {"skirt", "dress"} for labels in worn)
