"""Paint the README's first picture: one photograph in three poses, and turned.

    python tools/readme_picture.py

The commands `ptx transfer docs/woman.jpg --pose docs/poses/wave.json --background "#e8e8e8"` (dance, stride) and
`ptx view docs/woman.jpg --yaw -40:41:80 -o sheet.png` paint the same.

The photograph is cut out of one by Meghan Lamle (Unsplash licence). The poses are keypoints, as OpenPose writes them, of three of
MakeHuman's poses (CC0) on the built-in body.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ptx.inference.surface import SurfaceEngine

DOCS = Path(__file__).resolve().parents[1] / "docs"
POSES = ("wave", "dance", "stride")
YAWS = (-40.0, 40.0)
HEIGHT = 420


def main() -> None:
    """Write docs/woman_poses.jpg."""
    engine = SurfaceEngine()
    person = engine.person(DOCS / "woman.jpg")
    pictures = [person.person.original]
    pictures += [engine.transfer(person, DOCS / "poses" / f"{pose}.json").picture for pose in POSES]
    pictures += [view.painting.picture for view in engine.view(person, YAWS)]
    row = []
    for picture in pictures:
        width = round(picture.shape[1] * HEIGHT / picture.shape[0])
        row.append(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA))
    joined = np.concatenate(row, axis=1)[..., ::-1]
    cv2.imwrite(str(DOCS / "woman_poses.jpg"), joined, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
