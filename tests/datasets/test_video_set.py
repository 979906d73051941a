"""Films as a data set: frames, pairs, splits; any frame by itself; damaged films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.check import check_files
from ptx.datasets.openpose_writing import PosedPerson, openpose_json
from ptx.datasets.video_set import VideoData, VideoSet, some_pairs_within
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import write_json
from ptx.pipeline.storage.store import Store
from tests.projects import make_project, problems, run
from tests.video.films import number_of, numbered, write_film


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two films, in folders, of 50 and of 30 frames; what else lies about."""
    root = tmp_path / "films"
    (root / "ann").mkdir(parents=True)
    write_film(root / "ann" / "dance.mp4", [numbered(k, (96, 64)) for k in range(50)])
    write_film(root / "bob.webm", [numbered(100 + k, (96, 64)) for k in range(30)], codec="libvpx-vp9")
    (root / "notes.txt").write_text("no film")
    return root


def project(tmp_path: Path, root: Path, *overrides: str):
    return make_project(
        tmp_path / "w", "size=[96, 64]", "data.kind=video", f"data.root={root}", "data.every=10", *overrides
    )


def dataset(chosen) -> VideoSet:
    data = chosen.data
    assert isinstance(data, VideoSet)
    return data


def test_listing(tmp_path: Path, films: Path) -> None:
    listing = dataset(project(tmp_path, films, "data.test_fraction=0.5")).listing()
    assert listing.ids == [f"ann/dance_{k:06d}" for k in (0, 10, 20, 30, 40)] + [f"bob_{k:06d}" for k in (0, 10, 20)]
    assert listing.paths[1] == "ann/dance.mp4#10"
    assert listing.persons.tolist() == [0] * 5 + [1] * 3
    assert sorted(set(zip(listing.persons.tolist(), listing.splits.tolist(), strict=True))) in (
        [(0, 0), (1, 1)],
        [(0, 1), (1, 0)],
    )
    assert {tuple(sorted(pair)) for pair in listing.pairs.tolist()} == {
        (a, b) for a in range(8) for b in range(a + 1, 8) if (a < 5) == (b < 5)
    }
    assert any(".txt" in note for note in listing.notes)


@pytest.mark.slow
def test_ingest_takes_each_frame_where_it_is(tmp_path: Path, films: Path) -> None:
    """In any order: what a worker reads does not depend on what it read before."""
    chosen = project(tmp_path, films)
    run(chosen, "ingest")
    stored = np.asarray(Store(chosen.settings.workspace, "ingest").array("image")[:])
    assert [number_of(image) for image in stored] == [0, 10, 20, 30, 40, 100, 110, 120]
    data = dataset(chosen)
    for index in (3, 0, 7, 4, 1):
        np.testing.assert_array_equal(data.read(index, None).image, stored[index])
    assert problems(chosen, "ingest") == {}


@pytest.mark.slow
def test_damaged_films_are_quarantined(tmp_path: Path, films: Path) -> None:
    """A film of noise has one image that says why; of one that is cut off the frames that are there are used."""
    (films / "broken.mp4").write_bytes(b"no film at all" * 100)
    whole = (films / "bob.webm").read_bytes()
    (films / "bob.webm").write_bytes(whole[: len(whole) // 2])
    chosen = project(tmp_path, films)
    listing = dataset(chosen).listing()
    assert listing.ids[-1] == "broken_000000"
    assert any("do not say how long they are" in note and "broken.mp4" in note for note in listing.notes)
    run(chosen, "ingest")
    found = problems(chosen, "ingest")
    assert found[8].startswith("damaged_film: broken.mp4: is no film, or damaged from its beginning")
    assert found[7].startswith("damaged_film: bob.webm is cut off at ")
    assert sorted(found)[0] > 5


def test_check(films: Path, tmp_path: Path) -> None:
    """Each film is read once; frames of one film are no duplicates."""
    (films / "broken.mp4").write_bytes(b"no film at all" * 100)
    data = dataset(project(tmp_path, films))
    listing = data.listing()
    probed: list[str] = []

    def probe(file: Path):
        probed.append(file.name)
        return data.probe(file)

    persons = [str(number) for number in listing.persons]
    findings = check_files(films, listing.paths, persons, listing.splits, listing.pairs, probe=probe)
    assert sorted(probed) == ["bob.webm", "broken.mp4", "dance.mp4"]
    assert len(findings.unreadable) == 1
    assert findings.unreadable[0].startswith("broken.mp4#0: broken.mp4: is no film")
    assert not findings.duplicates


def test_replaced_films_are_noticed(tmp_path: Path, films: Path) -> None:
    listing = dataset(project(tmp_path, films)).listing()
    write_film(films / "bob.webm", [numbered(k, (96, 64)) for k in range(30)], codec="libvpx-vp9")
    again = dataset(project(tmp_path, films)).listing()
    assert again.digest != listing.digest
    assert again.stamps is not None
    assert listing.stamps is not None
    assert (again.stamps != listing.stamps).any(axis=1).tolist() == [False] * 5 + [True] * 3


def write_poses(
    folder: Path, count: int, size: tuple[int, int], people: dict[int, tuple[range, tuple[float, float]]]
) -> None:
    """What `ptx pose` writes: in some frames a person whose keypoints lie around a place, in pictures of `size`."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for frame in range(count):
        there = []
        for number, (frames, (x, y)) in people.items():
            if frame in frames:
                points = np.column_stack(
                    [rng.uniform(x - 8, x + 8, 18), rng.uniform(y - 16, y + 16, 18), np.full(18, 0.9)]
                )
                points[:2, :2] = (x - 8, y - 16), (x + 8, y + 16)
                there.append(PosedPerson(points, None, number))
        write_json(folder / f"{folder.name}_{frame:012d}_keypoints.json", openpose_json(there, size))


@pytest.fixture
def followed(tmp_path: Path, films: Path) -> Path:
    """Two people in one film, red on the left and blue on the right, the second only in its later frames, at half its size."""
    image = np.zeros((96, 128, 3), np.uint8)
    image[:, :64], image[:, 64:] = (220, 30, 30), (30, 30, 220)
    write_film(films / "ann" / "two.mp4", [image] * 40)
    write_poses(
        tmp_path / "poses" / "ann" / "two", 40, (48, 64), {1: (range(40), (16, 24)), 2: (range(15, 40), (48, 24))}
    )
    write_poses(tmp_path / "poses" / "bob", 12, (96, 64), {1: (range(12), (30, 40))})  # of another rate than the film
    return tmp_path / "poses"


def test_people_who_are_followed(tmp_path: Path, films: Path, followed: Path) -> None:
    listing = dataset(project(tmp_path, films, f"data.poses={followed}")).listing()
    assert listing.ids == [f"ann/two_{k:06d}_1" for k in (0, 10, 20, 30)] + [f"ann/two_{k:06d}_2" for k in (20, 30)]
    assert listing.paths[4] == "ann/two.mp4#20#2"
    assert listing.persons.tolist() == [0] * 4 + [1] * 2
    assert len(set(listing.splits.tolist())) == 1, "who share a film are on one side"
    assert len(listing.pairs) == 2 * (6 + 1)
    assert any("left out, since data.poses" in note and ": 2 (ann/dance.mp4)" in note for note in listing.notes)
    file = followed / "ann" / "two" / "two_000000000020_keypoints.json"
    file.write_text(file.read_text() + " ")
    assert dataset(project(tmp_path, films, f"data.poses={followed}")).listing().state != listing.state


@pytest.mark.slow
def test_each_person_is_cut_out(tmp_path: Path, films: Path, followed: Path) -> None:
    chosen = project(tmp_path, films, f"data.poses={followed}")
    run(chosen, "ingest", "extract-keypoints")
    stored = np.asarray(Store(chosen.settings.workspace, "ingest").array("image")[:])
    middle = stored[:, 48, 32].astype(int)
    assert (middle[:4, 0] > 180).all()
    assert (middle[4:, 2] > 180).all()
    keypoints = np.asarray(Store(chosen.settings.workspace, "keypoints").array("keypoints")[:])
    width, height = np.ptp(keypoints[..., 0], axis=1), np.ptp(keypoints[..., 1], axis=1)
    np.testing.assert_allclose(height, 2 * width, rtol=0.1)
    assert (height > 60).all(), "the person fills the picture"
    assert np.abs(keypoints[..., :2].mean(axis=1) - (31.5, 47.5)).max() < 12


def test_poses_of_none_of_the_films(tmp_path: Path, films: Path) -> None:
    (tmp_path / "poses").mkdir()
    with pytest.raises(
        PtxError, match=r"has people of none of the films: `ptx pose .*dance\.mp4 -o .*poses/ann/dance`"
    ):
        dataset(project(tmp_path, films, f"data.poses={tmp_path / 'poses'}")).listing()


def test_where_there_are_no_films(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is no folder; name the folder that holds the films"):
        dataset(project(tmp_path, tmp_path / "none")).listing()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "1.jpg").write_bytes(b"x")
    with pytest.raises(PtxError, match=r"holds no films \(\.mp4"):
        dataset(project(tmp_path, tmp_path / "empty")).listing()


def test_pairs_of_a_person_are_bounded_and_spread() -> None:
    groups = np.repeat(np.arange(3, dtype=np.int32), (1, 4, 400))
    pairs = some_pairs_within(groups, 100)
    undirected = pairs[::2]
    assert (pairs[1::2] == undirected[:, ::-1]).all()
    assert len(undirected) == 6 + 100
    assert len(np.unique(undirected, axis=0)) == 106
    assert (undirected[:, 0] < undirected[:, 1]).all()
    assert (groups[undirected[:, 0]] == groups[undirected[:, 1]]).all()
    assert {tuple(pair) for pair in undirected[:6].tolist()} == {(a, b) for a in range(1, 5) for b in range(a + 1, 5)}
    later = undirected[6:, 1] - 5
    assert later.max() > 390
    assert np.median(later) == pytest.approx(400 / 2**0.5, abs=15)  # half of all pairs lie among the first 283 of 400
    assert VideoData.model_fields["max_pairs_per_person"].default == 500
