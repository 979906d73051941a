"""Make docs/dance.gif of the README: a photograph that moves as somebody in a film does, beside the film.

python tools/readme_film.py cam02.mp4     # of Pose2Sim's Demo_SinglePerson (PyPI pose2sim, BSD-3-Clause)
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ptx.cli import app
from ptx.video.reading import ClipReader
from ptx.video.writing import ClipWriter

ROOT = Path(__file__).resolve().parents[1]
FPS = 15
HEIGHT = 300
"""Rows of the GIF, px."""

CROP = (0.08, 0.66)
"""Shares of the film's height between which it is shown."""

MOST_PIXELS = 10**8


def frames(path: Path) -> list[np.ndarray]:
    """Read a film at `FPS`."""
    with ClipReader(path, max_pixels=MOST_PIXELS, fps=FPS) as reader:
        return [frame.image for frame in reader]


def shown(image: np.ndarray) -> np.ndarray:
    """Bring an image to `HEIGHT`."""
    width = round(image.shape[1] * HEIGHT / image.shape[0] / 2) * 2
    return np.asarray(cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    film = parser.parse_args().film
    with tempfile.TemporaryDirectory() as folder:
        painted = Path(folder) / "painted.mp4"
        words = ["animate", str(ROOT / "docs" / "woman.jpg"), str(film), "-o", str(painted), "--fps", str(FPS)]
        app([*words, "--background", "#e8e8e8", "--size", str(2 * HEIGHT)], standalone_mode=False)
        left = frames(film)
        top, bottom = (round(share * left[0].shape[0]) for share in CROP)
        rows = [np.hstack([shown(a[top:bottom]), shown(b)]) for a, b in zip(left, frames(painted), strict=True)]
    with ClipWriter(ROOT / "docs" / "dance.gif", rows[0].shape[:2], FPS, provenance=None) as gif:
        for row in [*rows, *rows[-2:0:-1]]:  # forth and back: it repeats without a jump
            gif.write(row)


if __name__ == "__main__":
    main()
