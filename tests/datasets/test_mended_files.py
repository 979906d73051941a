"""A damaged file that is mended is read again, alone; everything that depends on it follows, and nothing else does."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.spatial.transform import Rotation

from ptx.datasets.people import People, PeopleOptions
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.run import retry_stage
from ptx.project import Project
from tests.projects import make_project, problems, read, run, stage

PEOPLE = People(PeopleOptions(3, 2, seed=2, size=(64, 64), body="small"))
DAMAGED = "p1/1.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three persons with two photographs and OpenPose's files each; one photograph is cut off."""
    for index in range(6):
        name = f"p{index // 2}/{index % 2}"
        picture, keypoints = tmp_path / "photos" / f"{name}.png", tmp_path / "openpose" / f"{name}_keypoints.json"
        for path in (picture, keypoints):
            path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(PEOPLE.render(index)).save(picture)
        numbers = np.nan_to_num(PEOPLE.truth(index).keypoints).ravel().tolist()
        keypoints.write_text(json.dumps({"people": [{"pose_keypoints_2d": numbers}]}))
    damage(tmp_path / "photos" / DAMAGED)
    return tmp_path / "photos"


def whole_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.whole")


def damage(path: Path) -> None:
    whole_of(path).write_bytes(path.read_bytes())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def mend(path: Path, time: int | None = None) -> None:
    """Bring the whole file back, with a time of now, or another one (ns)."""
    path.write_bytes(whole_of(path).read_bytes())
    if time is not None:
        os.utime(path, ns=(time, time))


def project(root: Path, workspace: str = "work", more: Sequence[str] = ()) -> Project:
    return make_project(
        root.parent / workspace, f"data.root={root}", "size=[64, 64]", "run.block=2", "data.test_fraction=0",
        "extract_keypoints.backend=openpose-json", f"extract_keypoints.path={root.parent / 'openpose'}", *more,
    )  # fmt: skip


def conditions(chosen: Project) -> dict[str, str]:
    return {one.name: chosen.pipeline.plan(one).condition for one in chosen.pipeline.active}


def retry(chosen: Project, name: str = "ingest") -> int:
    """Retry a stage; returns the number of samples that were computed."""
    with open_executor(chosen.settings.run, chosen.settings.cluster) as executor:
        return retry_stage(chosen.pipeline, stage(chosen, name), None, Silent(), executor).computed


def rerun(chosen: Project) -> int:
    """Run ingest; returns the number of samples that were computed."""
    with open_executor(chosen.settings.run, chosen.settings.cluster) as executor:
        return chosen.step("ingest").run(Silent(), executor).computed


def files(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every shard of ingest's pictures."""
    shards = (root.parent / "work" / "ingest.zarr" / "image" / "c").rglob("*")
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in shards if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("again", [retry, rerun], ids=["retry", "run"])
def test_a_mended_photograph_is_read_alone_and_the_rest_follows(root: Path, again: Callable[[Project], int]) -> None:
    run(project(root))
    assert list(problems(project(root), "ingest")) == [3]
    before, flow = files(root), read(project(root), "synth-flow", "flow")
    mend(root / DAMAGED, 10**18)  # older than the damaged one, as `cp -p` makes it
    assert conditions(project(root)) | {"ingest": "partial"} == dict.fromkeys(conditions(project(root)), "done") | {
        "ingest": "partial"
    }
    assert again(project(root)) == 1
    after = files(root)
    assert [name for name in before if after[name] != before[name]] == [
        next(name for name in before if "/c/1/" in name)
    ]
    assert not problems(project(root), "ingest")
    assert conditions(project(root))["extract-keypoints"] == "partial"
    run(project(root))
    assert set(conditions(project(root)).values()) == {"done"}
    run(project(root, "calm"))
    calm = project(root, "calm")
    for name, array in (
        ("ingest", "image"),
        ("extract-keypoints", "keypoints"),
        ("fit-smpl", "pose"),
        ("synth-flow", "flow"),
    ):
        np.testing.assert_array_equal(read(project(root), name, array), read(calm, name, array))
    assert (read(calm, "synth-flow", "flow") != flow).any()


@pytest.mark.slow
@pytest.mark.parametrize("again", [retry, rerun], ids=["retry", "run"])
def test_a_photograph_that_is_mended_badly_stays_and_is_not_read_on_and_on(
    root: Path, again: Callable[[Project], int]
) -> None:
    run(project(root), "ingest")
    (root / DAMAGED).write_bytes(b"still nothing")
    assert again(project(root)) == 1
    assert list(problems(project(root), "ingest")) == [3]
    assert conditions(project(root))["ingest"] == "done"
    assert rerun(project(root)) == 0
    mend(root / DAMAGED)
    assert again(project(root)) == 1
    assert not problems(project(root), "ingest")
    assert conditions(project(root))["ingest"] == "done"


@pytest.mark.slow
def test_a_replaced_photograph_that_was_read_makes_everything_stale(root: Path) -> None:
    """Also one that was mended and read, and one of which only the time changed, to an older one."""
    run(project(root), "ingest")
    mend(root / DAMAGED)
    retry(project(root))
    for name in (DAMAGED, "p0/0.png"):
        status = (root / name).stat()
        os.utime(root / name, ns=(10**18, 10**18))
        assert conditions(project(root))["ingest"] == "stale"
        with pytest.raises(PtxError, match="ingest is stale: `ptx run ingest` first"):
            retry(project(root))
        os.utime(root / name, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert conditions(project(root))["ingest"] == "done"
    os.utime(root / "p0/0.png", ns=(10**18, 10**18))
    assert rerun(project(root)) == 6
    assert conditions(project(root))["ingest"] == "done"


def test_another_photograph_beside_the_mended_one_makes_everything_stale(root: Path) -> None:
    run(project(root), "ingest")
    mend(root / DAMAGED)
    Pillow.fromarray(PEOPLE.render(0)).save(root / "p2" / "9.png")
    assert conditions(project(root))["ingest"] == "stale"


def test_a_block_that_is_dropped_is_read_as_it_is_now(root: Path) -> None:
    """A picture that was mended, in a block that is computed anew, is still known by its new file."""
    run(project(root), "ingest")
    mend(root / DAMAGED)
    retry(project(root))
    chosen = project(root)
    chosen.pipeline.store(stage(chosen, "ingest")).records.drop(1)
    assert conditions(project(root))["ingest"] == "partial"
    assert rerun(project(root)) == 2
    assert conditions(project(root))["ingest"] == "done"


def test_stores_without_stamps_become_stale_as_before(root: Path) -> None:
    """Stores of 0.1 do not say which file was read."""
    run(project(root), "ingest")
    table = root.parent / "work" / "ingest.zarr" / "stamp"
    table.rename(root.parent / "gone")
    assert conditions(project(root))["ingest"] == "done"
    mend(root / DAMAGED)
    assert conditions(project(root))["ingest"] == "stale"


@pytest.mark.parametrize("kind", ["deepfashion", "market1501"])
def test_published_data_sets(tmp_path: Path, kind: str) -> None:
    patterns = {
        "deepfashion": "WOMEN/Dresses/id_00000007/01_{}_front.jpg",
        "market1501": "bounding_box_train/0002_c{}s1_000451_03.jpg",
    }
    pattern = patterns[kind]
    for number in (1, 2):
        path = tmp_path / "img" / pattern.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(PEOPLE.render(number)).save(path)
    damage(path)
    words = (tmp_path / "work", f"data.kind={kind}", f"data.root={tmp_path / 'img'}", "size=[64, 32]")
    run(make_project(*words), "ingest")
    assert list(problems(make_project(*words), "ingest")) == [1]
    mend(path)
    assert retry(make_project(*words)) == 1
    assert not problems(make_project(*words), "ingest")
    assert conditions(make_project(*words))["ingest"] == "done"


def test_a_file_that_is_back_as_it_was_before_it_was_mended(root: Path) -> None:
    """The data set is that of the first run again, but the store has read another file meanwhile."""
    damaged, status = (root / DAMAGED).read_bytes(), (root / DAMAGED).stat()
    run(project(root), "ingest")
    mend(root / DAMAGED)
    retry(project(root))
    (root / DAMAGED).write_bytes(damaged)
    os.utime(root / DAMAGED, ns=(status.st_atime_ns, status.st_mtime_ns))
    step = project(root).step("ingest").status()
    assert (step.condition, list(step.reasons)) == ("stale", ["files that were read again and replaced: 1"])
    assert rerun(project(root)) == 6
    assert list(problems(project(root), "ingest")) == [3]
    assert conditions(project(root))["ingest"] == "done"
    assert rerun(project(root)) == 0


@pytest.mark.parametrize("first", ["damaged", "missing", "nobody"])
@pytest.mark.parametrize("again", ["retry", "run"])
def test_a_mended_keypoint_file_is_read_alone(root: Path, first: str, again: str) -> None:
    mend(root / DAMAGED)
    file = root.parent / "openpose" / "p0" / "1_keypoints.json"
    whole = file.read_text()
    if first == "missing":
        file.unlink()
    else:
        file.write_text(whole[:40] if first == "damaged" else '{"people": []}')
    run(project(root), "ingest", "extract-keypoints", "fit-smpl")
    assert list(problems(project(root), "extract-keypoints")) == [1]
    file.write_text(whole)
    os.utime(file, ns=(10**18, 10**18))
    assert conditions(project(root))["extract-keypoints"] == "partial"
    if again == "retry":
        assert retry(project(root), "extract-keypoints") == 1
    run(project(root), "extract-keypoints", "fit-smpl")
    assert not problems(project(root), "extract-keypoints")
    assert {conditions(project(root))[name] for name in ("ingest", "extract-keypoints", "fit-smpl")} == {"done"}
    run(project(root, "calm"), "ingest", "extract-keypoints", "fit-smpl")
    for name, array in (("extract-keypoints", "keypoints"), ("fit-smpl", "pose")):
        np.testing.assert_array_equal(read(project(root), name, array), read(project(root, "calm"), name, array))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["keypoints", "picture", "both"])
def test_a_picture_that_is_cropped_by_a_mended_keypoint_file_is_read_alone(root: Path, what: str) -> None:
    more = ("ingest.crop=person",)
    keypoints, picture = root.parent / "openpose" / "p1" / "1_keypoints.json", root / DAMAGED
    if what != "both":
        mend(picture)
    if what == "keypoints":
        damage(keypoints)
    elif what == "picture":
        damage(picture)
    else:
        damage(keypoints)
    run(project(root, more=more), "ingest")
    assert list(problems(project(root, more=more), "ingest")) == [3]
    for path in (keypoints, picture):
        if whole_of(path).exists():
            mend(path)
    assert conditions(project(root, more=more))["ingest"] == "partial"
    assert retry(project(root, more=more)) == 1
    assert not problems(project(root, more=more), "ingest")
    assert conditions(project(root, more=more))["ingest"] == "done"
    os.utime(root.parent / "openpose" / "p0" / "0_keypoints.json", ns=(10**18, 10**18))
    status = project(root, more=more).step("ingest").status()
    assert status.condition == "stale"
    assert "crop files changed" in status.reasons


def test_a_replaced_keypoint_file_that_was_read_makes_the_stage_stale(root: Path) -> None:
    mend(root / DAMAGED)
    run(project(root), "ingest", "extract-keypoints")
    os.utime(root.parent / "openpose" / "p0" / "1_keypoints.json", ns=(10**18, 10**18))
    status = project(root).step("extract-keypoints").status()
    assert (status.condition, list(status.reasons)) == ("stale", ["keypoint files changed"])


@pytest.mark.slow
def test_mended_label_maps_and_fits_are_read_alone(root: Path) -> None:
    mend(root / DAMAGED)
    for index in range(6):
        truth, name = PEOPLE.truth(index), f"p{index // 2}/{index % 2}"
        label = root.parent / "labels" / f"{name}.png"
        label.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(np.tile(np.arange(8, dtype=np.uint8), (64, 8))).save(label)
        root_turn = Rotation.from_euler("x", 180, degrees=True) * Rotation.from_rotvec(truth.pose[0])
        label.with_suffix(".pkl").write_bytes(
            pickle.dumps(
                {"pose": np.concatenate([root_turn.as_rotvec()[None], truth.pose[1:]]).ravel(), "betas": truth.betas}
            )
        )
    more = (
        f"parse.path={root.parent / 'labels'}", "parse.labels=ptx", "fit_smpl.backend=files", f"fit_smpl.path={root.parent / 'labels'}",
    )  # fmt: skip
    stages = ("ingest", "extract-keypoints", "fit-smpl", "parse")
    files = [root.parent / "labels" / "p2" / f"0.{ending}" for ending in ("png", "pkl")]
    for file in files:
        damage(file)
    run(project(root, more=more), *stages)
    assert [list(problems(project(root, more=more), name)) for name in ("fit-smpl", "parse")] == [[4], [4]]
    for file in files:
        mend(file)
    assert [retry(project(root, more=more), name) for name in ("fit-smpl", "parse")] == [1, 1]
    assert [list(problems(project(root, more=more), name)) for name in ("fit-smpl", "parse")] == [[], []]
    assert {conditions(project(root, more=more))[name] for name in stages} == {"done"}
