"""Cases of the data stages: synthetic people with one setting varied at a time, and photographs with every source of keypoints."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import adapter as ptx
import numpy as np
from content import Found, prefixed
from PIL import Image
from places import PEOPLE, Places, age, stored

Settings = dict[str, Any]
Make = Callable[[Places, Path], Settings]
"""Makes the files of a data set in a folder; returns the settings that name them."""

FEW = {**PEOPLE, "data.persons": 3, "size": [64, 32]}
VARIED: list[Settings] = [
    {}, {"data.half_body": 1.0}, {"data.loose": 1.0}, {"data.views": 2, "data.images_per_person": 4}, {"seed": 1},
    {"data.test_fraction": 0.5}, {"extract_keypoints.use_3d": False}, {"fit_smpl.use_3d": False}, {"fit_smpl.iterations": 3},
    {"fit_smpl.max_energy": 0.5, "run.max_bad_fraction": 1}, {"fit_smpl.max_energy": 0.5}, {"body": "builtin"},
    {"visibility.rule": "faces"}, {"run.block": 4}, {"cluster.kind": "threads", "run.workers": 2}, {"ingest.crop": "person"},
    {"extract_keypoints.backend": "csv"},
]  # fmt: skip
"""Of synthetic people; the last two are refused."""

FOLDER = {"cluster.kind": "serial", "body": "small", "size": [64, 48], "run.max_bad_fraction": 1}
FILES = {"openpose-json": "openpose", "mmpose-json": "mmpose", "coco-json": "coco.json", "csv": "keypoints.csv"}
"""Backend of keypoints → its file or folder beside the photographs."""


def main(places: Places) -> Found:
    """Digest the workspace in which nearly everything is tried."""
    config = places.main()
    return {**places.people("people", {})[1], **places.stores(config.parent / "work")}


def people(own: Settings) -> Callable[[Places], Found]:
    """Run all stages on a few people."""

    def run(places: Places) -> Found:
        folder = places.folder("data/" + named(own))
        config = ptx.write_config(folder / "pipeline.yaml", {**FEW, **own, "workspace": folder / "work"})
        return {**places.said("run", "all", "-c", config), **places.stores(folder / "work")}

    return run


def photographs(name: str, make: Make) -> Callable[[Places], Found]:
    """Run all stages on photographs."""

    def run(places: Places) -> Found:
        return {**photographed(places, name, make)[1], **places.stores(places.root / "photos" / name / "work")}

    return run


def photographed(places: Places, name: str, make: Make) -> tuple[Path, Found]:
    """Make a workspace of photographs once: its settings file, and what the run and the checks said."""

    def made(folder: Path) -> tuple[Path, Found]:
        settings = {**FOLDER, "workspace": folder / "work", **make(places, folder)}
        config = ptx.write_config(folder / "pipeline.yaml", settings)
        found = prefixed("check", places.said("run", "ingest", "--check", "-c", config))
        found |= prefixed("all", places.said("run", "all", "-c", config))
        return config, found | prefixed("status", places.said("status", "--json", "-c", config))

    return places.once(f"photos/{name}", made)


def files(backend: str, **more: Any) -> Make:
    """Take keypoints from files; `more` settings, with __ for dots."""

    def make(places: Places, folder: Path) -> Settings:
        root = places.photographs()
        own: Settings = {"data.kind": "folder", "data.root": root / "photos", "extract_keypoints.backend": backend}
        if backend in FILES:
            own["extract_keypoints.path"] = root / FILES[backend]
        found = {name.replace("__", "."): value for name, value in more.items()}
        if "data.pairs" in found:
            (folder / "pairs.csv").write_text(found["data.pairs"])
            found["data.pairs"] = folder / "pairs.csv"
        if "parse.path" in found:
            found["parse.path"] = onnx(folder / "colours.onnx") if found["parse.path"] == "onnx" else root / "maps"
        return own | found

    return make


def broken(places: Places, folder: Path) -> Settings:
    """Copy the photographs and add what is none, what is twice, and what has no keypoints."""
    source = places.photographs()
    shutil.copytree(source / "photos", folder / "photos")
    one = folder / "photos" / "p00000"
    (one / "90.jpg").touch()
    (one / "91.jpg").write_text("not a picture")
    shutil.copy(one / "00.png", folder / "photos" / "p00003" / "92.png")
    Image.new("RGB", (30, 30)).save(one / "93.png")
    Image.new("RGB", (400, 300)).save(one / "94.png")
    age(folder / "photos")
    return {
        "data.kind": "folder", "data.root": folder / "photos", "ingest.max_pixels": 100_000, "extract_keypoints.backend": "openpose-json",
        "extract_keypoints.path": source / "openpose",
    }  # fmt: skip


def published(kind: str) -> Make:
    """Name the photographs as a published data set does, with tables of pairs and keypoints."""
    name = {
        "deepfashion": "WOMEN/Dresses/id_0000000{}/0{}_1_front.jpg",
        "market1501": "bounding_box_train/000{}_c{}s1_000451_03.jpg",
    }[kind]

    def make(places: Places, folder: Path) -> Settings:
        names = {}
        for path in sorted((places.photographs() / "photos").rglob("*.png")):
            names[f"{path.parent.name}/{path.name}"] = own = name.format(
                int(path.parent.name[1:]) + 1, int(path.stem) + 1
            )
            (folder / "photos" / own).parent.mkdir(parents=True, exist_ok=True)
            Image.open(path).save(folder / "photos" / own)
        table = (places.photographs() / "keypoints.csv").read_text()
        for old, new in names.items():
            table = table.replace(old, new)
        (folder / "keypoints.csv").write_text(table)
        known = list(names.values())
        for split, chosen in (("train", known[:9]), ("test", known[9:])):
            rows = [
                f"{a},{b}" for a in chosen for b in chosen if a != b and a.rsplit("/", 2)[-2] == b.rsplit("/", 2)[-2]
            ]
            rows = (
                rows
                if kind == "deepfashion"
                else [f"{chosen[i]},{chosen[i + 1]}" for i in range(0, len(chosen) - 1, 3)]
            )
            (folder / f"{split}.csv").write_text("\n".join(["from,to", *rows]) + "\n")
        age(folder)
        tables = {f"data.{split}_pairs": folder / f"{split}.csv" for split in ("train", "test")}
        keypoints = {"extract_keypoints.backend": "csv", "extract_keypoints.path": folder / "keypoints.csv"}
        return {"data.kind": kind, "data.root": folder / "photos", **tables, **keypoints}

    return make


def mvc(places: Places, folder: Path) -> Settings:
    """Name the photographs as those of a shop's list, each person a product."""
    source, rows = places.photographs(), []
    (folder / "photos").mkdir()
    for path in sorted((source / "photos").rglob("*.png")):
        name = f"{path.parent.name}-{path.stem}-4x.png"
        shutil.copy(path, folder / "photos" / name)
        product = int(path.parent.name[1:])
        rows.append({"productId": product, "styleId": 10 + product, "image_url_4x": f"http://shop/{name}"})
    (folder / "photos" / "mvc_info.json").write_text(json.dumps(rows))
    table = (source / "keypoints.csv").read_text().replace(".png", "-4x.png").replace("/", "-")
    (folder / "keypoints.csv").write_text(table)
    age(folder)
    keypoints = {"extract_keypoints.backend": "csv", "extract_keypoints.path": folder / "keypoints.csv"}
    return {"data.kind": "mvc", "data.root": folder / "photos", **keypoints}


def pack(places: Places, folder: Path) -> Settings:
    """Write what the people of the main workspace are as a data pack with flow, visibility and body parts."""
    config, root = places.main(), folder / "pack"
    ids = [bytes(row).rstrip(b"\0").decode() for row in stored(config, "ingest", "id")]
    keys = [f"fashionWOMENDressesid{name[1:6]:0>8s}01_{int(name[7:]) + 1}front" for name in ids]
    images, parts = stored(config, "ingest", "image"), stored(config, "rasterize", "part")
    points = np.nan_to_num(stored(config, "extract-keypoints", "keypoints")[..., :2], nan=-1).round().astype(int)
    places.do("export", "flow", "-o", folder / "corr", "-c", config)
    for path in ("Img/img", "Img/seg", "Label", "3d/hmr/corr"):
        (root / path).mkdir(parents=True)
    for key, image, part in zip(keys, images, parts, strict=True):
        Image.fromarray(image).save(root / "Img/img" / f"{key}.jpg")
        Image.fromarray(part).save(root / "Img/seg" / f"{key}.bmp")
    exported = [
        (a, b)
        for a in range(len(ids))
        for b in range(len(ids))
        if (folder / "corr" / f"{ids[a]}_{ids[b]}.corr").exists()
    ]
    pairs = [[keys[b], keys[a]] for a, b in exported]
    for a, b in exported:
        (folder / "corr" / f"{ids[a]}_{ids[b]}.corr").rename(root / "3d/hmr/corr" / f"{keys[a]}_{keys[b]}.corr")
    table = {"train": pairs[:-4], "test": pairs[-4:], "test_small": pairs[-2:]}
    (root / "Label" / "pair_split.json").write_text(json.dumps(table))
    poses = {key: own.tolist() for key, own in zip(keys, points, strict=True)}
    (root / "Label" / "pose_label.pkl").write_bytes(pickle.dumps(poses, protocol=2))
    age(folder)
    return {"data.kind": "intrinsic-flow-release", "data.root": root, "size": [64, 32]}


def onnx(path: Path) -> Path:
    """Write a network whose labels follow from colours: scores of a 1×1 convolution, drawn from a seed."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.random.default_rng(0).normal(size=(20, 3, 1, 1)).astype(np.float32)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n, None, None]) for name, n in (("x", 3), ("y", 20))
    ]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        "colours",
        ends[:1],
        ends[1:],
        [numpy_helper.from_array(weights, "w")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


PAIRS = "source,target\np00000/00.png,p00000/02.png\np00001/01.png,p00001/00.png\np00003/00.png,p00003/01.png\n"
PHOTOGRAPHS: dict[str, Make] = {
    **{backend: files(backend) for backend in FILES},
    **{f"{backend},crop=person": files(backend, ingest__crop="person") for backend in FILES},
    "mediapipe": files("auto"),
    "mediapipe,crop=person": files("auto", ingest__crop="person"),
    "mediapipe,several=quarantine": files("mediapipe", extract_keypoints__several="quarantine"),
    "openpose-json,several=quarantine": files("openpose-json", extract_keypoints__several="quarantine"),
    "pairs": files("csv", data__pairs=PAIRS, data__test_fraction=0.5),
    "max-pairs": files("csv", data__max_pairs_per_person=1),
    "parse=maps": files("csv", parse__path="maps", parse__labels="ptx"),
    "parse=maps,atr": files("csv", parse__path="maps", parse__labels="atr"),
    "parse=network": files("csv", parse__path="onnx"),
    "truth": files("truth"),
    "broken": broken,
    "deepfashion": published("deepfashion"),
    "market1501": published("market1501"),
    "mvc": mvc,
    "pack": pack,
}


def named(settings: Settings) -> str:
    """Name a case by what it varies."""
    return ",".join(f"{name}={value}" for name, value in settings.items()).replace(" ", "") or "base"


def cases() -> Iterator[tuple[str, Callable[[Places], Found]]]:
    """List all of them."""
    yield "data/main", main
    for own in VARIED:
        yield f"data/people/{named(own)}", people(own)
    for name, make in PHOTOGRAPHS.items():
        yield f"data/photos/{name}", photographs(name, make)
