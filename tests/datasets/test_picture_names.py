"""Names of pictures in other tools' files: by path, by the end of the path, by name, by number; never by chance."""

from __future__ import annotations

import pytest

from ptx.datasets.picture_names import AmbiguousName, Name, PictureNames


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/1.jpg", "a/1.jpg"),
        ("./a/1.jpg", "a/1.jpg"),
        ("/home/me/photos/a/1.jpg", "a/1.jpg"),
        ("photos\\a\\1.jpg", "a/1.jpg"),
        ("1.jpg", "a/1.jpg"),
        ("1", "a/1.jpg"),
        (1, "a/000001.jpg"),
        ("a/1.png", "a/1.jpg"),
        ("train2017/1.jpg", "a/1.jpg"),
        ("a.b.c", "x/a.b.c.png"),
    ],
)
def test_a_name_and_the_one_picture_that_it_means(name: Name, path: str) -> None:
    others = ["b/2.jpg", "c/11.jpg"]
    assert PictureNames([name, "x/2.jpg"], [path, *others]).find(path) == name
    assert PictureNames([name], [path, *others]).find("b/2.jpg") is None


def test_the_path_itself_goes_first() -> None:
    names = PictureNames(["1.jpg", "train/1.jpg"], ["1.jpg"])
    assert names.find("1.jpg") == "1.jpg"
    both = PictureNames(["1.jpg", "a/1.jpg"], ["1.jpg", "a/1.jpg", "b/1.jpg"])
    assert [both.find(path) for path in ("1.jpg", "a/1.jpg", "b/1.jpg")] == ["1.jpg", "a/1.jpg", None]


def test_folders_tell_apart_what_names_do_not() -> None:
    names = PictureNames(["data/a/1.jpg", "data/b/1.jpg"], ["a/1.jpg", "b/1.jpg", "c/1.jpg"])
    assert [names.find(path) for path in ("a/1.jpg", "b/1.jpg")] == ["data/a/1.jpg", "data/b/1.jpg"]
    with pytest.raises(AmbiguousName, match=r"c/1\.jpg may be data/a/1\.jpg or data/b/1\.jpg"):
        names.find("c/1.jpg")


@pytest.mark.parametrize("name", ["1.jpg", 1, "train/1.jpg"])
def test_a_name_that_several_pictures_may_have(name: Name) -> None:
    names = PictureNames([name], [f"{person}/1.jpg" for person in "abcde"])
    with pytest.raises(AmbiguousName, match=rf"^{name} may be a/1\.jpg or b/1\.jpg or c/1\.jpg or 2 more"):
        names.find("d/1.jpg")


def test_zeros_tell_names_apart_but_not_numbers() -> None:
    paths = ["a/01.jpg", "a/1.jpg"]
    names = PictureNames(["1.jpg", "01.jpg"], paths)
    assert [names.find(path) for path in paths] == ["01.jpg", "1.jpg"]
    with pytest.raises(AmbiguousName):
        PictureNames([1], paths).find("a/1.jpg")


def test_long_numbers_are_no_numbers() -> None:
    digits = "1" * 5000
    assert PictureNames([f"{digits}.jpg"], [f"a/{digits}.jpg"]).find(f"a/{digits}.jpg") == f"{digits}.jpg"
