"""Pictures of lifelike people with true labels, drawn once into arrays on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from shutil import copyfile

import cv2
import numpy as np
from numpy.typing import NDArray
from small_training.arrays import open_array

from ptx.datasets.people import open_people
from ptx.datasets.people.options import PeopleOptions
from ptx.datasets.people.packs import INDEX, pack_folder

SIZE = (320, 240)
"""Height, width of the pictures in px: finer than what the network sees, of which each shows a part."""

IMAGES_PER_PERSON = 3
HALF_BODY = 0.35
LOOSE = 0.45
"""Share of people in skirts and dresses, and of women at least .38: what is to be told from trousers."""

HELD_PIECES = ("female_casualsuit01", "male_casualsuit06", "shoes05", "short04", "bob02")
"""Outfits, shoes and hair that no picture of training shows."""

HELD_EACH = 5
"""Of so many cloths, walls, lights and poses one is held out."""

CHUNK = 30
"""Pictures that are drawn between two looks at what is done, whole people."""


@dataclass(frozen=True)
class Pictures:
    """Arrays of `count` pictures, those that are not drawn yet zero."""

    image: NDArray[np.uint8]
    """(N, H, W, 3)"""
    labels: NDArray[np.uint8]
    """(N, H, W)"""
    keypoints: NDArray[np.float32]
    """(N, 18, 3)"""
    drawn: NDArray[np.uint8]
    """(N,) 1 where a picture is drawn."""

    def first(self, count: int) -> Pictures:
        """Return the first of the pictures."""
        return Pictures(self.image[:count], self.labels[:count], self.keypoints[:count], self.drawn[:count])

    @classmethod
    def open(cls, folder: Path, count: int) -> Pictures:
        """Open the arrays of a folder, made where they are missing."""

        def array(name: str, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[np.generic]:
            return open_array(folder / f"{name}.npy", (count, *shape), kind)

        return cls(
            array("image", (*SIZE, 3), np.uint8),
            array("labels", SIZE, np.uint8),
            array("keypoints", (18, 3), np.float32),
            array("drawn", (), np.uint8),
        )


def split_pack(pack: str, folder: Path, held: bool) -> Path:
    """Write the part of a pack that is trained on, or the part that is held out, as a pack.

    Long coats, dresses' skirts, brows and lashes are of one make each and in both.
    """
    source = pack_folder(pack)
    folder.mkdir(parents=True, exist_ok=True)
    index = json.loads((source / INDEX).read_text(encoding="utf-8"))
    kinds = {entry["kind"] for entry in index["pieces"] if _is_held(entry["name"])}
    coats = ("male_casualsuit05", "male_elegantsuit01", "female_elegantsuit01")

    def kept(entry: dict[str, str]) -> bool:
        if not held:
            return not _is_held(entry["name"])
        return _is_held(entry["name"]) or entry["kind"] not in kinds or entry["name"].startswith((*coats, "long01"))

    index["pieces"] = [entry for entry in index["pieces"] if kept(entry)]
    for name in ("prints", "walls", "lights", "poses"):
        index[name] = [one for i, one in enumerate(index[name]) if (i % HELD_EACH == 0) == held]
    with np.load(source / "pack.npz") as file:
        arrays = {name: file[name] for name in file.files}
    for name in ("lights", "poses"):
        arrays[name] = arrays[name][(np.arange(len(arrays[name])) % HELD_EACH == 0) == held]
    np.savez(folder / "pack.npz", **arrays)
    for path in source.iterdir():
        if path.suffix in (".jpg", ".png", ".webp"):
            copyfile(path, folder / path.name)
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    return folder


def load_cloths(pack: Path) -> NDArray[np.uint8]:
    """Read a pack's photographed cloths, small: (K, 160, 160, 3)."""
    names = json.loads((pack / INDEX).read_text(encoding="utf-8"))["prints"]
    read = [cv2.imread(str(pack / name), cv2.IMREAD_COLOR_RGB) for name in names]
    return np.stack([cv2.resize(one, (160, 160), interpolation=cv2.INTER_AREA) for one in read if one is not None])


def _is_held(name: str) -> bool:
    return name.split(".")[0] in HELD_PIECES


def draw(folder: Path, pack: Path, count: int, seed: int, workers: int) -> None:
    """Draw what is missing of `count` pictures; the same whatever the number of workers."""
    drawn = np.array(Pictures.open(folder, count).drawn)
    starts = [start for start in range(0, count, CHUNK) if not drawn[start : start + CHUNK].all()]
    with get_context("spawn").Pool(workers) as pool:
        jobs = [(folder, pack, count, seed, start) for start in starts]
        for done, _ in enumerate(pool.imap_unordered(_draw_chunk, jobs), 1):
            print(f"{folder.name}: {done * CHUNK} of {len(starts) * CHUNK} pictures", flush=True)


def _draw_chunk(job: tuple[Path, Path, int, int, int]) -> None:
    folder, pack, count, seed, start = job
    out = Pictures.open(folder, count)
    persons = -(-count // IMAGES_PER_PERSON)
    people = open_people(
        PeopleOptions(persons, IMAGES_PER_PERSON, seed, SIZE, HALF_BODY, loose=LOOSE, looks="lifelike", pack=str(pack))
    )
    for i in range(start, min(start + CHUNK, count)):
        out.image[i], out.labels[i] = people.render(i), people.garment_labels(i)
        out.keypoints[i] = people.truth(i).keypoints
        out.drawn[i] = 1
