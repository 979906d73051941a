"""`ptx run ingest` from JPEG files to compressed stores, pictures a second on one core, beside reading alone.

python benchmarks/ingest.py [--count 2000]

The files are as DeepFashion is flattened by the field (256 × 256; at most 2,000 of 176 × 256), and a few as it is delivered (750 × 1101).
All of DeepFashion's In-shop part are 52,712.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from common import table

from ptx.datasets.people import People, PeopleOptions
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.project import load_project

SIZES = {(256, 256): 52_712, (176, 256): 2000, (750, 1101): 500}
"""Width, height → files at most."""


def main() -> None:
    """Write files, time both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for size, most in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "photos"
            count = min(args.count, most)
            write(root, count, size)
            size_of_one = sum(p.stat().st_size for p in root.rglob("*.jpg")) / count / 1000
            reading = rate(count, partial(read, root))
            ours = rate(count, partial(ingest, Path(folder), root, count))
        rows.append((f"{count:,} of {size[0]} × {size[1]}, {size_of_one:.0f} KB each", f"{ours:.0f}", f"{reading:.0f}"))
    table(("JPEG files", "`ptx run ingest`, pictures/s", "OpenCV's reader alone"), rows)


def write(root: Path, count: int, size: tuple[int, int]) -> None:
    """JPEGs of synthetic people, ten a person, with a photograph's grain: files are about as large as DeepFashion's."""
    people = People(PeopleOptions(8, 2, 0, (256, 256)))
    rng = np.random.default_rng(0)
    pictures = [cv2.resize(people.render(i), size, interpolation=cv2.INTER_CUBIC) for i in range(16)]
    for i in range(count):
        path = root / f"person{i // 10:05d}" / f"{i % 10}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        grain = cv2.resize(rng.normal(0, 3, (size[1] // 2, size[0] // 2, 1)), size)[..., None]
        picture = np.clip(pictures[i % 16] + grain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def rate(count: int, function: Callable[[], None]) -> float:
    """Pictures a second."""
    began = time.perf_counter()
    function()
    return count / (time.perf_counter() - began)


def read(root: Path) -> None:
    """Decode all files."""
    for path in root.rglob("*.jpg"):
        assert cv2.imread(str(path)) is not None


def ingest(folder: Path, root: Path, count: int) -> None:
    """The whole stage in this process: listing, reading, resizing, compressing, committing."""
    own = [f"workspace={folder / 'work'}", f"data.root={root}", "cluster.kind=serial"]
    project = load_project(None, own)
    with open_executor(project.settings.run, project.settings.cluster) as executor:
        done = project.step("ingest").run(Silent(), executor)
    assert done is not None
    assert done.computed == count
    assert not done.quarantined


if __name__ == "__main__":
    main()
