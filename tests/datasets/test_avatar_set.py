from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.avatar_set import AvatarSet
from ptx.pipeline.errors import PtxError
from ptx.project import build_data_set
from ptx.settings import load_settings
from tests.commands.runner import fails, ptx
from tests.datasets.gltf.files import MIXAMO_PARENTS, person, write_glb, write_gltf
from tests.projects import NO_FILE, make_project, problems, read, run

NAMES = ("ann_day.glb", "ann_night.glb", "bob_day.glb", "deep/eve_day.glb", "deep/eve_night.glb")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        write_glb(tmp_path / "avatars" / name, *person(names=("Skin", "Top", "Hair")))
    return tmp_path / "avatars"


def opened(root: Path, *overrides: str) -> AvatarSet:
    words = ["data.kind=avatars", f"data.root={root}", f"workspace={root.parent}/work", *overrides]
    found = build_data_set(load_settings(NO_FILE, words))
    assert isinstance(found, AvatarSet)
    return found


def test_each_file_is_a_person_with_several_images(root: Path) -> None:
    listing = opened(root, "data.images_per_avatar=3", "data.test_fraction=0.4").listing()
    assert listing.ids[:4] == ["ann_day_00", "ann_day_01", "ann_day_02", "ann_night_00"]
    assert listing.ids[-1] == "deep/eve_night_02"
    assert listing.persons.tolist() == [number for number in range(5) for _ in range(3)]
    assert len(listing.pairs) == 5 * 6
    assert (listing.persons[listing.pairs[:, 0]] == listing.persons[listing.pairs[:, 1]]).all()
    assert int(listing.splits.sum()) == 2 * 3


@pytest.mark.parametrize("pattern", ["(.*)_", "[a-z]+"])
def test_files_of_a_person_stay_together(pattern: str, root: Path) -> None:
    listing = opened(root, f"data.person={pattern}", "data.images_per_avatar=2", "data.test_fraction=0.34").listing()
    assert listing.persons.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    for one in range(3):
        assert len(set(listing.splits[listing.persons == one].tolist())) == 1
    assert set(listing.splits.tolist()) == {0, 1}
    assert len(listing.pairs) == 5 * 2  # of one file: an outfit has no point in common with another


def test_what_it_has_depends_on_the_labels_that_are_wanted(root: Path) -> None:
    assert opened(root).has == {"keypoints", "masks", "truth"}
    assert opened(root, "data.labels=true").has == {"keypoints", "masks", "labels", "truth"}


def test_replaced_files_are_noticed(root: Path) -> None:
    before = opened(root).listing()
    write_glb(root / "bob_day.glb", *person(a_pose=20.0))
    after = opened(root).listing()
    assert before.digest != after.digest
    assert before.stamps is not None
    assert after.stamps is not None
    changed = (before.stamps != after.stamps).any(1)
    assert {after.ids[i].rpartition("_")[0] for i in np.flatnonzero(changed)} == {"bob_day"}


def test_buffers_beside_their_file_are_watched(root: Path) -> None:
    document, data = person()
    write_gltf(root / "fay.gltf", document, data)
    before = opened(root).listing()
    assert before.stamps is None
    (root / "person.bin").write_bytes(data + bytes(4))
    assert opened(root).listing().state != before.state


def test_what_is_left_out_is_told(root: Path) -> None:
    (root / "gus.fbx").write_bytes(b"FBX")
    (note,) = opened(root).listing().notes
    assert note == "1 file left out: .fbx 1 (export them as glTF, .glb, from Blender, say)"


def test_folders_without_avatars(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is no folder; name the folder that holds the avatars"):
        opened(tmp_path / "nowhere").listing()
    (tmp_path / "empty").mkdir()
    with pytest.raises(PtxError, match=r"holds no avatars \(\.glb, \.gltf, \.vrm\)"):
        opened(tmp_path / "empty").listing()


def test_a_pattern_that_is_none(root: Path) -> None:
    with pytest.raises(PtxError, match="no regular expression"):
        opened(root, "data.person=(")


@pytest.mark.slow
def test_check_reads_the_files(root: Path) -> None:
    words = ("--set", "data.kind=avatars", "--set", f"data.root={root}")
    fine = ptx(root.parent, "check", *words)
    assert fine.code == 0
    assert "unreadable: 0" in fine.out
    (root / "bob_day.glb").write_bytes(b"glTF")
    found = ptx(root.parent, "check", *words)
    assert found.code == 1
    assert "unreadable: 4 (bob_day.glb#0: bob_day.glb: it is no" in found.out
    shutil.rmtree(root)
    fails(ptx(root.parent, "check", *words), "is no folder")


@pytest.mark.slow
def test_avatars_to_visibility(root: Path) -> None:
    """A damaged file and one with other bones are quarantined; the others have masks, keypoints, fits, flow, visibility."""
    (root / "bob_day.glb").write_bytes(json.dumps({"asset": {"version": "2.0"}}).encode())
    write_glb(root / "ann_night.glb", *person(rename={bone: f"b{i}" for i, bone in enumerate(MIXAMO_PARENTS)}))
    settings = [
        "data.kind=avatars",
        f"data.root={root}",
        "size=[96,80]",
        "data.images_per_avatar=2",
        "data.half_body=0",
        "data.labels=true",
    ]
    project = make_project(root.parent / "work", *settings)
    run(project)
    found = problems(project, "ingest")
    assert set(found) == {2, 3, 4, 5}
    assert found[2].startswith("unknown_skeleton: ann_night.glb: no joint is named as pelvis, left_hip")
    assert found[4].startswith("bad_avatar: bob_day.glb: ")
    assert not problems(project, "parse")
    good = [0, 1, 6, 7, 8, 9]
    masks, labels = read(project, "silhouette", "mask")[good], read(project, "parse", "labels")[good]
    assert ((masks > 127) != (labels > 0)).mean() < 0.02
    flow = project.data.exact_flow().flow(0, 1)
    assert flow[0].shape == (96, 80, 2)
    keypoints = read(project, "extract-keypoints", "keypoints")[good]
    assert np.isfinite(keypoints).all()
