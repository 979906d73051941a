"""Pictures of rigged avatars a second on one core, with their truth; and the seconds that a file takes to be decoded.

    python benchmarks/avatars.py FOLDER [--files 4 --images 12]

FOLDER holds rigged people (`docs/avatars.md`). Times are the processor's, of this process: other work beside changes them little.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from common import processor, table

from ptx.datasets.avatar_set import ENDINGS
from ptx.datasets.avatars.avatar import load_avatar
from ptx.datasets.avatars.population import AvatarPictures

SIZE = (256, 256)


def seconds_of(pictures: AvatarPictures, count: int) -> dict[str, float]:
    """Mean seconds of each part of an image's work; a pair is an image and the next."""
    parts = {
        "picture": pictures.render,
        "keypoints": pictures.keypoints,
        "mask": pictures.mask,
        "flow of a pair": lambda image: pictures.flow(image, (image + 1) % count),
    }
    out = {}
    for name, work in parts.items():
        work(0)  # what numba compiles is not counted
        start = time.process_time()
        for image in range(count):
            work(image)
        out[name] = (time.process_time() - start) / count
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--images", type=int, default=12)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    paths = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in ENDINGS)
    load_avatar(paths[0])
    rows = []
    for path in paths[1 : args.files + 1]:
        start = time.process_time()
        faces = len(load_avatar(path).faces)
        decoded = time.process_time() - start
        pictures = AvatarPictures(
            args.folder, [str(path.relative_to(args.folder))] * args.images, args.images, 0, SIZE, 0.25
        )
        parts = seconds_of(pictures, args.images)
        rate = 1 / np.sum(list(parts.values()))
        rows.append(
            (
                path.name,
                f"{faces:,}",
                f"{decoded:.2f}",
                *(f"{value * 1000:.1f}" for value in parts.values()),
                f"{rate:.1f}",
            )
        )
    print(processor())
    table(
        (
            "file",
            "faces",
            "decoded, s",
            "picture, ms",
            "keypoints, ms",
            "mask, ms",
            "flow of a pair, ms",
            "all of it a second",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
