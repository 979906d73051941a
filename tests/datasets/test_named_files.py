"""Files called after images: the three names of an image, in the order of trust."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from ptx.datasets.named_files import AmbiguousFile, NamedFiles

PATHS = ["ann/1.jpg", "bob/1.jpg", "bob/2.tar.png"]


def test_names_and_endings_in_their_order(tmp_path: Path) -> None:
    files = NamedFiles(tmp_path, PATHS, (".json", ".txt"))
    (tmp_path / "bob").mkdir()
    for name in ("2.tar.txt", "2.tar.json", "bob_2.tar.json", "bob/2.tar.txt", "bob/2.tar.json"):
        (tmp_path / name).touch()
        assert files.find("bob/2.tar.png") == tmp_path / name


def test_a_bare_name_that_several_images_have_belongs_to_none(tmp_path: Path) -> None:
    (tmp_path / "1.json").touch()
    with pytest.raises(FileNotFoundError, match=r"^no ann/1\.json or ann_1\.json in "):
        NamedFiles(tmp_path, PATHS, (".json",)).find("ann/1.jpg")
    assert NamedFiles(tmp_path, ["ann/1.jpg"], (".json",)).find("ann/1.jpg") == tmp_path / "1.json"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "2.tar.json").mkdir()
    with pytest.raises(FileNotFoundError):
        NamedFiles(tmp_path, PATHS, (".json",)).find("bob/2.tar.png")


def test_an_ending_may_be_a_file_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "ann/1").mkdir(parents=True)
    (tmp_path / "ann/1/000.pkl").touch()
    assert NamedFiles(tmp_path, PATHS, (".pkl", "/000.pkl")).find("ann/1.jpg") == tmp_path / "ann/1/000.pkl"


@pytest.mark.parametrize(
    ("paths", "path", "files", "found"),
    [
        (["a/1.png", "a/1.jpg"], "a/1.png", ["a/1.json", "a_1.json", "1.json"], None),
        (["a/1.png", "a/1.jpg"], "a/1.png", ["a/1.json", "a/1.png.json"], "a/1.png.json"),
        (["a/b_c.png", "a_b/c.png"], "a/b_c.png", ["a_b_c.json"], None),
        (["a/b_c.png", "a_b/c.png"], "a_b/c.png", ["a_b_c.json", "a_b/c.json"], "a_b/c.json"),
        (["a/b.png", "a_b.png"], "a_b.png", ["a_b.json"], "a_b.json"),
        (["a/b.png", "a_b.png"], "a/b.png", ["a_b.json"], None),
        (["1.png", "a/1.png"], "1.png", ["1.json"], "1.json"),
        (["1.png", "a/1.png"], "a/1.png", ["1.json"], None),
    ],
)
def test_a_file_is_never_that_of_two_images(
    tmp_path: Path, paths: list[str], path: str, files: list[str], found: str | None
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    folder = NamedFiles(tmp_path, paths, (".json",))
    if found is None:
        with pytest.raises(FileNotFoundError):
            folder.find(path)
    else:
        assert folder.find(path) == tmp_path / found


def test_images_that_are_called_alike_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.json").touch()
    with pytest.raises(AmbiguousFile, match=r"^a/1.json may be of a/1.png or of a/1.jpg: call it a/1.png.json if it"):
        NamedFiles(tmp_path, ["a/1.png", "a/1.jpg"], (".json",)).find("a/1.png")


@pytest.mark.parametrize(("image", "file"), [("NFD", "NFC"), ("NFC", "NFD"), ("NFD", "NFD")])
def test_accents_apart_or_in_one(tmp_path: Path, image: str, file: str) -> None:
    (tmp_path / normalize(file, "zoë_é.json")).touch()
    found = NamedFiles(tmp_path, [normalize(image, "zoë/é.jpg")], (".json",)).find(normalize(image, "zoë/é.jpg"))
    assert found.name == normalize(file, "zoë_é.json")


def test_a_file_that_two_images_would_take_belongs_to_neither(tmp_path: Path) -> None:
    """a/b_c and a_b/c are both a_b_c in a flat folder; so are x/y, and z/x_y by its bare name."""
    paths = ["a/b_c.png", "a_b/c.png", "x/y.png", "z/x_y.png", "n/o.png"]
    for name in ("a_b_c.json", "x_y.json", "n_o.json"):
        (tmp_path / name).touch()
    files = NamedFiles(tmp_path, paths, (".json",))
    for path, other in zip(paths[:4], ("a_b/c", "a/b_c", "z/x_y", "x/y"), strict=True):
        with pytest.raises(AmbiguousFile, match=rf" may be of {path} or of {other}.png: call it "):
            files.find(path)
    assert files.find("n/o.png") == tmp_path / "n_o.json"
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "x_y.json").touch()
    better = NamedFiles(tmp_path, paths, (".json",))
    assert better.find("z/x_y.png") == tmp_path / "z/x_y.json"
    assert better.find("x/y.png") == tmp_path / "x_y.json"


def test_an_images_own_path_goes_before_other_readings(tmp_path: Path) -> None:
    (tmp_path / "a_b.json").touch()
    files = NamedFiles(tmp_path, ["a_b.png", "a/b.png"], (".json",))
    assert files.find("a_b.png") == tmp_path / "a_b.json"
    with pytest.raises(AmbiguousFile):
        files.find("a/b.png")
    (tmp_path / "1_keypoints.json").touch()
    rendered = NamedFiles(tmp_path, ["1.png", "1_keypoints.png"], ("_keypoints.json", ".json"))
    assert rendered.find("1.png") == tmp_path / "1_keypoints.json"
    with pytest.raises(AmbiguousFile):
        rendered.find("1_keypoints.png")
