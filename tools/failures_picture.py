"""Paint docs/failures.jpg: where the surface engine fails, on people that may be shown.

    python tools/failures_picture.py

The photograph docs/woman.jpg (see NOTICE), and two lifelike synthetic people.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from ptx.datasets.people import PeopleOptions, open_people
from ptx.inference.surface import SurfaceEngine

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEIGHT = 360


def captioned(picture: np.ndarray, words: str) -> np.ndarray:
    """A picture of one height with a line of words below."""
    width = round(picture.shape[1] * HEIGHT / picture.shape[0])
    shown = cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    line = np.full((26, width, 3), 255, np.uint8)
    cv2.putText(line, words, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 40), 1, cv2.LINE_AA)
    return np.vstack((shown, line))


def main() -> None:
    """Write docs/failures.jpg."""
    engine = SurfaceEngine()
    woman = engine.person(DOCS / "woman.jpg")
    back, side = (view.painting.picture for view in engine.view(woman, (180.0, 90.0)))
    panels = [
        captioned(woman.person.original, "photograph"),
        captioned(back, "back made of the front"),
        captioned(side, "shoes, hat not known"),
    ]
    people = open_people(PeopleOptions(12, 4, seed=5, size=(384, 288), looks="lifelike", loose=0.6, half_body=0))
    for index, pose, words in ((0, "dance", "somebody else's face"), (23, "stride", "dress stretched, not draped")):
        picture = people.render(index)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "person.png"
            cv2.imwrite(str(path), picture[..., ::-1])
            painted = engine.transfer(engine.person(path), DOCS / "poses" / f"{pose}.json").picture
        panels += [captioned(picture, "photograph"), captioned(painted, words)]
    cv2.imwrite(str(DOCS / "failures.jpg"), np.hstack(panels)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
