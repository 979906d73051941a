"""Who of several persons is taken: by size, by confidence, or nobody."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.persons import FoundPerson, Several, choose_person
from tests.datasets.problems import raises_problem

RULES: tuple[Several, ...] = ("largest", "surest", "quarantine")


def person(size: float, confidence: float = 0.5, count: int = 18, area: float = 0, box: float = 0) -> FoundPerson:
    """Keypoints on the sides of a rectangle, 3 by 4 times a size: its diagonal is 5 times it; missing ones far away."""
    points = np.full((18, 3), 9999, np.float32)
    points[:, 2] = 0
    points[:count] = (3 * size, 4 * size, confidence)
    points[0, :2] = 0
    return FoundPerson(points, area, box)


def test_measures_of_a_person() -> None:
    one = person(10, 0.5, 6)
    assert (one.count, one.extent, one.confidence) == (6, 50, 3)
    nobody = FoundPerson(np.concatenate([np.full((18, 2), np.nan), np.zeros((18, 1))], axis=1).astype(np.float32))
    assert (nobody.count, nobody.extent, nobody.confidence) == (0, 0, 0)


def test_each_rule_means_what_it_says() -> None:
    people = [person(3, 0.95), person(20, 0.6), person(10, 0.7)]
    assert choose_person(people, "largest") == 1
    assert choose_person(people, "surest") == 0
    with raises_problem("several_persons", "^3 persons in the picture"):
        choose_person(people, "quarantine")
    for rule in RULES:
        assert choose_person(people[:1], rule) == 0


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([person(9, area=10), person(1, area=90)], 1),
        ([person(9, area=0), person(1, area=90)], 0),  # not both areas are known
        ([person(9, box=5), person(1, box=50)], 1),
        ([person(9, area=7, box=5), person(1, area=7, box=50)], 1),
        ([person(1, area=7, box=5), person(9, area=7, box=5)], 1),
        ([person(5, 0.4), person(5, 0.8)], 1),
    ],
)
def test_size_is_area_then_box_then_extent_then_certainty(people: list[FoundPerson], expected: int) -> None:
    assert choose_person(people, "largest") == expected


def test_who_could_not_be_fitted_is_taken_only_where_nobody_else_is_there() -> None:
    """Of three keypoints nothing can be made: such a ghost, however large or sure, hides no whole person."""
    ghost = person(100, 1.0, 3)
    for rule in RULES[:2]:
        assert choose_person([ghost, person(5, 0.1)], rule) == 1
        assert choose_person([ghost, person(5, 0.1, 2)], rule) == 0
