"""Pictures of several people: each found, painted on their own, and laid back from far to near; everything else stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ptx.datasets.images import invert_transform, read_image
from ptx.geometry.body import Body, load_body
from ptx.inference.model import MOST_PIXELS, Image, Keypoints, Model, Painting, Person
from ptx.inference.view import fit_person
from ptx.models.pose_maps import silhouette
from ptx.pipeline.errors import PtxError

WIDER = 0.05
"""Of the painted picture's height: how far around the silhouettes a person is laid back, for cloth and hair."""


@dataclass(frozen=True)
class Crowd:
    """A picture with its people painted anew."""

    picture: Image
    """(H, W, 3) uint8, of the photograph's size."""
    paintings: list[Painting]
    """From far to near."""
    problems: list[str]
    """Why people who were found could not be painted; they are as they were."""


def paint_everyone(
    model: Model, image: str | Path | Image, paint: Callable[[Person], Painting], *, body: str = "builtin"
) -> Crowd:
    """Paint every person of a picture and lay them back in the order of their distance.

    Only pixels on a person, where they were and where they are now, change; of a person behind another only what the nearer one
    leaves free.

    Args:
        model: cuts people out and knows the size they are painted at.
        image: a photograph, or its pixels (H, W, 3) uint8 RGB.
        paint: a person to a painting, such as `lambda person: model.paint(person, pose)`.
        body: fitted to tell who is nearer, as for `load_body`.

    Raises:
        PtxError: nobody is in the picture, or nobody could be painted.
    """
    original = image if isinstance(image, np.ndarray) else read_image(Path(image), MOST_PIXELS)
    people = model.people(original)
    fitted, done, problems = load_body(body), [], []
    for person in sorted(people, key=lambda person: nearness(person, fitted)):
        try:
            done.append(paint(person))
        except PtxError as error:
            problems.append(str(error))
    if not done:
        raise PtxError(f"nobody could be painted: {'; '.join(problems)}")
    return Crowd(lay_back(original, done), done, problems)


def nearness(person: Person, body: Body) -> float:
    """Pixels of the photograph that a metre of the person takes; of people too little of whom is seen, from their extent."""
    shrink = float(np.hypot(*person.transform[0, :2]))
    try:
        return float(fit_person(person, body).camera[0]) / shrink
    except PtxError:
        there = person.keypoints[person.keypoints[:, 2] > 0, :2]
        return float(np.ptp(there, axis=0).max()) / shrink / 1.7 if len(there) else 0.0


def lay_back(original: Image, paintings: list[Painting]) -> Image:
    """Paintings, from far to near, put into the photograph (H, W, 3) where their people were."""
    size = original.shape[1::-1]
    places = [invert_transform(painting.person.transform) for painting in paintings]
    covers = [
        [cv2.warpAffine(mask, place, size) for mask in (_cover(p, p.person.keypoints), _cover(p, p.pose))]
        for p, place in zip(paintings, places, strict=True)
    ]
    out = original.astype(np.float32)
    for number, (painting, place) in enumerate(zip(paintings, places, strict=True)):
        weight = np.maximum(*covers[number])
        for nearer in covers[number + 1 :]:  # their own turn comes; until then their pixels are theirs
            weight = np.minimum(weight, 1 - nearer[0])
        moved = cv2.warpAffine(painting.picture, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        out += weight[..., None] * (moved - out)
    return np.asarray(out.round().clip(0, 255), np.uint8)


def _cover(painting: Painting, keypoints: Keypoints) -> NDArray[np.float32]:
    """(h, w) 0 to 1: where a person stands with these keypoints at the model's size, widened, fading, and 0 at the border."""
    height, width = painting.picture.shape[:2]
    shape = silhouette(torch.from_numpy(keypoints)[None], height, width)[0, 0].numpy()
    reach = max(1, round(WIDER * height))
    wider = cv2.dilate(shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    soft = np.minimum(2 * cv2.GaussianBlur(wider, (0, 0), reach / 2), 1)  # whole inside, fading outwards
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
    inside = np.minimum(rows[:, None], columns[None]) / max(1.0, reach)
    return np.asarray(np.minimum(soft, np.minimum(inside, 1)), np.float32)
