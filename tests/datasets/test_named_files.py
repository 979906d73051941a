"""Files called after images: the three names of an image, in the order of trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.datasets.named_files import NamedFiles

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
        (["a/b_c.png", "a_b/c.png"], "a_b/c.png", ["a_b_c.json", "c.json"], "c.json"),
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
        with pytest.raises(FileNotFoundError, match=r"^no .* in "):
            folder.find(path)
    else:
        assert folder.find(path) == tmp_path / found


def test_images_that_are_called_alike_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^no a/1\.png\.json in .*; a/1 is the name of several images$"):
        NamedFiles(tmp_path, ["a/1.png", "a/1.jpg"], (".json",)).find("a/1.png")
