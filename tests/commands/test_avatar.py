"""`ptx avatar`, and avatars as sources of `ptx transfer` and `ptx view`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image as Pillow

from ptx.datasets.people import People, PeopleOptions
from ptx.inference import person
from ptx.inference.surface import SIZE
from tests.avatar.viewer import Viewer
from tests.commands.runner import fails, ptx
from tests.inference.detectors import EnlargedPerson

BODY = ("--set", "body=small")

PHOTOGRAPH = (128, 96)
"""Height, width of the photographs."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photographs of a person in two poses, in both of which the detector sees the first pose."""
    people = People(PeopleOptions(1, 2, seed=1, size=PHOTOGRAPH, half_body=0, body="small"))
    for index, name in enumerate(("me", "dancer")):
        Pillow.fromarray(people.render(index)).save(tmp_path / f"{name}.png")
    found = EnlargedPerson(people.truth(0).keypoints, PHOTOGRAPH)
    monkeypatch.setattr(person, "PhotographDetector", lambda: found)
    np.savez(tmp_path / "walk.npz", poses=np.zeros((3, 24, 3)), root=np.zeros((3, 3)), fps=10)
    return tmp_path


@pytest.mark.slow
def test_an_avatar_and_pictures_of_it(folder: Path) -> None:
    done = ptx(folder, "avatar", "me.png", *BODY)
    assert (done.code, done.out) == (0, "avatar.glb\n"), done.err
    first = (folder / "avatar.glb").read_bytes()
    document = Viewer.open(first).document
    record = json.loads(document["asset"]["extras"]["Comment"])
    assert record["command"] == "ptx avatar"
    assert record["settings"]["texture"] == 2048
    assert record["sources"][0]["file"] == "me.png"
    assert "animations" not in document
    assert str(folder).encode() not in first
    moving = ("avatar", "me.png", "--animate", "walk.npz", "--texture", "1024", "-o", "moving.glb", *BODY)
    assert ptx(folder, *moving).code == 0
    assert Viewer.open((folder / "moving.glb").read_bytes()).document["animations"][0]["name"] == "walk"

    one = ("transfer", "avatar.glb", "--pose", "dancer.png", *BODY)
    assert ptx(folder, *one).code == 0
    with Pillow.open(folder / "transfer.png") as picture:
        assert (picture.mode, picture.size) == ("RGBA", SIZE[::-1])
        record = json.loads(picture.info["Comment"])
    assert record["sources"][0]["file"] == "avatar.glb"
    assert record["settings"]["background"] == "none"
    assert ptx(folder, *one, "--as", "sheet", "-o", "sheet.png").code == 0
    (folder / "table.csv").write_text("source,pose\navatar.glb,me.png\nme.png,dancer.png\nme.png;dancer.png,me.png\n")
    done = ptx(folder, "transfer", "--pairs", "table.csv", *BODY)
    assert (done.code, done.out.splitlines()[-1:]) == (0, ["3 of 3 painted into transfers"]), done.err
    assert Pillow.open(folder / "transfers" / "1_avatar_me.png").mode == "RGBA"
    assert ptx(folder, "view", "moving.glb", "--yaw", "0,90", *BODY).code == 0
    assert (folder / "view.png").exists()
    assert ptx(folder, "avatar", "me.png", *BODY).code == 0
    assert (folder / "avatar.glb").read_bytes() == first
    assert ptx(folder, "avatar", "me.png", "dancer.png", "-o", "both.glb", *BODY).code == 0
    both = Viewer.open((folder / "both.glb").read_bytes())
    record = json.loads(both.document["asset"]["extras"]["Comment"])
    assert [source["file"] for source in record["sources"]] == ["me.png", "dancer.png"]


@pytest.mark.slow
def test_mistakes_are_one_line(folder: Path) -> None:
    (folder / "box.glb").write_bytes(trimesh.creation.box().export(file_type="glb"))
    fails(ptx(folder, "avatar", "me.png", "-o", "me.obj"), "me.obj: avatars are written as .glb")
    fails(ptx(folder, "avatar", "me.png", "box.glb"), "box.glb: is an avatar already")
    fails(ptx(folder, "avatar", "box.glb", "-o", "box.glb"), "would replace what it is made from")
    fails(ptx(folder, "avatar", "me.png", "--animate", "none.npz"), "none.npz: is not there")
    fails(ptx(folder, "avatar", "none.png", *BODY), "none.png")
    fails(ptx(folder, "transfer", "box.glb", "--pose", "me.png", *BODY), "box.glb: a model of another program")
    fails(ptx(folder, "view", "box.glb", *BODY), "box.glb: a model of another program")
    for command in (("transfer", "box.glb", "--pose", "me.png"), ("view", "box.glb")):
        fails(ptx(folder, *command, "--background", "source"), "--background source: box.glb has no photograph")
        fails(ptx(folder, *command, "--as", "paste"), "--as paste: box.glb has no photograph")
        fails(ptx(folder, *command, "--engine", "flow"), "box.glb: an avatar is drawn by the surface engine")
        fails(ptx(folder, *command, "--model", "work/models"), "box.glb: an avatar is drawn by the surface engine")
    fails(ptx(folder, "view", "me.png", "box.glb", *BODY), "box.glb: an avatar is a whole person")
    fails(
        ptx(folder, "transfer", "box.glb", "me.png", "--pose", "me.png", *BODY), "box.glb: an avatar is a whole person"
    )
    (folder / "table.csv").write_text("source,pose\nbox.glb,me.png\n")
    table = ("transfer", "--pairs", "table.csv")
    fails(ptx(folder, *table, "--background", "source"), "--background source: box.glb has no photograph")
    failed = ptx(folder, *table, *BODY)
    assert (failed.code, failed.out) == (1, "0 of 1 painted into transfers\n")
