"""Several photographs of one person against one: the other frames of a turn painted from the front alone, and from front and back.

    python benchmarks/turn.py FRAMES OUTPUT [--front 0 --back 4]

FRAMES is a folder of photographs of one person who turns on the spot, in order. The person is painted in the pose of every other frame,
over that frame without its person, and cut out as the frame's person is, so that people are compared and not backgrounds. OUTPUT gets the
pictures and `list.csv`, with the columns target, front and both: paths of pictures of one size, for any scorer. SSIM (Gaussian window) and
L1 are printed.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from common import processor, table
from PIL import Image as Pillow
from skimage.metrics import structural_similarity

import ptx
from ptx.inference.backgrounds import Backdrop

SUFFIXES = (".jpg", ".jpeg", ".png")
SCORED_SIDE = 256
"""Longer side of the pictures that are compared, px: as the field compares."""


def cropped(picture: np.ndarray, transform: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a photograph about the person, as the engine cuts it out."""
    return np.asarray(cv2.warpAffine(picture, transform, size[::-1], borderMode=cv2.BORDER_REPLICATE))


def shrunk(picture: np.ndarray) -> np.ndarray:
    """A picture at the size in which it is compared."""
    scale = min(1.0, SCORED_SIDE / max(picture.shape[:2]))
    size = [round(side * scale) for side in picture.shape[1::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def scores(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """SSIM and L1."""
    similar = structural_similarity(
        found, true, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return float(similar), float(np.abs(found.astype(float) - true).mean() / 255)


def main() -> None:
    """Paint the frames and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--front", type=int, default=0)
    parser.add_argument("--back", type=int, default=4)
    given = parser.parse_args()
    frames = sorted(path for path in given.frames.iterdir() if path.suffix.lower() in SUFFIXES)
    front, back = frames[given.front], frames[given.back]
    engine = ptx.SurfaceEngine()
    people = {"front": engine.person(front), "both": engine.person([front, back])}
    given.output.mkdir(parents=True, exist_ok=True)
    rows: list[list[str]] = []
    paths: list[dict[str, str]] = []
    for frame in frames:
        if frame in (front, back):
            continue
        pose = engine.pose(frame)
        assert pose.scene is not None
        transform = pose.scene.person.transform
        true = shrunk(cropped(pose.scene.person.original, transform, engine.size))
        pictures = {"target": true}
        for name, person in people.items():
            painted = Backdrop("pose").draw(engine.transfer(person, pose))
            pictures[name] = shrunk(cropped(painted, transform, engine.size))
        files = {name: given.output / f"{frame.stem}_{name}.png" for name in pictures}
        for name, path in files.items():
            Pillow.fromarray(pictures[name]).save(path)
        paths.append({name: str(path) for name, path in files.items()})
        found = [scores(pictures[name], true) for name in people]
        rows.append([frame.name, *(f"{similar:.4f}, {error:.4f}" for similar, error in found)])
    with (given.output / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, paths[0])
        writer.writeheader()
        writer.writerows(paths)
    print(f"{processor()}\n")
    table(["frame", "from the front: SSIM, L1", "from front and back"], rows)


if __name__ == "__main__":
    main()
