"""A folder of photographs: persons, pairs, splits, and every mistake in one line."""

from __future__ import annotations

import os
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

from ptx.datasets.folder import Folder
from ptx.datasets.picture_files import image_ids
from ptx.pipeline.errors import PtxError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two persons with three and two pictures; the files' content is never read."""
    for name in ("ann/1.jpg", "ann/2.PNG", "ann/3.jpeg", "bob/1.jpg", "bob/2.jpg", "bob/notes.txt", ".hidden/x.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def table(root: Path, text: str) -> Path:
    path = root / "pairs.csv"
    path.write_text(text)
    return path


def test_persons_and_all_their_pairs(root: Path) -> None:
    folder = Folder(root)
    assert folder.ids == ["ann/1", "ann/2", "ann/3", "bob/1", "bob/2"]
    assert folder.persons.tolist() == [0, 0, 0, 1, 1]
    assert folder.pairs().tolist() == [[0, 1], [1, 0], [0, 2], [2, 0], [1, 2], [2, 1], [3, 4], [4, 3]]


def test_at_most_so_many_pairs(root: Path) -> None:
    pairs = Folder(root, max_pairs_per_person=1).pairs()
    assert len(pairs) == 4
    assert (pairs[0::2] == pairs[1::2, ::-1]).all()


def test_table_of_pairs_both_directions_once(root: Path) -> None:
    folder = Folder(
        root, table(root, "source,target\nann/1.jpg,bob/2.jpg\nbob/2.jpg,ann/1.jpg\n\nann/1.jpg,ann/3.jpeg\n")
    )
    assert folder.ids == ["ann/1", "ann/3", "bob/2"]
    assert folder.persons.tolist() == [0, 0, 0]  # whoever is paired is one person
    assert folder.pairs().tolist() == [[0, 2], [2, 0], [0, 1], [1, 0]]


def test_field_names_of_columns(root: Path) -> None:
    assert len(Folder(root, table(root, "from,to\nann/1.jpg,ann/2.PNG\n")).pairs()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source,target\nann/1.jpg,ann/9.jpg\n", r"pairs.csv:2: no picture ann/9.jpg in .*, did you mean ann/1.jpg\?"),
        ("source,target\nann/1.jpg,../secret.jpg\n", r"pairs.csv:2: no picture \.\./secret.jpg"),
        ("source,target\nann/1.jpg,ann/1.jpg\n", "pairs.csv:2: ann/1.jpg is paired with itself"),
        ("source,target\nann/1.jpg\n", "pairs.csv:2: 1 columns, expected 2"),
        ("a,b\nann/1.jpg,ann/2.PNG\n", "pairs.csv:1: the first line must name the columns source,target"),
        ("source,target,Split\nann/1.jpg,ann/2.PNG,test\n", "pairs.csv:1: a column split is not read: leave it out"),
        ("source,target\n", "holds no pairs"),
    ],
)
def test_bad_table_says_the_line(root: Path, text: str, words: str) -> None:
    with pytest.raises(PtxError, match=words) as caught:
        Folder(root, table(root, text)).pairs()
    assert "\n" not in str(caught.value)


def test_missing_things(root: Path, tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="nowhere is no folder"):
        Folder(root / "nowhere").ids  # noqa: B018
    (tmp_path / "empty").mkdir()
    with pytest.raises(PtxError, match="holds no pictures"):
        Folder(tmp_path / "empty").ids  # noqa: B018
    with pytest.raises(PtxError, match=r"none.csv is not there"):
        Folder(root, root / "none.csv").pairs()


def test_pictures_that_differ_in_their_ending_are_two(root: Path) -> None:
    (root / "ann" / "1.png").write_bytes(b"x")
    folder = Folder(root)
    assert folder.ids == ["ann/1.jpg", "ann/1.png", "ann/2", "ann/3", "bob/1", "bob/2"]
    assert len(folder.pairs()) == 4 * 3 + 2


def test_ids_are_different() -> None:
    """Also where a picture is called as another would be with its ending; names that clash with none stay as they were."""
    assert image_ids(["a/1.jpg", "a/1.png", "a/1.png.jpg", "a/2.png"]) == ["a/1.jpg", "a/1.png", "a/1.png.jpg", "a/2"]
    assert image_ids(["a/1.png", "a/1.png.jpg"]) == ["a/1", "a/1.png"]


def test_names_of_any_bytes(root: Path) -> None:
    """Ids can be printed and encoded everywhere; paths lead to the files."""
    os.mkdir(os.fsencode(root) + b"/zo\xeb")
    for name in (b"1.jpg", b"\xff.jpg"):
        with open(os.fsencode(root) + b"/zo\xeb/" + name, "wb") as file:
            file.write(b"x")
    folder = Folder(root)
    assert folder.ids[-2:] == [r"zo\xeb/1", r"zo\xeb/\xff"]
    assert all((root / path).exists() for path in folder.paths)
    assert folder.persons.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert len(folder.digest) == 64
    assert set(folder.splits) <= {0, 1}
    (root / r"zo\xeb").mkdir()
    (root / r"zo\xeb" / "1.jpg").write_bytes(b"x")
    with pytest.raises(
        PtxError, match=r"two pictures are called zo\\xeb/1.jpg, one of them in bytes that are no UTF-8"
    ):
        Folder(root).ids  # noqa: B018


def test_what_takes_no_part_is_told(root: Path) -> None:
    (root / "bob" / "3.nef").write_bytes(b"x")
    assert Folder(root).notes == [
        "2 files left out: .nef 1 (save as JPEG or PNG), .txt 1",
        "left out: hidden folders 1 (.hidden)",
    ]
    pairs = table(root, "source,target\nann/1.jpg,ann/2.PNG\n")
    assert "no pair of pairs.csv names them (ann/3.jpeg)" in Folder(root, pairs).notes[-1]


def test_own_folders_are_no_data(root: Path) -> None:
    """Pictures that ptx draws into a workspace below the root change nothing, and are no person."""
    before = Folder(root, own=(root / "work",))
    (root / "work" / "models").mkdir(parents=True)
    (root / "work" / "models" / "1.jpg").write_bytes(b"x")
    after = Folder(root, own=(root / "work",))
    assert (after.paths, after.digest) == (before.paths, before.digest)
    assert after.notes[-1].endswith("folders of ptx itself 1 (work), hidden folders 1 (.hidden)")
    assert len(Folder(root).paths) == len(before.paths) + 1


def test_split_by_persons(tmp_path: Path) -> None:
    for person in range(20):
        for image in range(2):
            (tmp_path / f"p{person}").mkdir(exist_ok=True)
            (tmp_path / f"p{person}" / f"{image}.jpg").write_bytes(b"x")
    folder = Folder(tmp_path, test_fraction=0.25)
    by_person = folder.splits.reshape(20, 2)
    assert (by_person[:, 0] == by_person[:, 1]).all()
    assert by_person[:, 0].sum() == 5


def test_digest_changes_with_the_files_only(root: Path) -> None:
    before = Folder(root).digest
    assert Folder(root).digest == before
    os.utime(root / "ann" / "1.jpg", ns=(1, 1))
    changed = Folder(root).digest
    assert changed != before
    (root / "bob" / "3.jpg").write_bytes(b"x")
    assert Folder(root).digest not in (before, changed)


def test_linked_persons(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Photographs that lie elsewhere are data; a link to a folder above makes no person of everything on the disk."""
    os.symlink("/", root / "ann" / "loop")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "1.jpg").write_bytes(b"x")
    os.symlink(elsewhere, root / "carl")
    folder = Folder(root)
    assert folder.ids == ["ann/1", "ann/2", "ann/3", "bob/1", "bob/2", "carl/1"]
    assert len(np.unique(folder.persons)) == 3


def test_nested_folders_and_loose_pictures(tmp_path: Path) -> None:
    for name in ("MEN/Tees/id_1/a.jpg", "MEN/Tees/id_1/b.jpg", "MEN/Tees/id_2/a.jpg", "loose.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    folder = Folder(tmp_path)
    assert len(np.unique(folder.persons)) == 3
    assert len(folder.pairs()) == 2


def test_a_sub_folder_that_a_table_divides_is_named(root: Path) -> None:
    """Where a sub-folder is a person, a table that joins only some of its pictures lets them into training and testing."""
    for number in range(8):
        path = root / "ann" / f"more{number}.jpg"
        path.write_bytes((root / "ann" / "1.jpg").read_bytes())
    table = root.parent / "pairs.csv"
    rows = [f"ann/more{k}.jpg,ann/more{k + 1}.jpg" for k in range(0, 8, 2)]
    table.write_text("\n".join(["source,target", *rows, "bob/1.jpg,bob/2.jpg"]))
    line = (
        "sub-folders with pictures in training and in testing: 1 (ann); where a sub-folder is a person, "
        "join its pictures by pairs in pairs.csv"
    )
    assert line in Folder(root, table, 0.4).notes
    joined = [f"ann/more{k}.jpg,ann/more{k + 1}.jpg" for k in range(7)]
    table.write_text("\n".join(["source,target", *joined, "bob/1.jpg,bob/2.jpg"]))
    assert line not in Folder(root, table, 0.4).notes


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_apart_or_in_one(root: Path, on_disk: str, in_table: str) -> None:
    """A Mac's file names beside a table from elsewhere, which look the same."""
    names = [normalize(on_disk, name) for name in ("zoë/é.jpg", "zoë/ü.jpg")]
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    folder = Folder(root, table(root, normalize(in_table, "source,target\nzoë/é.jpg,zoë/ü.jpg\n")))
    assert sorted(folder.paths) == sorted(names)
    assert len(folder.pairs()) == 2
