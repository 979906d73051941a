"""Labels with their names."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.garment_map import GarmentMap

NAMES = ("nothing", "skirt", "hat")
MAP = GarmentMap(np.array([[0, 1], [2, 1]], np.uint8), NAMES)


def test_it_is_asked_by_name() -> None:
    np.testing.assert_array_equal(MAP.shows("skirt"), [[False, True], [False, True]])
    np.testing.assert_array_equal(MAP.shows("skirt", "hat"), [[False, True], [True, True]])
    with pytest.raises(ValueError, match="not in tuple"):
        MAP.shows("glove")


def test_labels_are_never_blended() -> None:
    large = MAP.resized(6, 4)
    np.testing.assert_array_equal(large.labels, MAP.labels.repeat(3, axis=0).repeat(2, axis=1))
    assert large.names == NAMES
    np.testing.assert_array_equal(large.resized(2, 2).labels, MAP.labels)


def test_places_beyond_the_picture_show_nothing() -> None:
    places = np.array([[[1.2, 0.1], [0.4, 0.8], [5.0, 0.0]]], np.float32)
    np.testing.assert_array_equal(MAP.sampled(places).labels, [[1, 2, 0]])
