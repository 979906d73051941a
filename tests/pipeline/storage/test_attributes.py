"""Attributes of a store: what earlier versions wrote is read."""

from __future__ import annotations

import pytest

from ptx.pipeline.storage.attributes import OtherFormat, StoreAttributes
from ptx.pipeline.storage.json_values import Json

STORED: dict[str, Json] = {
    "format": 1,
    "stage": "square",
    "again": 2,
    "count": 150,
    "block": 16,
    "document": {"stage": "square", "settings": {"factor": 3}},
    "fingerprint": "ab" * 32,
    "versions": {"numpy": "2.1"},
}
"""As the first version of this format wrote them."""


def group(ptx: Json) -> Json:
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ptx": ptx}}


def test_the_stored_form_has_not_changed() -> None:
    found = StoreAttributes.from_group(group(STORED))
    assert found == StoreAttributes(
        stage="square",
        count=150,
        block=16,
        manifest={"stage": "square", "settings": {"factor": 3}},
        fingerprint="ab" * 32,
        rebuilds=2,
        versions={"numpy": "2.1"},
    )
    assert found.as_json() == STORED


def test_stores_older_than_rebuilds() -> None:
    older = {key: value for key, value in STORED.items() if key != "again"}
    assert StoreAttributes.from_group(group(older)).rebuilds == 0


def test_another_format() -> None:
    with pytest.raises(OtherFormat) as caught:
        StoreAttributes.from_group(group({**STORED, "format": 7}))
    assert caught.value.number == 7


@pytest.mark.parametrize("value", [None, {}, {"attributes": {}}, {"attributes": {"ptx": 3}}, group({"format": 1})])
def test_groups_of_others(value: Json) -> None:
    with pytest.raises((KeyError, TypeError)):
        StoreAttributes.from_group(value)
