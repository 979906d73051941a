"""What is behind a person who moves: nothing, a colour, their photograph without them, or the driving clip without its person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image
from ptx.detector.silhouettes import Silhouettes
from ptx.inference.backgrounds import without_person
from ptx.inference.clip_detection import Floats
from ptx.inference.painting import Scene
from ptx.pictures.background import remove_person
from ptx.pictures.compose import Colour
from ptx.pictures.png import encode_png
from ptx.pipeline.errors import BadSample
from ptx.pipeline.storage.files import write_atomic
from ptx.video.span import Span

Grounds = Callable[[int, int], Iterator[Image | None]]
"""First frame, frame after the last → what is behind the person in each of these; None: nothing."""

PLATE_FRAMES = 24
"""Frames of a shot from which the picture without its person is put together."""

SAFE = 0.03
"""Width around a person's mask, as a share of the frame's longer side, in which a frame may show some of them."""

STILL = 10.0
"""Median difference, 0 to 255, of frames from that picture up to which the camera stands still."""


def nothing() -> Grounds:
    """Return the ground of frames with alpha."""
    return lambda first, last: repeat(None, last - first)


def plain(colour: Colour, size: tuple[int, int]) -> Grounds:
    """Return a ground (height, width) of one colour."""
    ground = np.empty((*size, 3), np.uint8)
    ground[:] = colour
    return lambda first, last: repeat(ground, last - first)


def photograph(scene: Scene, size: tuple[int, int]) -> Grounds:
    """Return a photograph without its person, brought to a size (height, width), as the ground; raises PtxError."""
    ground = np.asarray(cv2.resize(without_person(scene), size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return lambda first, last: repeat(ground, last - first)


@dataclass(frozen=True)
class ClipGround:
    """The frames of a clip without the person who drives."""

    clip: Span
    """The clip, at the rate and the size of what is painted."""
    keypoints: Floats
    """(T, 18, 3) px of these frames, confidence; a missing one is NaN and 0."""
    shots: Sequence[int]
    """First frame of each shot, and the number of frames."""
    plates: Sequence[Path]
    """Picture of each shot without the person, where its camera stands still: `plate`."""
    silhouettes: Silhouettes
    """Finds masks."""

    def __call__(self, first: int, last: int) -> Iterator[Image]:
        """Yield frames without the person."""
        opened, path = np.zeros((0, 0, 3), np.uint8), None
        for number, frame in zip(range(first, last), self.clip.frames(first, last), strict=False):
            shot = int(np.searchsorted(self.shots, number, side="right")) - 1
            if path != self.plates[shot]:
                path = self.plates[shot]
                opened = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)
            mask = self.mask(number, frame)
            if mask is None:
                yield frame
            elif opened.shape == frame.shape:
                soft = cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), SAFE / 4 * max(mask.shape))[..., None]
                yield np.asarray(np.rint(soft * opened + (1 - soft) * frame), np.uint8)
            else:
                yield remove_person(frame, np.asarray(mask, np.float32))

    def mask(self, number: int, frame: Image) -> NDArray[np.bool_] | None:
        """Return where a frame may show the person (H, W), a margin around them included; None where they are not there."""
        points = self.keypoints[number]
        if not (points[:, 2] > 0).any():
            return None
        try:
            mask = self.silhouettes(frame, points) > 0.2
        except BadSample:
            return None
        side = 2 * round(SAFE / 2 * max(frame.shape[:2])) + 1
        return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0, np.bool_)

    def save_plate(self, shot: int, path: Path) -> None:
        """Write the picture of a shot without its person: the median of its frames where they do not show them.

        Pixels that the person covers in all of them are filled as of a photograph. Where the camera moves it is a picture of one pixel.
        """
        first, last = self.shots[shot], self.shots[shot + 1]
        wanted = set(np.unique(np.linspace(first, last - 1, PLATE_FRAMES).round().astype(int)).tolist())
        frames, masks = [], []
        for number, frame in zip(range(first, last), self.clip.frames(first, last), strict=False):
            if number in wanted:
                mask = self.mask(number, frame)
                frames.append(frame)
                masks.append(np.zeros(frame.shape[:2], np.bool_) if mask is None else mask)
        picture, apart = median_plate(np.stack(frames), np.stack(masks))
        write_atomic(path, encode_png(picture if apart <= STILL else picture[:1, :1]))


def median_plate(frames: Image, masks: NDArray[np.bool_]) -> tuple[Image, float]:
    """Put the ground together from frames with somebody before it.

    Args:
        frames: (N, H, W, 3).
        masks: (N, H, W) where each shows the person.

    Returns:
        (H, W, 3), and the median difference of the frames from it, 0 to 255.
    """
    hidden = masks.all(0)
    out = np.empty(frames.shape[1:], np.uint8)
    for row in range(len(out)):
        values = np.ma.array(frames[:, row], mask=np.repeat(masks[:, row, :, None], 3, axis=2))
        out[row] = np.ma.median(values, axis=0).filled(0).round()
    shown = ~masks[..., None] & np.ones(3, np.bool_)
    apart = float(np.median(np.abs(frames.astype(np.int16) - out)[shown])) if shown.any() else np.inf
    return (remove_person(out, np.asarray(hidden, np.float32)) if hidden.any() else out), apart
