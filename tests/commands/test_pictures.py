"""`ptx transfer`, `ptx view`, `ptx export` by untrained models: which files are written where, and mistakes."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.GifImagePlugin import GifImageFile

from ptx.datasets.people import People
from ptx.inference import backgrounds, person
from ptx.inference.surface import SIZE as SURFACE_SIZE
from tests.commands.runner import Completed, fails, on_people, ptx
from tests.conftest import SIZE
from tests.inference.detectors import EnlargedPerson, KnownPeople


@pytest.fixture
def photos(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the pictures of a person in two poses, in both of which the detector sees the first pose."""
    for index, name in enumerate(("me", "dancer")):
        Pillow.fromarray(people.render(index)).save(tmp_path / f"{name}.png")
    keypoints = people.truth(0).keypoints
    monkeypatch.setattr(person, "PhotographDetector", lambda: KnownPeople(keypoints, [keypoints]))
    return tmp_path


def painted(photos: Path, *words: str) -> Completed:
    """Run a command that paints by the models of the folder, on a small body."""
    done = ptx(photos, *words, "--model", "models", "--set", "body=small")
    assert done.code == 0, done.err
    return done


def size_of(path: Path) -> tuple[int, ...]:
    """Height, width of a picture."""
    return np.asarray(Pillow.open(path)).shape[:2]


@pytest.mark.slow
def test_transfers_are_written_where_they_belong(models: Path, photos: Path) -> None:
    one = ("transfer", "me.png", "--pose", "dancer.png")
    assert painted(photos, *one).out == "transfer.png\n"
    assert size_of(photos / "transfer.png") == SIZE
    for look in ("paste", "everyone"):
        painted(photos, *one, "--as", look, "-o", f"{look}.png")
        assert size_of(photos / f"{look}.png") == SIZE  # that of the photograph
    painted(photos, *one, "--as", "sheet", "-o", "sheet.png", "--system", "pose-flow")
    assert size_of(photos / "sheet.png")[0] > 300


@pytest.mark.slow
def test_the_frame_is_chosen(models: Path, photos: Path) -> None:
    """The photograph has the models' size, so that the whole picture is the source as it is, and a person cut out is not."""
    for command in (("transfer", "me.png", "--pose", "dancer.png"), ("view", "me.png", "--yaw", "30")):
        for frame in ("picture", "person"):
            painted(photos, *command, "--frame", frame, "-o", f"{command[0]}-{frame}.png")
        painted(photos, *command, "-o", f"{command[0]}.png")
        pictures = {frame: (photos / f"{command[0]}{frame}.png").read_bytes() for frame in ("", "-picture", "-person")}
        assert pictures[""] == pictures["-person"] != pictures["-picture"]  # these models did not record theirs


def test_tables_are_written_into_a_folder_of_any_name(models: Path, photos: Path) -> None:
    (photos / "table.csv").write_text("source,pose\nme.png,dancer.png\ndancer.png,me.png\n")
    assert painted(photos, "transfer", "--pairs", "table.csv").out == "2 of 2 painted into transfers\n"
    painted(photos, "transfer", "--pairs", "table.csv", "-o", "runs/v1.2")
    for folder in ("transfers", "runs/v1.2"):
        assert sorted(path.name for path in (photos / folder).glob("*.png")) == ["1_me_dancer.png", "2_dancer_me.png"]
    (photos / "table.csv").write_text("source,pose\nme.png,dancer.png\nnobody.png,me.png\n")
    failed = ptx(photos, "transfer", "--pairs", "table.csv", "-o", "new", "--model", "models")
    assert (failed.code, failed.out) == (1, "1 of 2 painted into new\n")
    assert failed.err == "1 row could not be painted: new/problems.csv says why\n"


def all_of(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """A mask of the lower right quarter of a picture, wherever the person is."""
    mask = np.zeros(image.shape[:2], np.float32)
    mask[image.shape[0] // 2 :, image.shape[1] // 2 :] = 1
    return mask


@pytest.mark.slow
def test_backgrounds(models: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each where it belongs, in tables as well, and mistakes in one line."""
    monkeypatch.setattr(backgrounds, "_silhouettes", lambda: all_of)
    one = ("transfer", "me.png", "--pose", "dancer.png")
    for background, channels in (("source", 3), ("pose", 3), ("#808080", 3), ("none", 4)):
        painted(photos, *one, "--background", background, "-o", "out.png")
        picture = np.asarray(Pillow.open(photos / "out.png"))
        assert picture.shape == (*SIZE, channels)
        if channels == 4:
            assert (picture[..., 3] == 255 * all_of(picture, picture)).all()
    painted(photos, "view", "me.png", "--background", "none", "-o", "side.png")
    assert Pillow.open(photos / "side.png").mode == "RGBA"
    (photos / "table.csv").write_text("source,pose\nme.png,dancer.png\n")
    painted(photos, "transfer", "--pairs", "table.csv", "--background", "none", "-o", "cut")
    assert Pillow.open(photos / "cut" / "1_me_dancer.png").mode == "RGBA"
    given = ("--model", "models")
    other = ptx(photos, "transfer", "--pairs", "table.csv", "--background", "white", "-o", "cut", *given)
    fails(other, "cut: holds pictures of other models, or another look, frame or background")
    fails(ptx(photos, *one, "--background", "beach", *given), "beach: no background: paint, source, pose, none")
    fails(ptx(photos, *one, "--background", "none", "--as", "paste", *given), "--as paste has its own background")
    turning = ("view", "me.png", "--background", "none", *given)
    fails(ptx(photos, *turning, "--yaw", "1,2"), "--background none turns by one angle")
    fails(ptx(photos, *turning, "-o", "round.gif"), "views are written as .png")
    fails(ptx(photos, "view", "me.png", "--background", "pose", *given), "there is no photograph of the pose")


@pytest.mark.slow
def test_pictures_of_people_say_what_they_are(models: Path, photos: Path) -> None:
    """All commands and looks, of which nothing tells the folder; the same command writes the same bytes."""
    (photos / "table.csv").write_text("source,pose\nme.png,dancer.png\n")
    one = ("transfer", "me.png", "--pose", "dancer.png")
    commands = {
        "one.png": one,
        "paste.png": (*one, "--as", "paste"),
        "all.png": (*one, "--as", "everyone"),
        "sheet.png": (*one, "--as", "sheet"),
        "side.png": ("view", "me.png"),
        "side-all.png": ("view", "me.png", "--as", "everyone"),
        "round.png": ("view", "me.png", "--yaw", "-30,30"),
        "table": ("transfer", "--pairs", "table.csv"),
    }
    for name, command in commands.items():
        painted(photos, *command, "-o", name)
        path = photos / name / "1_me_dancer.png" if name == "table" else photos / name
        with Pillow.open(path) as picture:
            assert "This picture is synthetic" in picture.info["Description"]
            record = json.loads(picture.info["Comment"])
            alone = name in ("one.png", "side.png", "table", "round.png")
            kind = "trainedAlgorithmicMedia" if alone else "compositeWithTrainedAlgorithmicMedia"
            assert f"digitalsourcetype/{kind}<" in picture.info["XML:com.adobe.xmp"]
        assert record["command"] == f"ptx {command[0]}"
        digest = hashlib.sha256((photos / "me.png").read_bytes()).hexdigest()
        assert record["sources"][0] == {"file": "me.png", "sha256": digest}
        assert record["settings"]["models"]["flow"]
        assert str(photos).encode() not in path.read_bytes()
    first = (photos / "one.png").read_bytes()
    painted(photos, *one, "-o", "again.png")
    assert (photos / "again.png").read_bytes() == first
    painted(photos, "view", "me.png", "--yaw", "0:360:120", "-o", "round.gif")
    with Pillow.open(photos / "round.gif") as turning:
        assert b"This picture is synthetic" in turning.info["comment"]


@pytest.mark.slow
def test_poses_in_files(models: Path, photos: Path, people: People) -> None:
    """Of a picture of any size, by itself and in a table; shares of the picture are refused in one line."""
    pose = np.nan_to_num(people.truth(1).keypoints)
    for name, scale in (("small", 1), ("large", 4), ("shares", 1 / 64)):
        points = (pose * (scale, scale, 1)).ravel().tolist()
        (photos / f"{name}.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": points}]}))
    for name in ("small", "large"):
        painted(photos, "transfer", "me.png", "--pose", f"{name}.json", "-o", f"{name}.png")
        assert size_of(photos / f"{name}.png") == SIZE
    refused = ptx(photos, "transfer", "me.png", "--pose", "shares.json", "--model", "models", "--set", "body=small")
    fails(refused, "shares.json: x and y of ")
    (photos / "table.csv").write_text("source,pose\nme.png,large.json\nme.png,shares.json\n")
    failed = ptx(photos, "transfer", "--pairs", "table.csv", "--model", "models", "--set", "body=small")
    assert (failed.code, failed.out) == (1, "1 of 2 painted into transfers\n")
    assert "shares of the picture" in (photos / "transfers" / "problems.csv").read_text()


@pytest.mark.slow
def test_views(models: Path, photos: Path) -> None:
    assert painted(photos, "view", "me.png").out == "view.png\n"
    assert size_of(photos / "view.png") == SIZE
    for look in ("paste", "everyone"):
        painted(photos, "view", "me.png", "--yaw", "30", "--as", look, "-o", f"{look}.png")
        assert size_of(photos / f"{look}.png") == SIZE
    painted(photos, "view", "me.png", "--yaw", "-30,30", "--system", "flow,view", "-o", "both.png")
    assert size_of(photos / "both.png")[0] > 2 * 300
    painted(photos, "view", "me.png", "--as", "sheet", "-o", "sheet.png")
    assert size_of(photos / "sheet.png")[0] > 300
    painted(photos, "view", "me.png", "--yaw", "0:360:120", "-o", "round.gif")
    with Pillow.open(photos / "round.gif") as turning:
        assert isinstance(turning, GifImageFile)
        assert turning.n_frames == 3


@pytest.mark.slow
def test_the_surface_engine_paints_unless_networks_are_named(
    models: Path, photos: Path, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the workspace has models."""
    (photos / "work").mkdir()
    models.rename(photos / "work" / "models")
    found = EnlargedPerson(people.truth(0).keypoints, SIZE)
    monkeypatch.setattr(person, "PhotographDetector", lambda: found)
    one = ("transfer", "me.png", "--pose", "dancer.png", "--set", "body=small", "--frame", "picture")
    pictures = {}
    for name, words, size in (
        ("own", (), SIZE),  # in their own photograph
        ("paste", ("--as", "paste"), SIZE),
        ("plain", ("--background", "white"), SURFACE_SIZE),
        ("pose", ("--background", "pose"), SIZE),
        ("engine", ("--engine", "flow"), SIZE),
        ("system", ("--system", "flow"), SIZE),
        ("model", ("--model", "work/models"), SIZE),
    ):
        done = ptx(photos, *one, *words, "-o", f"{name}.png")
        assert (done.code, done.out) == (0, f"{name}.png\n"), done.err
        pictures[name] = np.asarray(Pillow.open(photos / f"{name}.png"))
        assert pictures[name].shape == (*size, 3)
    assert (pictures["own"] == pictures["paste"]).all()
    assert (pictures["engine"] == pictures["system"]).all()
    assert (pictures["engine"] == pictures["model"]).all()
    assert (pictures["engine"] != pictures["own"]).any()
    (photos / "table.csv").write_text("source,pose\nme.png,dancer.png\n")
    done = ptx(photos, "transfer", "--pairs", "table.csv", "--set", "body=small", "--frame", "picture")
    assert done.out == "1 of 1 painted into transfers\n"
    (photos / "several.csv").write_text("source,pose\nme.png; dancer.png,dancer.png\n;,dancer.png\n")
    fails(ptx(photos, "transfer", "--pairs", "several.csv"), "several.csv: row 2 below the names lacks")
    (photos / "several.csv").write_text("source,pose\nme.png; dancer.png,dancer.png\nme.png;none.png,dancer.png\n")
    done = ptx(
        photos, "transfer", "--pairs", "several.csv", "--set", "body=small", "--frame", "picture", "-o", "several"
    )
    assert (done.code, done.out.splitlines()[-1]) == (1, "1 of 2 painted into several")
    assert "none.png is not there" in (photos / "several" / "problems.csv").read_text()
    with Pillow.open(photos / "several" / "1_me_dancer.png") as made:
        named = [source["file"] for source in json.loads(made.info["Comment"])["sources"]]
    assert named == ["me.png", "dancer.png", "dancer.png"]
    two = ("transfer", "me.png", "dancer.png", "--pose", "dancer.png")
    fails(ptx(photos, *two, "--engine", "flow"), "networks paint from one photograph, not from 2")
    fails(ptx(photos, *two, "--as", "everyone"), "--as everyone is for one photograph")
    fails(ptx(photos, *one, "--engine", "flow", "--proportions", "pose"), "--proportions is for the surface engine")
    fails(ptx(photos, *one, "--engine", "surface", "--system", "flow"), "paints without networks: leave --system flow")
    fails(ptx(photos, *one, "--engine", "surface", "--model", "m"), "paints without networks: leave --model m out")
    fails(ptx(photos, *one, "--engine", "view", "--system", "flow"), "name different networks: leave one of them out")


@pytest.mark.slow
def test_views_of_the_surface_engine(photos: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    found = EnlargedPerson(people.truth(0).keypoints, SIZE)
    monkeypatch.setattr(person, "PhotographDetector", lambda: found)
    turning = ("view", "me.png", "--set", "body=small", "--frame", "picture")
    assert ptx(photos, *turning, "--yaw", "0,30", "-o", "round.gif").out == "round.gif\n"
    assert ptx(photos, *turning, "--yaw", "0:360:90", "-o", "round.mp4").out == "round.mp4\n"
    with av.open(str(photos / "round.mp4")) as film:
        assert (film.streams.video[0].codec_context.name, len(list(film.decode(video=0)))) == ("h264", 4)
    assert b"compositeSynthetic" in (photos / "round.mp4").read_bytes()
    assert ptx(photos, *turning, "--as", "paste", "-o", "paste.png").out == "paste.png\n"
    assert size_of(photos / "paste.png") == SIZE
    fails(ptx(photos, *turning, "--engine", "surface", "--joints", "landmarks"), "leave --joints and --keypoints3d out")
    fails(ptx(photos, *turning, "--system", "view"), "no model is there")
    fails(ptx(photos, *turning, "--engine", "flow"), "no model is there")


@pytest.mark.slow
def test_everyone_by_the_surface_engine(photos: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two beside one another, each in their place; between them the photograph stays as it is."""
    picture = np.concatenate([people.render(0), people.render(2)], axis=1)
    Pillow.fromarray(picture).save(photos / "two.png")
    left, right = people.truth(0).keypoints, people.truth(2).keypoints.copy()
    right[:, 0] += SIZE[1]
    monkeypatch.setattr(person, "PhotographDetector", lambda: KnownPeople(left, [left, right]))
    points = np.nan_to_num(people.truth(1).keypoints).ravel().tolist()
    (photos / "pose.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": points}]}))
    for command in (("transfer", "two.png", "--pose", "pose.json"), ("view", "two.png", "--yaw", "20")):
        done = ptx(photos, *command, "--as", "everyone", "--set", "body=small", "-o", "all.png")
        assert (done.code, done.out) == (0, "all.png: 2 people painted\n"), done.err
        made = np.asarray(Pillow.open(photos / "all.png"))
        assert made.shape == picture.shape
        assert (made[:, [0, -1]] == picture[:, [0, -1]]).mean() > 0.9
        changed = (made != picture).any(-1)
        assert 0.01 < changed[:, : SIZE[1]].mean() < 0.9
        assert 0.01 < changed[:, SIZE[1] :].mean() < 0.9


@pytest.mark.slow
def test_mistakes_are_one_line(models: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pillow.new("RGB", (90, 90), "grey").save(photos / "grey.png")
    given = ("--model", "models")
    fails(ptx(photos, "transfer", "me.png", *given), "name a photograph and a pose")
    fails(ptx(photos, "transfer", "--pairs", "t.csv", "--pose", "dancer.png", *given), "name a photograph and a pose")
    fails(
        ptx(photos, "transfer", "--pairs", "t.csv", "--as", "everyone", *given), "--as everyone is for one photograph"
    )
    fails(ptx(photos, "transfer", "me.png", "--pose", "dancer.png", "-o", "me.jpg", *given), "written as .png")
    for rows in ("me.png,dancer.png\nme.png\n", "me.png,dancer.png\n,dancer.png\n"):
        (photos / "t.csv").write_text("source,pose\n" + rows)
        fails(ptx(photos, "transfer", "--pairs", "t.csv", *given), "t.csv: row 2 below the names lacks")
    for command in (("transfer", "me.png", "--pose", "dancer.png"), ("view", "me.png")):
        fails(ptx(photos, *command, "-o", str(photos / "me.png"), *given), "would replace what it is made from")
        everyone = (*command, "--as", "everyone", "--frame", "picture", *given)
        fails(ptx(photos, *everyone), "--as everyone cuts each person out: leave --frame picture out")
    fails(ptx(photos, "transfer", "grey.png", "--pose", "dancer.png", *given), "grey.png: nobody is in the picture")
    fails(ptx(photos, "transfer", "me.png", "--pose", "dancer.png", "--model", "none"), "no model is there")
    fails(ptx(photos, "view", "me.png", "--yaw", "left", *given), "--yaw left: degrees such as 45")
    fails(ptx(photos, "view", "me.png", "--system", "flow,x", *given), "no system 'x': flow, pose-flow or view")
    fails(ptx(photos, "view", "me.png", "-o", "side.jpg", *given), "views are written as .png, .gif, .mp4 or .webm")
    said = "films need PyAV: pip install 'ptx[video]'; .gif is written without it"
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "av", None)
        fails(ptx(photos, "view", "me.png", "-o", "round.mp4", *given), said)
    fails(ptx(photos, "view", "me.png", "--as", "paste", "-o", "side.gif", *given), "views are written as .png")
    fails(ptx(photos, "view", "me.png", "--as", "paste", "--yaw", "1,2", *given), "--as paste turns by one angle")
    fails(ptx(photos, "view", "me.png", "--as", "everyone", "--system", "flow,view", *given), "with one system")
    (photos / "deep.json").write_text("[[1, 2, 3, 1]]")
    fails(ptx(photos, "view", "me.png", "--keypoints3d", "deep.json", *given), "--keypoints3d: deep.json")
    fails(ptx(photos, "export", "model", "-o", "painter.onnx", *given), "written as .pt2")


def test_exports_of_the_stores(finished: Path, tmp_path: Path) -> None:
    written = {"flow": "corr/", "keypoints": "keypoints.json", "images": "png/", "pairs": "pairs.tar"}
    for subject, name in written.items():
        done = on_people(finished, "export", subject, "-o", str(tmp_path / name))
        assert done.code == 0, done.err
        assert done.out.startswith(str(tmp_path / name).rstrip("/") + ": 6 ")
    assert len(list((tmp_path / "corr").glob("*.corr"))) == 6
    assert len(list((tmp_path / "png").glob("*.png"))) == 6
    refused = on_people(finished, "export", "flow")
    assert refused.code == 2
    assert "--output" in refused.err
