"""DeepFashion's annotation files: both benchmarks' layouts, and what is wrong with a file, by its line."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ptx.datasets.attribute_files import annotation_digest, read_clothes
from ptx.pipeline.errors import PtxError

PREDICTION = {
    "list_attr_cloth.txt": "4\nattribute_name  attribute_type\na-line  3\nabstract chevron print  1\nlace  2\nnever 2\n",
    "list_attr_img.txt": (
        "3\nimage_name  attribute_labels\n"
        "img/Sheer_Blouse/img_00000001.jpg    -1 1 -1 -1\n"
        "img/Other/img_00000001.jpg           1 -1 1 1\n"
        "img/Sheer_Blouse/img_00000002.jpg    1  0 -1 -1\n"
    ),
    "list_category_img.txt": (
        "3\nimage_name  category_label\n"
        "img/Sheer_Blouse/img_00000001.jpg 3\nimg/Sheer_Blouse/img_00000002.jpg 41\nimg/Other/img_00000001.jpg 17\n"
    ),
}
IDS = ["Sheer_Blouse/img_00000002", "Sheer_Blouse/img_00000001"]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_attribute_benchmark(tmp_path: Path) -> None:
    """Attributes that no picture of the data set has are left out; names keep their blanks, without the group's number."""
    for ids in (IDS, [f"img/{name}" for name in IDS]):
        found = read_clothes(write(tmp_path, PREDICTION), ids)
        assert found.attribute_names == ("a-line", "abstract chevron print")
        assert found.attributes.tolist() == [[True, False], [False, True]]
        assert [found.category_names[i] for i in found.categories] == ["0041", "0003"]


def test_pictures_without_any_attribute(tmp_path: Path) -> None:
    none = PREDICTION["list_attr_img.txt"].replace(" 1 ", " -1 ").replace("    1  0", "  -1 0")
    with pytest.raises(PtxError, match="no picture of this data set has any attribute"):
        read_clothes(write(tmp_path, PREDICTION | {"list_attr_img.txt": none}), IDS)


def test_in_shop_items(tmp_path: Path) -> None:
    """An item's attributes are those of all its pictures; folders are categories."""
    files = {
        "list_attr_cloth.txt": "3\nattribute_name\nback\nbasic tee\nbelted\n",
        "list_attr_items.txt": "2\nitem_id attribute_labels\nid_00000007 -1 1 1\nid_00000002 1 -1 1\n",
    }
    ids = [
        "WOMEN/Dresses/id_00000002/01_1_front",
        "MEN/Denim/id_00000007/02_1_front",
        "MEN/Denim/id_00000007/02_2_side",
    ]
    found = read_clothes(write(tmp_path, files), ids)
    assert found.attribute_names == ("back", "basic tee", "belted")
    assert found.attributes.astype(int).tolist() == [[1, 0, 1], [0, 1, 1], [0, 1, 1]]
    assert [found.category_names[i] for i in found.categories] == ["WOMEN/Dresses", "MEN/Denim", "MEN/Denim"]
    with pytest.raises(PtxError, match=r"has no row for 1 of 1 pictures, the first is WOMEN/Dresses/id_00000009/1"):
        read_clothes(tmp_path, ["WOMEN/Dresses/id_00000009/1"])
    with pytest.raises(
        PtxError, match=r"list_category_img.txt: no such file, and a/id_00000007 does not name its category"
    ):
        read_clothes(tmp_path, ["a/id_00000007"])


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("list_attr_img.txt", "1  0 -1 -1", "1  0 -1", "list_attr_img.txt:5: 3 numbers after .*2.jpg, expected 4"),
        (
            "list_attr_img.txt",
            "-1 1 -1 -1",
            "-1 x -1 -1",
            "list_attr_img.txt:3: holds something else than small numbers",
        ),
        ("list_category_img.txt", "jpg 41", "jpg 4100", "list_category_img.txt:4: holds something else than small"),
        ("list_attr_img.txt", "3\n", "", "list_attr_img.txt:1: must be the number of rows .got 'image_name"),
        (
            "list_category_img.txt",
            "Blouse/img_00000001.jpg 3",
            "Skirt/1.jpg 3",
            "list_category_img.txt: has no row for 1 of 2",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    write(tmp_path, PREDICTION)
    before = annotation_digest(tmp_path)
    (tmp_path / name).write_text(PREDICTION[name].replace(old, new, 1))
    assert annotation_digest(tmp_path) != before
    with pytest.raises(PtxError, match=words):
        read_clothes(tmp_path, IDS)
    (tmp_path / name).unlink()
    with pytest.raises(PtxError):
        read_clothes(tmp_path, IDS)


def test_digest_of_the_files(tmp_path: Path) -> None:
    """Of size and time of each file in a fixed order, nothing for one that is absent: it is stored with models."""
    write(tmp_path, PREDICTION)
    names = ["list_attr_cloth.txt", "list_attr_img.txt", "list_attr_items.txt", "list_category_img.txt"]
    for number, name in enumerate(names):
        if name in PREDICTION:
            os.utime(tmp_path / name, ns=(0, 1_000_000_000 + number))
    sizes = [len(PREDICTION[name]) for name in names if name in PREDICTION]
    text = f"[[{sizes[0]},1000000000],[{sizes[1]},1000000001],[],[{sizes[2]},1000000003]]"
    assert annotation_digest(tmp_path) == hashlib.sha256(text.encode()).hexdigest()
