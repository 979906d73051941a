"""The pack that comes with ptx, packs that lack something, and folders that are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ptx.datasets.data_set import DataContext
from ptx.datasets.people.lifelike.pack import load_pack
from ptx.datasets.people.packs import INDEX, SHIPPED, describe_pack
from ptx.datasets.synthetic import PeopleData, PeopleSet
from ptx.geometry.body import load_body
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.opening import open_storage

LARGEST = 6_000_000
"""Bytes that the pack in the package may have."""


def test_the_shipped_pack_is_whole_and_small() -> None:
    note, pack = describe_pack(""), load_pack("")
    assert note.missing == []
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= LARGEST
    assert "CC0" in (SHIPPED / "LICENSE.txt").read_text()
    for piece in pack.pieces:
        if piece.texture:
            assert min(pack.picture(piece.texture).shape[:2]) >= 96
    assert all(pack.picture(name).shape == (128, 128, 3) for name in pack.prints + pack.walls)


def test_bindings_name_vertices_that_there_are() -> None:
    pack, count = load_pack(""), len(load_body("builtin").v_template)
    for piece in pack.pieces:
        assert piece.corners.max() < count + len(pack.helpers)
        np.testing.assert_allclose(piece.weights.sum(1), 1, atol=1e-5)
        assert piece.faces.max() < len(piece.corners)
        assert piece.face_uv.max() < len(piece.uv)
    assert pack.eye_vertices.max() < count


def test_eyes_look_forward_from_the_middle_of_their_picture() -> None:
    pack, body = load_pack(""), load_body("builtin")
    front = body.v_template[pack.eye_vertices][:, 2]
    for side in np.split(np.arange(len(front)), 2):
        foremost = side[front[side].argmax()]
        assert np.abs(pack.eye_uv[foremost] - 0.5).max() < 0.15


def test_the_sexes_are_told_apart() -> None:
    pack = load_pack("")
    betas = np.random.default_rng(0).normal(0, 1, (400, 10))
    assert 0.3 < np.mean([pack.sex(one) == "male" for one in betas]) < 0.7


def people_set(data: PeopleData, folder: Path) -> PeopleSet:
    return PeopleSet(data, DataContext(open_storage(str(folder / "work")), size=(64, 64)), frozenset())


def without(folder: Path, **parts: list[str]) -> Path:
    """A copy of the shipped pack whose index has other parts."""
    shutil.copytree(SHIPPED, folder)
    index = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps(index | parts))
    return folder


def test_a_missing_part_is_said_in_one_line(tmp_path: Path) -> None:
    folder = without(tmp_path / "pack", walls=[], prints=[])
    assert describe_pack(str(folder)).missing == ["prints", "walls"]
    data = PeopleData(looks="lifelike", pack=folder)
    notes = people_set(data, tmp_path).listing().notes
    assert len(notes) == 1
    assert "prints, walls" in notes[0]


def test_another_pack_is_other_data(tmp_path: Path) -> None:
    folder = without(tmp_path / "pack", walls=[])
    digests = {
        people_set(PeopleData(looks=looks, pack=pack), tmp_path).listing().digest
        for looks, pack in (("plain", None), ("lifelike", None), ("lifelike", folder))
    }
    assert len(digests) == 3


def test_a_pack_that_nobody_wears_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="only lifelike people"):
        PeopleData(pack=tmp_path)


@pytest.mark.parametrize("broken", ["nothing", "damaged"])
def test_a_folder_that_is_no_pack_ends_in_one_line(tmp_path: Path, broken: str) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    if broken == "damaged":
        (folder / INDEX).write_text(json.dumps({"pieces": [], "prints": [], "walls": [], "lights": [], "poses": []}))
        (folder / "pack.npz").write_bytes(b"PK\3\4 no archive")
    with pytest.raises(PtxError, match=r"data\.pack: .* is no pack"):
        load_pack(str(folder))
