"""Persons on whom checkpoints are chosen: some of the training persons, none of the test persons, the same ones tomorrow."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.validation import validation_images
from ptx.pipeline.stage import Listing
from ptx.project import Project
from ptx.settings import load_settings
from tests.projects import NO_FILE, make_project


def listing(persons: list[int], splits: list[int]) -> Listing:
    """Images of persons, their ids the number of the image."""
    ids = [f"image-{number}" for number in range(len(persons))]
    pairs = np.zeros((0, 2), np.int32)
    return Listing(ids, ids, np.array(persons, np.int32), np.array(splits, np.uint8), pairs, "digest")


def test_they_are_whole_persons_of_the_training_split() -> None:
    persons = [person for person in range(20) for _ in range(2)]
    known = listing(persons, [0] * 10 + [1] * 30)
    first = {person: persons.index(person) for person in range(5)}
    by_hash = sorted(first, key=lambda person: hashlib.sha256(f"image-{first[person]}".encode()).hexdigest())
    for count, share in ((1, 0.2), (2, 0.4), (4, 0.8), (5, 1.0)):
        chosen = validation_images(known, share)
        assert {persons[image] for image in np.flatnonzero(chosen)} == set(by_hash[:count])
        assert chosen.sum() == 2 * count  # both images of each


@pytest.mark.parametrize(
    ("persons", "share", "expected"), [(1, 0.5, 0), (2, 0.2, 0), (3, 0.2, 1), (4, 0, 0), (10, 0.1, 1), (4, 1, 4)]
)
def test_how_many(persons: int, share: float, expected: int) -> None:
    assert validation_images(listing(list(range(persons)), [0] * persons), share).sum() == expected


def test_the_choice_hardly_changes_when_others_come() -> None:
    few, many = (validation_images(listing(list(range(count)), [0] * count), 0.2) for count in (50, 55))
    assert (few & many[:50]).sum() >= 8  # of ten


def test_published_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    for kind in ("deepfashion", "market1501", "intrinsic-flow-release"):
        settings = load_settings(NO_FILE, [f"data.kind={kind}", f"data.root={tmp_path}", f"workspace={tmp_path}"])
        assert Project(settings).context.validation_share == 0
        assert "validation_fraction" not in type(settings.data).model_fields
    assert make_project(tmp_path, "data.validation_fraction=0.3").context.validation_share == 0.3
