"""DeepFashion and Market-1501 as they are on disk: layouts of names, tables of pairs, splits, mistakes; the field's real tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.data_set import PairCount
from ptx.datasets.folder import read_table
from ptx.datasets.published import NAMINGS, PAIR_COUNTS, Published, fashion_key, market_key
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from tests.projects import make_project, problems, project_of, read, run

REAL = Path(__file__).parents[3] / "shared" / "data" / "annotations"
NESTED = "WOMEN/Blouses_Shirts/id_00003372/03_{}.jpg"
FLAT = "fashionWOMENBlouses_Shirtsid0000337203_{}.jpg"


def make(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (44, 64), "grey").save(path)
    return root


def fashion(root: Path, **tables: str) -> Published:
    paths = {}
    for name, text in tables.items():
        paths[name] = root / f"{name}.csv"
        paths[name].write_text(text)
    return Published(root, NAMINGS["deepfashion"], **paths)


def test_both_layouts_have_one_name() -> None:
    assert fashion_key(NESTED.format("2_side")) == fashion_key(f"img/{FLAT.format('2side')}")
    assert fashion_key("fashionMENShirts_Polosid0000180202_4full.jpg") == "MEN/Shirts_Polos/id_00001802/02_4_full"
    assert fashion_key("fasionMENShirtsPolosid0000180202_4full.jpg") == "MEN/Shirts_Polos/id_00001802/02_4_full"
    assert fashion_key("fasionWOMENDressesid0000553705_4full.jpg") == "WOMEN/Dresses/id_00005537/05_4_full"
    for half in ("id0000337203_2_side", "id_0000337203_2_side", "id_0000337203_2side"):  # flattened by hand
        assert fashion_key(f"fashionWOMENBlouses_Shirts{half}.jpg") == fashion_key(NESTED.format("2_side"))
    assert fashion_key("holiday.jpg") is None
    assert market_key("bounding_box_train/0002_c1s1_000451_03.jpg") == "0002_c1s1_000451_03"
    assert market_key("bounding_box_test/-1_c1s1_000401_03.jpg") is None
    assert market_key("bounding_box_test/0000_c1s1_000151_01.jpg") is None


def test_tables_in_either_layout(tmp_path: Path) -> None:
    make(
        tmp_path,
        *(NESTED.format(side) for side in ("1_front", "2_side", "3_back")),
        "MEN/Denim/id_00000001/01_1_front.jpg",
    )
    found = fashion(
        tmp_path,
        train=f"from,to\n{FLAT.format('1front')},{FLAT.format('2side')}\n",
        test="from,to\nMEN/Denim/id_00000001/01_1_front.jpg,MEN/Denim/id_00000001/01_2_side.jpg\n",
    )
    assert found.ids == [
        "MEN/Denim/id_00000001/01_1_front", "MEN/Denim/id_00000001/01_2_side",
        "WOMEN/Blouses_Shirts/id_00003372/03_1_front", "WOMEN/Blouses_Shirts/id_00003372/03_2_side",
    ]  # fmt: skip
    assert found.splits.tolist() == [1, 1, 0, 0]
    assert found.pairs().tolist() == [[3, 2], [1, 0]]  # target, source; as given, not both ways
    assert found.paths[1] == "MEN/Denim/id_00000001/01_2_side.jpg"  # is not there: ingest will say so


def test_without_tables_the_same_clothes_are_paired(tmp_path: Path) -> None:
    make(tmp_path, *(f"WOMEN/Dresses/id_00000007/0{o}_{n}_front.jpg" for o, n in ((1, 1), (1, 2), (2, 1))))
    found = fashion(tmp_path)
    assert found.persons.tolist() == [0, 0, 0]
    assert found.pairs().tolist() == [[0, 1], [1, 0]]


def test_market(tmp_path: Path) -> None:
    names = ("0002_c1s1_000451_03.jpg", "0002_c2s1_000301_01.jpg", "0007_c3s3_077419_03.jpg")
    make(tmp_path, *(f"bounding_box_train/{name}" for name in names))
    make(tmp_path, *(f"bounding_box_test/{n}_c1s1_00{k}_03.jpg" for k, n in enumerate(("0011", "0011", "-1", "0000"))))
    found = Published(tmp_path, NAMINGS["market1501"])
    assert len(found.ids) == 5
    assert found.persons.tolist() == [0, 0, 1, 2, 2]
    assert found.splits.tolist() == [0, 0, 0, 1, 1]
    assert len(found.pairs()) == 4


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Market-1501 as it unpacks: persons 0002 and 0007 for training, 0001 and 0003 for testing, each of them once more in gt_bbox."""
    root = tmp_path / "Market-1501-v15.09.15"
    make(root, *(f"bounding_box_train/{name}_c1s1_00045{k}_03.jpg" for name in ("0002", "0007") for k in range(2)))
    make(root, *(f"bounding_box_test/{name}_c3s1_00045{k}_03.jpg" for name in ("0001", "0003", "-1") for k in range(2)))
    make(root, *(f"query/{name}_c1s1_001051_00.jpg" for name in ("0001", "0003")))
    make(root, *(f"gt_bbox/{name}_c1s1_001051_00.jpg" for name in ("0001", "0002", "0003", "0007")))
    (root / "gt_query").mkdir()
    (root / "gt_query" / "0001_c1s1_001051_00_good.mat").write_bytes(b"")
    return root


def test_market_as_it_unpacks(market: Path) -> None:
    """The gallery and the queries are of the test persons; boxes drawn by hand of all persons are left out, and counted."""
    found = Published(market, NAMINGS["market1501"])
    sides = {name: set(found.splits[[own == name for own in found.names]].tolist()) for name in found.names}
    assert sides == {"0002": {0}, "0007": {0}, "0001": {1}, "0003": {1}}
    assert not any("gt_bbox" in path for path in found.paths)
    assert len(found.pairs()) == 2 * (2 * 1) + 2 * (3 * 2)
    notes = "\n".join(found.notes)
    assert (
        "4 pictures left out: persons of training and of testing are in their folder (gt_bbox/0001_c1s1_001051_00.jpg)"
        in notes
    )
    assert (
        "2 pictures left out: their names are of no person of this data set (bounding_box_test/-1_c3s1_000450_03.jpg)"
        in notes
    )


def test_market_as_others_lay_it_out(tmp_path: Path) -> None:
    """PATN's train and test; the folder pytorch/ that re-identification code puts beside the original ones."""
    make(
        tmp_path / "patn",
        *(
            f"{side}/{name}_c1s1_000451_0{k}.jpg"
            for side, name in (("train", "0002"), ("test", "0001"))
            for k in (1, 2)
        ),
    )
    found = Published(tmp_path / "patn", NAMINGS["market1501"])
    assert dict(zip(found.names, found.splits.tolist(), strict=True)) == {"0001": 1, "0002": 0}
    names = {"bounding_box_train": "0002", "bounding_box_test": "0001", "query": "0001", "gt_bbox": "0001"}
    copies = {"train_all": "0002", "train": "0002", "gallery": "0001", "query": "0001", "multi-query": "0001"}
    for number, (folder, name) in enumerate(
        [*names.items(), *((f"pytorch/{copy}/{n}", n) for copy, n in copies.items())]
    ):
        make(tmp_path / "reid", f"{folder}/{name}_c1s1_00045{number % 4}_0{number % 4}.jpg")
    found = Published(tmp_path / "reid", NAMINGS["market1501"])
    assert {(name, int(split)) for name, split in zip(found.names, found.splits, strict=True)} == {
        ("0001", 1),
        ("0002", 0),
    }


def test_a_box_of_gt_bbox_that_a_table_names_takes_part(market: Path) -> None:
    table = market.parent / "train.csv"
    table.write_text(
        "from,to\n0002_c1s1_001051_00.jpg,0002_c1s1_000450_03.jpg\n0001_c1s1_001051_00.jpg,0001_c3s1_000450_03.jpg\n"
    )
    found = Published(market, NAMINGS["market1501"], table)
    assert found.paths == [
        "query/0001_c1s1_001051_00.jpg", "bounding_box_test/0001_c3s1_000450_03.jpg",
        "bounding_box_train/0002_c1s1_000450_03.jpg", "gt_bbox/0002_c1s1_001051_00.jpg",
    ]  # fmt: skip


def market_project(market: Path, train: str = "", test: str = "") -> Project:
    tables = {"train_pairs": train, "test_pairs": test}
    for name, text in tables.items():
        (market.parent / f"{name}.csv").write_text(f"from,to\n{text}")
    given = [f"data.{name}={market.parent / name}.csv" for name, text in tables.items() if text]
    return make_project(market.parent / "work", "data.kind=market1501", f"data.root={market}", "size=[64,32]", *given)


LEAKING = {
    "train": "0002_c1s1_000450_03.jpg,0002_c1s1_000451_03.jpg\n",
    "test": "0002_c1s1_001051_00.jpg,0002_c1s1_001051_00.jpg\n",
}
"""Tables of which person 0002 is on both sides."""


def test_persons_on_both_sides_are_refused(market: Path) -> None:
    market_project(market).check_split()
    with pytest.raises(
        PtxError,
        match=r"^data: persons in training and in testing: 1, the first is that of 0002_c1s1_000450_03: put all",
    ):
        market_project(market, **LEAKING).check_split()
    make(market, "bounding_box_train/0003_c1s1_000451_03.jpg")
    with pytest.raises(PtxError, match="persons in training and in testing: 1, the first is that of 0003_"):
        market_project(market).check_split()


def test_a_person_in_other_clothes_is_the_same_person(tmp_path: Path) -> None:
    """Tables that split outfits and not persons."""
    names = [f"WOMEN/Dresses/id_00000007/0{outfit}_{side}.jpg" for outfit in (1, 2) for side in ("1_front", "3_back")]
    make(tmp_path / "img", *names)
    for table, (source, target) in (("train", names[:2]), ("test", names[2:])):
        (tmp_path / f"{table}.csv").write_text(f"from,to\n{source},{target}\n")
    words = [f"data.{table}_pairs={tmp_path / table}.csv" for table in ("train", "test")]
    chosen = make_project(tmp_path / "work", "data.kind=deepfashion", f"data.root={tmp_path / 'img'}", *words)
    with pytest.raises(
        PtxError,
        match="persons in training and in testing: 1, the first is that of WOMEN/Dresses/id_00000007/01_1_front",
    ):
        chosen.check_split()


def test_persons_on_both_sides_of_published_tables_are_counted(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published tables are known by their numbers of pairs, both of them."""
    chosen = market_project(market, **LEAKING)
    for counts, refused in (((1, 1), False), ((1, 2), True), ((2, 1), True)):
        monkeypatch.setitem(PAIR_COUNTS, "market1501", (PairCount("somebody", *counts),))
        listing = chosen.data.listing()
        assert chosen.data.published_split(listing) is not refused
        assert ("persons in training and in testing, as published: 1" in listing.notes) is not refused
    monkeypatch.setitem(PAIR_COUNTS, "market1501", (PairCount("somebody", 1, 1),))
    market_project(market, **LEAKING).check_split()


def test_names_of_windows(tmp_path: Path) -> None:
    """Tables that were made on Windows, and files that were unpacked with its separators in their names."""
    windows = "img\\WOMEN\\Blouses_Shirts\\id_00003372\\03_{}.jpg"
    assert fashion_key(windows.format("2_side")) == fashion_key(NESTED.format("2_side"))
    assert market_key("bounding_box_train\\0002_c1s1_000451_03.jpg") == "0002_c1s1_000451_03"
    make(tmp_path, NESTED.format("1_front"), windows.format("2_side"))
    found = fashion(tmp_path, train=f"from,to\n{windows.format('1_front')},{windows.format('2_side')}\n")
    assert found.paths == [NESTED.format("1_front"), windows.format("2_side")]


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no photograph below"):
        _ = fashion(make(tmp_path, "holiday.jpg")).files
    make(tmp_path, NESTED.format("1_front"))
    with pytest.raises(PtxError, match=r"train.csv:2: holiday.jpg is no name of this data set"):
        _ = fashion(tmp_path, train="from,to\nholiday.jpg,x.jpg\n").ids
    pair = f"from,to\n{NESTED.format('1_front')},{NESTED.format('2_side')}\n"
    back = f"from,to\n{NESTED.format('3_back')},{NESTED.format('1_front')}\n"
    with pytest.raises(PtxError, match="images in training and in test pairs: 1, the first is WOMEN/Blouses"):
        _ = fashion(tmp_path, train=pair, test=back).splits
    with pytest.raises(PtxError, match=r"test.csv:2: this pair is in .*train.csv as well"):
        _ = fashion(tmp_path, train=pair, test=pair).ids


def project(tmp_path: Path, root: Path, more: str) -> Project:
    config = tmp_path / "pipeline.yaml"
    config.write_text(
        f"workspace: {tmp_path / 'work'}\nsize: [64, 64]\nbody: small\ncluster: {{kind: serial}}\nrun: {{max_bad_fraction: 1}}\n"
        f"data: {{kind: deepfashion, root: {root}}}\n{more}"
    )
    return project_of(config)


def test_keypoints_by_flat_names_for_nested_photographs(tmp_path: Path) -> None:
    root = make(tmp_path / "data", *(NESTED.format(side) for side in ("1_front", "2_side")))
    ys, xs = [list(range(10, 28)), list(range(20, 38))]
    lines = [f"{FLAT.format(side)}: {ys}: {xs}" for side in ("1front", "2side")]
    (tmp_path / "keypoints.csv").write_text("name:keypoints_y:keypoints_x\n" + "\n".join(lines) + "\n")
    chosen = project(tmp_path, root, f"extract_keypoints: {{backend: csv, path: {tmp_path / 'keypoints.csv'}}}\n")
    run(chosen, "ingest", "extract-keypoints")
    assert not problems(chosen, "extract-keypoints")
    found = read(chosen, "extract-keypoints", "keypoints")
    assert np.isfinite(found[:, :, :2]).all()


@pytest.mark.skipif(not REAL.exists(), reason="the field's tables are not here")
def test_real_tables() -> None:
    """Every row of a real table of pairs and of a real list of names is understood."""
    rows = list(read_table(REAL / "deepfashion-inshop-pairs-test.csv"))
    assert len(rows) == 8175
    keys = [fashion_key(name) for _, *names in rows for name in names]
    assert None not in keys
    assert all(
        NAMINGS["deepfashion"].group(a) == NAMINGS["deepfashion"].group(b)
        for a, b in zip(keys[::2], keys[1::2], strict=True)
    )
    flat = (REAL / "deepfashion-test.lst").read_text().split()
    assert len(flat) > 4000
    assert len({fashion_key(name) for name in flat} - {None}) == len(set(flat))


def test_what_takes_no_part_is_told(tmp_path: Path) -> None:
    """Names of nobody, one photograph in two layouts, photographs that no pair names, other files."""
    names = [NESTED.format(side) for side in ("1_front", "2_side", "3_back")]
    make(tmp_path, *names, FLAT.format("2side"), "cover.jpg")
    (tmp_path / "read.me").write_text("x")
    found = fashion(tmp_path, train=f"from,to\n{names[0]},{names[1]}\n")
    assert found.notes == [
        "2 files left out: .csv 1, .me 1",
        "1 picture left out: their names are of no person of this data set (cover.jpg)",
        f"1 picture left out: another file has the same name in this data set ({names[1]})",
        f"1 picture left out: no pair of the tables names them ({names[2]})",
    ]


def test_workspace_below_the_root_is_no_data(tmp_path: Path) -> None:
    make(tmp_path, NESTED.format("1_front"), f"work/models/{NESTED.format('2_side')}")
    found = Published(tmp_path, NAMINGS["deepfashion"], own=(tmp_path / "work",))
    assert found.paths == [NESTED.format("1_front")]
    assert found.notes == ["left out: folders of ptx itself 1 (work)"]
