"""Paint docs/failures.jpg: where the surface engine fails, on people that may be shown.

    python tools/failures_picture.py

The photograph docs/woman.jpg (see NOTICE), and a lifelike synthetic person in a coat.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

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
    person = engine.person(DOCS / "woman.jpg")
    back, side = (view.painting.picture for view in engine.view(person, (180.0, 90.0)))
    panels = [
        captioned(person.person.original, "photograph"),
        captioned(back, "back: made of the front"),
        captioned(side, "from the side"),
    ]
    cv2.imwrite(str(DOCS / "failures.jpg"), np.hstack(panels)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
