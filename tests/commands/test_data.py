"""`ptx run`, `status`, `retry`, `verify`, `show`, `check` on a real workspace, in this process."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.people import People, PeopleOptions
from ptx.training.trainings import TRAININGS
from tests.commands.runner import fails, on_people, ptx, ptx_process, sets, tree

STAGES = (
    "ingest",
    "extract-keypoints",
    "parse",
    "silhouette",
    "fit-smpl",
    "dress",
    "rasterize",
    "synth-flow",
    "visibility",
)


def test_a_run_says_what_it_did(finished: Path) -> None:
    again = on_people(finished, "run", "all")
    assert [line.split(":")[0] for line in again.out.splitlines()] == list(STAGES)
    assert again.out.count("done, nothing to do") == len(STAGES)


def test_parts_are_for_one_data_stage(work: Path) -> None:
    assert "done, nothing to do" in on_people(work, "run", "synth-flow", "--part", "2/2").out
    for words in (("all", "--part", "1/2"), ("train-flow", "--part", "1/2"), ("ingest", "--part", "1/2", "--force")):
        fails(on_people(work, "run", *words), "--part is for one data stage")
    fails(on_people(work, "run", "ingest", "--part", "3/2"), "--part 3/2: say which of how many, such as 3/16")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*STAGES, *TRAININGS, "all", "everything"])
@pytest.mark.parametrize("ready", [True, False], ids=["inputs are there", "nothing is there"])
def test_dry_run_leaves_the_tree_as_it_was(name: str, ready: bool, finished: Path, tmp_path: Path) -> None:
    folder = finished if ready else tmp_path
    before = tree(folder)
    for more in ([], ["--force"]):
        done = on_people(folder, "run", name, "--dry-run", *more)
        assert done.code == 0, done.err
        assert "nothing was written" in done.out
        assert done.out.split()[0] == "step"
        if name in (*STAGES, *TRAININGS):
            assert name in done.out
    assert tree(folder) == before


def test_dry_run_of_everything_names_the_trainings_of_the_systems(finished: Path) -> None:
    done = on_people(finished, "run", "everything", "--dry-run", "--set", "systems=[view]")
    rows = [line.split()[0] for line in done.out.splitlines()[1:] if line.startswith(("ingest", "train-"))]
    assert rows == ["ingest", "train-coarse", "train-refine"]
    fails(on_people(finished, "run", "everything", "--dry-run", "--set", "systems=[x]"), "no system or training 'x'")


@pytest.mark.slow
def test_a_training_whose_inputs_cannot_exist_is_left_out(finished: Path) -> None:
    systems = "systems=[flow, train-attributes]"
    done = on_people(finished, "run", "everything", "--dry-run", "--set", systems)
    assert done.code == 0, done.err
    assert "train-attributes is left out: there is no annotation of clothes: set `attributes.path`" in done.out
    assert "train-pixel-warp" in done.out
    fails(on_people(finished, "run", "train-attributes"), "attributes.path")


def test_status_as_json(finished: Path) -> None:
    rows = json.loads(on_people(finished, "status", "--json").out)
    assert [(row["condition"], row["done"]) for row in rows[: len(STAGES)]] == [("done", 6)] * len(STAGES)
    assert [row["condition"] for row in rows[len(STAGES) :]] == ["absent"] * len(TRAININGS)
    samples = [
        "stage",
        "condition",
        "reasons",
        "samples",
        "done",
        "quarantined",
        "skipped",
        "pending",
        "bytes",
        "codes",
        "counts",
        "problems",
    ]
    assert set(rows[0]) == set(samples)
    assert {"stage", "condition", "reasons", "step", "steps", "scores"} <= set(rows[-1])


def test_status_has_a_table_for_stages_and_one_for_models(finished: Path) -> None:
    lines = on_people(finished, "status").out.splitlines()
    assert lines[0].split() == ["stage", "state", "done", "of", "bad", "skipped", "disk", "why"]
    models = next(number for number, line in enumerate(lines) if line.startswith("model"))
    assert [line.split()[0] for line in lines[1:models]] == list(STAGES)
    assert [line.split()[0] for line in lines[models + 1 :]] == list(TRAININGS)


def test_status_says_why_stale(finished: Path) -> None:
    out = on_people(finished, "status", "--set", "fit_smpl.iterations=7").out
    assert "fit_smpl.iterations was 30, now 7" in out
    assert "input fit-smpl changed" in out


def test_status_lists_problems(finished: Path) -> None:
    assert on_people(finished, "status", "--problems").out.strip() == "no quarantined samples"


def test_quarantined_samples_are_listed_and_retried(tmp_path: Path) -> None:
    photographs(tmp_path / "photos")
    (tmp_path / "photos" / "ann" / "1.png").write_bytes(b"no picture")
    settings = sets("cluster.kind=serial", "data.root=photos", "size=[64, 64]", "run.max_bad_fraction=1")
    ran = ptx(tmp_path, "run", "ingest", *settings)
    assert "1 quarantined (`ptx status --problems`)" in ran.out
    listed = ptx(tmp_path, "status", "--problems", *settings).out.splitlines()
    assert listed[0].split() == ["stage", "sample", "code", "reason"]
    assert listed[1].split(maxsplit=3)[:3] == ["ingest", "ann/1", "not_an_image"]
    counts = {
        reason: json.loads(
            ptx(tmp_path, "retry", "ingest", "--reason", reason, "--log-format", "json", *settings).out.splitlines()[0]
        )
        for reason in ("too_large", "not_an_image")
    }
    assert [count["of"] - count["done"] for count in counts.values()] == [0, 1]


def test_verify_finds_a_flipped_byte_and_run_mends_it(work: Path) -> None:
    assert on_people(work, "verify").code == 0
    shard = work / "work" / "flow.zarr" / "flow" / "c" / "0" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 4
    shard.write_bytes(content)
    found = on_people(work, "verify")
    assert found.code == 1
    assert "flow" in found.out
    assert "block 0" in found.out
    assert on_people(work, "verify", "synth-flow", "--drop").code == 1
    assert "6 computed" in on_people(work, "run", "synth-flow").out
    assert on_people(work, "verify").code == 0


@pytest.mark.slow
def test_show_writes_pictures(work: Path) -> None:
    for arguments, least in ((["p00001_01"], 300), (["--pair", "2"], 900), (["--grid", "--count", "4"], 300)):
        done = on_people(work, "show", *arguments)
        assert done.code == 0, done.err
        image = np.asarray(Pillow.open(work / done.out.strip()))
        assert image.shape[0] > least
        assert image.std() > 20
    fails(on_people(work, "show", "p00001_1"), "did you mean p00001_01")
    fails(on_people(work, "show", "--grid", "--surface"), "--surface is of one image")
    fails(on_people(work, "show", "--pair", "99"), "no pair 99: there are 6")
    fails(on_people(work, "show"), "name an image")


def photographs(folder: Path) -> None:
    """Write two pictures each of two persons."""
    drawn = People(PeopleOptions(2, 2, seed=1, size=(64, 48), half_body=0, body="small"))
    for index in range(4):
        path = folder / ("ann", "ben")[index // 2] / f"{index % 2}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(drawn.render(index)).save(path)


def test_check_reports_files(tmp_path: Path) -> None:
    photographs(tmp_path / "photos")
    done = ptx(tmp_path, "check", "--set", "data.root=photos")
    assert done.code == 0, done.err
    assert done.out.startswith("4 images\n")
    (tmp_path / "photos" / "ann" / "1.png").write_bytes(b"")
    broken = ptx(tmp_path, "check", "--set", "data.root=photos")
    assert broken.code == 1
    assert "unreadable: 1" in broken.out
    assert not (tmp_path / "work").exists()
    fails(ptx(tmp_path, "check"), "check is for files")


def test_what_is_left_out_is_told_by_run_and_check(tmp_path: Path) -> None:
    """Hints and names with brackets are printed as they are, and not taken for rich's markup."""
    photographs(tmp_path / "photos")
    (tmp_path / "photos" / "ann" / "1.nef").write_bytes(b"x")
    (tmp_path / "photos" / "ann" / "[red]").mkdir()
    (tmp_path / "photos" / "ann" / "[red]" / "gone.png").symlink_to(tmp_path / "nowhere")
    settings = sets("cluster.kind=serial", "data.root=photos", "size=[64, 64]")
    lines = ["1 file left out: .nef 1 (save as JPEG or PNG)", "left out: broken links 1 (ann/[red]/gone.png)"]
    ran = ptx(tmp_path, "run", "ingest", *settings)
    assert [f"ingest: {line}" for line in lines] == ran.out.splitlines()[:2]
    assert ptx(tmp_path, "check", *settings).out.splitlines()[-2:] == lines
    assert ptx(tmp_path, "run", "all", "--dry-run", *settings).out.splitlines()[-2:] == lines
    events = ptx(tmp_path, "run", "ingest", "--log-format", "json", *settings).out.splitlines()
    assert [json.loads(event)["text"] for event in events if '"told"' in event] == [f"ingest: {line}" for line in lines]


def test_photographs_without_pairs(tmp_path: Path) -> None:
    """A flat folder: single pictures can be read, but a run that would compute pairs ends before hours go into the rest."""
    photographs(tmp_path / "deep")
    (tmp_path / "flat").mkdir()
    for number, path in enumerate((tmp_path / "deep").rglob("*.png")):
        path.rename(tmp_path / "flat" / f"{number}.png")
    settings = sets("cluster.kind=serial", "data.root=flat", "size=[64, 64]")
    expected = "expected: one sub-folder a person with two pictures or more in it"
    fails(ptx(tmp_path, "run", "all", *settings), expected)
    fails(ptx(tmp_path, "run", "synth-flow", "--dry-run", *settings), expected)
    assert not (tmp_path / "work").exists()
    ran = ptx(tmp_path, "run", "ingest", *settings)
    assert ran.code == 0, ran.err
    assert expected in ran.out.splitlines()[-1]
    checked = ptx(tmp_path, "check", *settings)
    assert checked.code == 1
    assert expected in checked.out.splitlines()[-1]


def test_workspace_among_the_photographs(tmp_path: Path) -> None:
    """What ptx draws there, with this workspace and with another, is no data: nothing becomes stale."""
    photographs(tmp_path)
    settings = sets("cluster.kind=serial", "data.root=.", "size=[64, 64]")
    for workspace in ("work", "other"):
        assert "done, 4 computed" in ptx(tmp_path, "run", "ingest", *settings, "--set", f"workspace={workspace}").out
        photographs(tmp_path / workspace / "models" / "flow" / "samples")
    for workspace in ("work", "other"):
        again = ptx(tmp_path, "run", "ingest", *settings, "--set", f"workspace={workspace}")
        assert "done, nothing to do" in again.out
        assert "folders of ptx itself 2 (other)" in again.out


@pytest.mark.slow
def test_exports_leave_photographs_alone(tmp_path: Path) -> None:
    photographs(tmp_path / "photos")
    (tmp_path / "shoot").mkdir()
    (tmp_path / "photos" / "ann").rename(tmp_path / "shoot" / "ann")
    (tmp_path / "photos" / "ann").symlink_to(tmp_path / "shoot" / "ann")
    settings = sets(
        "data.root=photos", "workspace=photos/stores", "cluster.kind=serial", "size=[64, 64]", "run.max_bad_fraction=1"
    )
    assert ptx(tmp_path, "run", "ingest", *settings).code == 0
    before = tree(tmp_path)
    for folder in ("photos", "photos/new", "shoot"):  # in place of the originals; among them; in place of linked ones
        fails(ptx(tmp_path, "export", "images", "-o", folder, *settings), "holds the photographs of data.root")
    assert tree(tmp_path) == before
    for folder in ("photos/stores/png", "png"):
        assert ptx(tmp_path, "export", "images", "-o", folder, *settings).code == 0
        assert list((tmp_path / folder).rglob("*.png"))


def test_exported_keypoints_do_not_replace_those_that_were_read(tmp_path: Path) -> None:
    photographs(tmp_path / "photos")
    (tmp_path / "coco.json").write_text('{"images": [], "annotations": []}')
    settings = sets("data.root=photos", "extract_keypoints.backend=coco-json", "extract_keypoints.path=coco.json")
    fails(ptx(tmp_path, "export", "keypoints", "-o", "coco.json", *settings), "would replace what it is made from")


def test_names_of_any_bytes(tmp_path: Path) -> None:
    """The true command, on a terminal whose encoding is strict: file names, a folder of photographs and a workspace."""
    root, work = os.fsdecode(b"phot\xf6s"), os.fsdecode(b"w\xf6rk")
    photographs(tmp_path / root)
    (tmp_path / root / "ann").rename(tmp_path / root / os.fsdecode(b"zo\xeb"))
    (tmp_path / root / "ben" / os.fsdecode(b"\xff.png")).write_bytes(b"no picture")
    settings = sets("cluster.kind=serial", f"data.root={root}", f"workspace={work}", "size=[64, 64]")
    settings += sets("run.max_bad_fraction=1")
    with patch.dict(os.environ, {"PYTHONIOENCODING": "utf-8:strict"}):
        ran = ptx_process(tmp_path, "run", "ingest", *settings)
        assert "5 computed" in ran.out, ran.err
        listed = ptx_process(tmp_path, "status", "--problems", *settings)
        assert r"ben/\xff" in listed.out, listed.err
        rows = json.loads(ptx_process(tmp_path, "status", "--json", *settings).out)
        assert list(rows[0]["problems"]) == [r"ben/\xff"]
        checked = ptx_process(tmp_path, "check", *settings)
        assert r"unreadable: 1 (ben/\xff.png: \xff.png holds no picture" in checked.out, checked.err
        shown = ptx_process(tmp_path, "show", r"zo\xeb/0", *settings)
        assert shown.code == 0, shown.err
        exported = ptx_process(tmp_path, "export", "images", "-o", "out", *settings)
        assert "4 pictures" in exported.out, exported.err
        assert (tmp_path / "out" / r"zo\xeb" / "0.png").is_file()


def test_store_of_another_version(work: Path) -> None:
    meta = work / "work" / "ingest.zarr" / "zarr.json"
    document = json.loads(meta.read_text())
    document["attributes"]["ptx"]["format"] = 99
    meta.write_text(json.dumps(document))
    fails(on_people(work, "run", "all"), "has store format 99, this ptx reads 1")


def test_json_lines_stay_alone_on_standard_output(work: Path) -> None:
    done = on_people(work, "run", "synth-flow", "--force", "--log-format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "advanced"] == ["started", "ended"]
    assert {event["step"] for event in events} == {"synth-flow"}
    assert done.err.startswith("synth-flow: done, 6 computed in ")


def test_runs_refuse_persons_in_training_and_in_testing(tmp_path: Path) -> None:
    for name in (
        "train/0001_c1s1_000001_01",
        "train/0001_c1s1_000002_01",
        "query/0001_c1s1_000003_01",
        "query/0002_c1s1_000003_01",
    ):
        path = tmp_path / "market" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (32, 64)).save(path)
    words = sets("data.kind=market1501", f"data.root={tmp_path / 'market'}", "cluster.kind=serial", "size=[64, 32]")
    for step in ("ingest", "all", "train-flow"):
        fails(
            ptx(tmp_path, "run", step, *words),
            "data: persons in training and in testing: 1, the first is that of 0001_c1s1_000001_01",
        )
    assert not (tmp_path / "work").exists()
    checked = ptx(tmp_path, "check", *words)
    assert checked.code == 1
    assert "; the person of 0001_c1s1_000001_01)" in checked.out


def test_a_body_that_cannot_be_read_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "page.pkl").write_text("<html>sign in</html>")
    for body, reason in (
        ("none.pkl", "no such file"),
        ("page.pkl", "not an SMPL pickle"),
        (".", "is a folder; name the file in it"),
    ):
        words = sets("data.persons=3", "cluster.kind=serial", f"body={tmp_path / body}")
        fails(ptx(tmp_path, "run", "all", *words), reason)
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_settings_that_forget_the_photographs_do_not_replace_them(tmp_path: Path) -> None:
    for number in (1, 2):
        picture = tmp_path / "photos" / "ann" / f"{number}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(np.full((40, 40, 3), 50 * number, np.uint8)).save(picture)
    here = sets("size=[32, 32]", "cluster.kind=serial")
    assert ptx(tmp_path, "run", "ingest", *here, *sets("data.root=photos")).code == 0
    before = tree(tmp_path / "work" / "ingest.zarr")
    for words in (["run", "all"], ["show", "--grid"], ["status"], ["export", "images", "-o", "png"]):
        fails(ptx(tmp_path, *words, *sets("size=[32, 32]")), "holds a data set of data.kind folder")
    assert "2 in = 2 done" in ptx(tmp_path, "verify", *here).out  # reads the stores alone
    assert tree(tmp_path / "work" / "ingest.zarr") == before
    named = ptx(tmp_path, "run", "ingest", *here, *sets("data.kind=people", "data.persons=1", "body=small"))
    assert "ingest is stale" in named.err + named.out
    assert named.code == 0, named.err


@pytest.mark.parametrize(
    "words", [["run", "all"], ["config", "check"], ["submit", "all", "--print"]], ids=lambda w: w[0]
)
def test_keypoint_files_without_a_path_are_refused_before_pictures_are_read(words: list[str], tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / "ann").mkdir(exist_ok=True)
        Pillow.new("RGB", (40, 40)).save(tmp_path / "ann" / name)
    given = sets("data.root=.", "extract_keypoints.backend=csv", "body=small", "cluster.kind=serial")
    fails(ptx(tmp_path, *words, *given), "extract_keypoints.path: backend csv needs the path of its files")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("words", [["run", "all"], ["config", "check"]], ids=lambda w: w[0])
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["extract_keypoints.path=."], "extract_keypoints.path: backend blazepose reads no files"),
        (["fit_smpl.path=."], "fit_smpl.path: is read by backend files only"),
        (["fit_smpl.backend=files"], "fit_smpl.path: backend files needs the folder of the fits"),
    ],
    ids=["keypoints", "fits", "no fits"],
)
def test_a_path_that_nothing_reads_and_one_that_lacks(
    words: list[str], given: list[str], reason: str, tmp_path: Path
) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / "ann").mkdir(exist_ok=True)
        Pillow.new("RGB", (40, 40)).save(tmp_path / "ann" / name)
    fails(ptx(tmp_path, *words, *sets("data.root=.", "body=small", "cluster.kind=serial", *given)), reason)
    assert not (tmp_path / "work").exists()


def test_config_check_opens_the_body_that_is_named(tmp_path: Path) -> None:
    fails(ptx(tmp_path, "config", "check", *sets("body=none.pkl")), "none.pkl: no such file")
