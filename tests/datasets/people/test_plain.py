"""Plain people stay what they are: pictures, labels and truth to the bit, whatever is added beside them."""

from __future__ import annotations

import hashlib

import pytest

from ptx.datasets.people import People, PeopleOptions, open_people

CASES = {
    "8aab8771b5d95043f3e562d4a22a8c61630646641ea7f44318fe920bbfcb84e7": PeopleOptions(3, 4, seed=3, size=(96, 72)),
    "d6cd2723c5b40c15481ef13a60a929ea6e3b51f9fef7920b5ad05ba2074f522f": PeopleOptions(
        3, 4, seed=5, size=(96, 72), loose=1.0, views=2
    ),
    "2a0f0f6a2b6137715e328b45f3ea286b10e8069768910d27f03a1b0a646b221f": PeopleOptions(
        2, 2, seed=7, size=(64, 64), body="small"
    ),
}
"""SHA-256 of what version 2 of the generator made before lifelike people were added → its options."""


@pytest.mark.slow
@pytest.mark.parametrize("expected", CASES)
def test_the_same_bytes_as_before_there_were_lifelike_people(expected: str) -> None:
    people, total = open_people(CASES[expected]), hashlib.sha256()
    assert type(people) is People
    for index in range(len(people.ids)):
        total.update(people.render(index).tobytes())
        total.update(people.garment_labels(index).tobytes())
        truth = people.truth(index)
        for array in (truth.pose, truth.betas, truth.camera, truth.keypoints, truth.keypoints3d):
            total.update(array.tobytes())
    assert total.hexdigest() == expected
