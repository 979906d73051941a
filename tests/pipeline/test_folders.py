"""Walks over folders: links once, no thumbnails, no workspace of ptx, and a word on everything that is left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ptx.pipeline.folders import RESULT_FOLDERS, Walk, describe_left_out, walk

JPG = (".jpg",)


def fill(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def counts(found: Walk) -> dict[str, tuple[int, str]]:
    return {reason: (one.count, one.first) for reason, one in found.left_out.items()}


def test_stamps_are_sorted_by_path(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.jpg", "a/1.JPG", "c.jpg")
    os.utime(tmp_path / "c.jpg", ns=(7, 7))
    found = walk(tmp_path, JPG)
    assert list(found.files) == ["a/1.JPG", "b/2.jpg", "c.jpg"]
    assert found.files["c.jpg"] == (1, 7)
    assert describe_left_out(found, {}) == []


def test_other_endings_are_counted_and_junk_is_not(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "a/1.jpg",
        "a/1.HEIC",
        "a/2.heic",
        "a/notes.txt",
        "a/README",
        "a/.DS_Store",
        "a/._1.jpg",
        "a/Thumbs.db",
    )
    fill(tmp_path, "a/desktop.ini", "__MACOSX/a/._1.jpg", "a/.htaccess")
    found = walk(tmp_path, JPG)
    assert list(found.files) == ["a/1.jpg"]
    assert describe_left_out(found, {".heic": "get it", ".avif": "no"}) == [
        "4 files left out: .heic 2 (get it), without ending 1, .txt 1"
    ]
    assert describe_left_out(found, {}, most=1) == ["4 files left out: .heic 2, others 2"]
    assert not found.left_out


@pytest.mark.parametrize(
    "name", ["@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", ".thumbnails/1.jpg", "@__thumb/1.jpg", "#recycle/1.jpg"]
)
def test_thumbnails_and_recycle_bins_are_nothing(tmp_path: Path, name: str) -> None:
    found = walk(fill(tmp_path, "ann/1.jpg", f"ann/{name}"), JPG)
    assert list(found.files) == ["ann/1.jpg"]
    assert describe_left_out(found, {}) == []


def test_hidden_pictures_and_folders_are_counted(tmp_path: Path) -> None:
    found = walk(fill(tmp_path, "1.jpg", ".2.jpg", ".git/3.jpg"), JPG)
    assert list(found.files) == ["1.jpg"]
    assert describe_left_out(found, {}) == ["left out: hidden files 1 (.2.jpg), hidden folders 1 (.git)"]


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    """Two links to one folder: the first by name counts; a link within the root never hides the folder itself."""
    fill(tmp_path / "nas", "ann/1.jpg", "bob/1.jpg")
    root = fill(tmp_path / "root", "carl/1.jpg", ".store/dora/1.jpg")
    (root / "a").symlink_to(tmp_path / "nas/ann")
    (root / "b").symlink_to(tmp_path / "nas/ann")
    (root / "again").symlink_to(root / "carl")
    (root / "dora").symlink_to(root / ".store/dora")
    found = walk(root, JPG)
    assert list(found.files) == ["a/1.jpg", "carl/1.jpg", "dora/1.jpg"]
    assert counts(found)["links to folders that are read already"] == (2, "again")


def test_links_in_linked_folders(tmp_path: Path) -> None:
    fill(tmp_path / "one", "1.jpg")
    fill(tmp_path / "two", "2.jpg")
    (tmp_path / "one/next").symlink_to(tmp_path / "two")
    (tmp_path / "two/back").symlink_to(tmp_path / "one")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/first").symlink_to(tmp_path / "one")
    found = walk(tmp_path / "root", JPG)
    assert list(found.files) == ["first/1.jpg", "first/next/2.jpg"]
    assert counts(found) == {"links to folders that are read already": (1, "first/next/back")}


@pytest.mark.parametrize("target", ["/", "..", ".", "ann"])
def test_loops_end(tmp_path: Path, target: str) -> None:
    """Links to a folder above, also of what a link led to, are not followed: neighbours of the data would become data."""
    root = fill(tmp_path / "root", "ann/1.jpg")
    fill(tmp_path, "neighbour.jpg")
    (root / "ann" / "loop").symlink_to(root / "ann" if target == "ann" else target)
    assert list(walk(root, JPG).files) == ["ann/1.jpg"]
    outside = fill(tmp_path / "nas", "album/2.jpg", "other/3.jpg")
    (outside / "album/up").symlink_to(outside)
    (root / "album").symlink_to(outside / "album")
    found = walk(root, JPG)
    assert list(found.files) == ["album/2.jpg", "ann/1.jpg"]
    assert counts(found)["links to folders that are read already"] == (2, "album/up")


def test_links_that_lead_nowhere_and_special_files(tmp_path: Path) -> None:
    root = fill(tmp_path, "a/1.jpg")
    (root / "a/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (root / "a/self.jpg").symlink_to(root / "a/self.jpg")
    (root / "a/gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(root / "a/pipe.jpg")
    found = walk(root, JPG)
    assert list(found.files) == ["a/1.jpg"]
    assert counts(found) == {"broken links": (3, "a/gone"), "files that are no plain files": (1, "a/pipe.jpg")}


def test_folders_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's folder, such as lost+found of a disk that is the root; the root itself must be readable."""
    fill(tmp_path, "ann/1.jpg", "lost+found/2.jpg")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith(str(refused)):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("ptx.pipeline.folders.os.scandir", refusing)
    refused = "lost+found"
    found = walk(tmp_path, JPG)
    assert list(found.files) == ["ann/1.jpg"]
    assert counts(found) == {"folders that cannot be read": (1, "lost+found")}
    refused = tmp_path.name
    with pytest.raises(PermissionError):
        walk(tmp_path, JPG)


def test_what_ptx_writes_is_no_data(tmp_path: Path) -> None:
    """Its workspace and results by name, workspaces of other settings by their stores."""
    fill(tmp_path, "ann/1.jpg", "work/models/flow/step_1.jpg", "results/show/pair.jpg", "ann/results/2.jpg")
    for name in ("older/ingest.zarr", "older/ingest.blocks", "mine.zarr"):
        (tmp_path / name).mkdir(parents=True)
    fill(tmp_path, "older/models/flow/1.jpg", "mine.zarr/1.jpg")
    found = walk(tmp_path, JPG, [tmp_path / "work", tmp_path / "results", tmp_path / "nowhere"])
    assert list(found.files) == ["ann/1.jpg", "ann/results/2.jpg", "mine.zarr/1.jpg"]
    assert counts(found) == {"folders of ptx itself": (3, "older")}


@pytest.mark.parametrize("given", [True, False])
def test_a_workspace_that_is_the_folder_of_photographs(tmp_path: Path, given: bool) -> None:
    """Only what ptx draws there is left out."""
    fill(tmp_path, "ann/1.jpg", *(f"{name}/flow/1.jpg" for name in RESULT_FOLDERS), "ann/models/1.jpg")
    for name in ("ingest.zarr", "ingest.blocks"):
        (tmp_path / name).mkdir()
    found = walk(tmp_path, JPG, [tmp_path] if given else [])
    assert list(found.files) == ["ann/1.jpg", "ann/models/1.jpg"]


def test_names_of_any_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    os.makedirs(os.fsencode(tmp_path) + b"/caf\xe9/.git")
    for name in (b"x.jpg", b"y.\xe9", b".z.jpg"):
        with open(os.fsencode(tmp_path) + b"/caf\xe9/" + name, "wb") as file:
            file.write(b"x")
    found = walk(tmp_path, JPG)
    assert [os.fsencode(path) for path in found.files] == [b"a.jpg", b"caf\xe9/x.jpg"]
    assert describe_left_out(found, {}) == [
        r"1 file left out: .\xe9 1",
        r"left out: hidden files 1 (caf\xe9/.z.jpg), hidden folders 1 (caf\xe9/.git)",
    ]
