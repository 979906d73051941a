"""Multi-View Clothing's lists, with pictures under each of the names that they are fetched to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image as Pillow

from ptx.datasets.mvc import Mvc
from ptx.pipeline.errors import PtxError
from tests.projects import make_project, problems, run

ITEMS = [(7500001, 11, "p1234"), (7500001, 12, "p12"), (8100002, 13, "p123")]
"""Product, style, views."""


def rows() -> list[tuple[dict[str, object], dict[str, object]]]:
    """Rows of mvc_info and of attribute_labels; text in quotes within quotes, as the lists have it."""
    out = []
    for number, (product, style, views) in enumerate(ITEMS):
        for view in views:
            link = f"http://www.zappos.com/images/z/{style}{number}-{view}-4x.jpg"
            info = {
                "productId": product,
                "styleId": style,
                "image_url_4x": link,
                "category": '"Shirts & Tops"',
                "viewId": 0,
            }
            labels = {"filename": f"{number:05d}_{view}", "itemN": number, "Long Sleeves": 1, "Red": 0}
            out.append((info, labels))
    return out


def data(root: Path, name: str) -> Path:
    """The lists and the pictures; that of the first item's last view was not fetched."""
    root.mkdir()
    infos, labels = zip(*rows(), strict=True)
    (root / "mvc_info.json").write_text(json.dumps(infos))
    (root / "attribute_labels.json").write_text(json.dumps(labels))
    (root / "image_data").mkdir()
    for number, (info, label) in enumerate(rows()):
        names = {
            "link": str(info["image_url_4x"]).rsplit("/", 1)[1],
            "own": f"{label['filename']}.jpg",
            "number": f"images.{number}.jpg",
        }
        if number != 4:
            Pillow.new("RGB", (32, 48), "grey").save(root / "image_data" / names[name])
    return root


@pytest.mark.parametrize("name", ["link", "own", "number"])
def test_items_under_any_name(tmp_path: Path, name: str) -> None:
    found = Mvc(data(tmp_path / "mvc", name), 0.5)
    assert len(found.ids) == 11
    assert sorted(found.persons.tolist()) == [0] * 7 + [1] * 4
    # 4 views, 3 views and 4 views: both directions of all pairs of an item
    assert len(found.pairs()) == 4 * 3 + 3 * 2 + 4 * 3
    assert all(found.persons[a] == found.persons[b] for a, b in found.pairs())
    by_product = {
        int(p): {int(s) for s, q in zip(found.splits, found.persons, strict=True) if p == q} for p in found.persons
    }
    assert sorted(map(tuple, by_product.values())) == [(0,), (1,)]
    if name == "link":
        items = [path.rsplit("/", 1)[1][:2] for path in found.paths]
        assert all(items[a] == items[b] for a, b in found.pairs())


def test_the_pipeline_reads_it(tmp_path: Path) -> None:
    root = data(tmp_path / "mvc", "link")
    chosen = make_project(tmp_path / "w", "size=[64, 64]", "data.kind=mvc", f"data.root={root}")
    run(chosen, "ingest")
    assert chosen.step("ingest").status().condition == "done"
    assert not problems(chosen, "ingest")


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"mvc_info.json is not there; it comes with the data set"):
        _ = Mvc(tmp_path).ids
    root = data(tmp_path / "mvc", "link")
    for path in (root / "image_data").iterdir():
        path.rename(path.with_name(f"other_{path.name}"))
    with pytest.raises(PtxError, match=r"none of the 12 pictures .* names such as 110-p-4x.jpg"):
        _ = Mvc(root).ids
    (root / "mvc_info.json").write_text('[{"productId": 3}]')
    with pytest.raises(PtxError, match="no list of MVC: it is no list of rows with image_url_4x, productId, styleId"):
        _ = Mvc(root).ids
    (root / "mvc_info.json").write_text('{"a": ')
    with pytest.raises(PtxError, match="no list of MVC"):
        _ = Mvc(root).ids


def test_what_takes_no_part_is_told(tmp_path: Path) -> None:
    root = data(tmp_path / "mvc", "number")
    Pillow.new("RGB", (8, 8)).save(root / "cover.jpg")
    assert Mvc(root).notes == [
        "2 files left out: .json 2",
        "1 picture left out: mvc_info.json does not name them, or names another file so (cover.jpg)",
    ]
