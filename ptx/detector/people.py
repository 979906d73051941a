"""Detection of the people in a picture: the most prominent one, or everyone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from ptx.detector.boxes import MIN_SCORE, PEOPLE_ANCHORS, SAME_OVERLAP, BoxDetector, overlaps
from ptx.detector.network import ASSETS, Image
from ptx.detector.pose import MIN_PRESENCE, POSE_MODEL, Pose, PoseNetwork
from ptx.detector.regions import Region, whole_picture
from ptx.detector.sides import beside, flipped

PEOPLE_MODEL = ASSETS / "pose_detection.tflite"
"""Network of the boxes around people."""

BORDERS = ((1 / 8, 1 / 2), (1 / 2, 1 / 2))
"""Shares of the height and of the width by which a picture is continued all round where nobody was found: the network wants some space
around people. Tried in turn."""

WINDOW_SIZES = (0.7, 0.5)
"""Sides of the windows in which small people are looked for, as shares of the picture's shorter side; they overlap by half."""

MIN_WINDOW_SCORE = 0.45
"""Smallest score of a box in a window."""

MIN_SIZE = 0.15
"""Side of the smallest region around a person, as a share of the picture's shorter side: the network sees them 45 px tall."""

MIN_OTHER_SCORE = 0.15
"""Smallest score of the box of another person beside a sure one."""

MIN_VISIBLE = 8
"""Fewest visible landmarks of a person among several."""

MIN_ON_MASK = 0.7
"""Smallest share of the visible landmarks that lie on the person's own mask."""

MAX_ON_OTHER = 0.9
"""Share of the visible landmarks on another person's mask from which a pose counts as a part of that person, unless it is as sure as a
first one."""

SAME_FACE_OVERLAP = 0.5
"""Intersection over union from which the boxes of two windows are of one person."""

SAME_POSE_DISTANCE = 0.12
"""Median distance of two poses' landmarks over their size, below which they are of one person."""

SURE_SCORE, SURE_PRESENCE = 0.65, 0.98
"""Score from which a box is sure, and presence of its pose from which then the most prominent person is not looked at again."""

EQUAL_DISTANCE = 0.015
"""Distance, as above, between what the network sees in the region of the box and in that around the body, below which it is the same."""

STRICT_DISTANCE, LOOSE_DISTANCE = 0.027, 0.06
"""Largest distance in this and one larger region else; the second where the box is sure. Of 890 photographs of animals and things, nearly
50 have a box and a pose as of somebody; half of these pass."""

FIRST_DISTANCE, FIRST_AGREEING = 0.02, 4
"""Largest distance, and number of five other regions that must show the same pose, of the first person whom windows show: there are many
windows."""

BESIDE_DISTANCE, BESIDE_AGREEING = 0.03, 1
"""The same beside somebody who is found: where there is one person there are others."""

BOXES_BESIDE = 3
"""Number of overlapping boxes, of as many windows, from which a person beside somebody who is found is not looked at again."""

MIN_CERTAINTY = 0.455
"""Smallest mean distance from 0.5 of the values of a person's mask: of what is no person the network is undecided."""

MIN_COMMON = 4
"""Fewest landmarks, visible in two poses, by which these are told apart; with fewer they count as one person."""


SAME_PLACE = 0.1
"""Distance of the middles of two poses' hips, in sides of the region that shows the first, below which they are of one person."""

LARGER = 1.12
"""Scale of a region that shows a person a little smaller than another."""


class PeopleDetector:
    """Finds people and their poses. Safe in one thread only."""

    def __init__(self, pose_model: Path = POSE_MODEL) -> None:
        """Load the networks.

        Args:
            pose_model: file of the network of landmarks and masks.

        Raises:
            PtxError: LiteRT is not installed, or the file is not there.
        """
        self._boxes = BoxDetector(PEOPLE_MODEL, PEOPLE_ANCHORS)
        self._pose = PoseNetwork(pose_model)

    def find(self, image: Image, *, border: bool = True) -> Pose | None:
        """Find the most prominent person of an image (H, W, 3); where nobody is found, once more with a border around it."""
        return next(iter(self.find_prominent(image, most=1, border=border)), None)

    def find_prominent(self, image: Image, most: int = 5, *, border: bool = True) -> list[Pose]:
        """Find the people that an image (H, W, 3) as a whole shows, the surest first; as `find`."""
        poses = list(islice(self._prominent(image), most))
        height, width = image.shape[:2]
        for share_y, share_x in BORDERS if border else ():
            if poses:
                break
            y, x = round(height * share_y), round(width * share_x)
            framed = np.asarray(cv2.copyMakeBorder(image, y, y, x, x, cv2.BORDER_REPLICATE), np.uint8)
            poses = [pose.moved(x, y) for pose in islice(self._prominent(framed), most)]
        return poses

    def _prominent(self, image: Image) -> Iterator[Pose]:
        """Yield the poses of the boxes; as in MediaPipe, nobody if nobody is in the surest: then none of the others is right."""
        poses: list[Pose] = []
        for box in self._boxes(image, None, MIN_SCORE, MIN_OTHER_SCORE):
            if not poses and box.score < MIN_SCORE:
                return
            pose = self._pose(image, box.person)
            if not poses and (pose is None or not self._confirmed(image, pose, box.score)):
                return
            if pose is None or (poses and (not is_person(pose) or any(same_person(pose, other) for other in poses))):
                continue
            poses.append(pose)
            yield pose

    def follow(self, image: Image, region: Region, min_presence: float = MIN_PRESENCE) -> Pose | None:
        """Return the pose in a region of an image; None where nobody is."""
        return self._pose(image, region, min_presence)

    def look_again(self, image: Image, pose: Pose) -> list[Pose]:
        """Look at a person in three regions, and in those of the picture's mirror image; return what is seen besides the pose given."""
        width = image.shape[1]
        regions = (pose.region, pose.body, pose.region.scaled(LARGER))
        mirror = np.ascontiguousarray(image[:, ::-1])
        looks = [self._pose(image, region, 0.0) for region in regions[1:]]
        turned = [self._pose(mirror, beside(region, width), 0.0) for region in regions]
        seen = [look for look in looks if look] + [flipped(look, width) for look in turned if look]
        return [look for look in seen if np.hypot(*(look.frame[0] - pose.frame[0])) < SAME_PLACE * pose.region.size]

    def find_all(self, image: Image) -> list[Pose]:
        """Find everyone in an image (H, W, 3), each once, the surest first.

        The network sees 224 px: it looks at the whole picture and at windows of it.
        """
        smallest = MIN_SIZE * min(image.shape[:2])
        found = [box for window in windows(image) for box in self._boxes(image, window, MIN_WINDOW_SCORE)]
        boxes = sorted((box for box in found if box.person.size >= smallest), key=lambda box: -box.score)
        corners = np.array([box.box for box in boxes], np.float32).reshape(-1, 4)
        explained = np.zeros(len(boxes), np.bool_)
        poses: list[Pose] = []
        for i, box in enumerate(boxes):
            if not poses and box.score < MIN_SCORE:
                break
            pose = None if explained[i] else self._pose(image, box.person)
            if pose is None or not is_person(pose):
                continue
            shared = overlaps(box.box, corners)
            known = any(same_person(pose, other) for other in poses)
            often = (shared > SAME_OVERLAP).sum() >= BOXES_BESIDE
            if known or self._among(image, pose, poses, often=bool(often)):
                explained |= shared > SAME_FACE_OVERLAP
                poses += [] if known else [pose]
        return poses

    def _among(self, image: Image, pose: Pose, others: Sequence[Pose], *, often: bool) -> bool:
        """Return True if a pose is of a person, as sure as need be beside others; `often` tells that several windows show them."""
        if not others or any(share_on_mask(pose, other) > MAX_ON_OTHER for other in others):
            return self._stays(image, pose, other_regions(pose), FIRST_AGREEING, FIRST_DISTANCE)
        return often or self._stays(image, pose, other_regions(pose), BESIDE_AGREEING, BESIDE_DISTANCE)

    def _confirmed(self, image: Image, pose: Pose, score: float) -> bool:
        """Return True if the most prominent person, of a box of some score, is one: other regions show the same pose.

        Of animals and things the network sees another one in each.
        """
        if score >= SURE_SCORE and pose.presence >= SURE_PRESENCE:
            return True
        body, larger, *_ = other_regions(pose)
        largest = LOOSE_DISTANCE if score >= SURE_SCORE else STRICT_DISTANCE
        distance = self._distance(image, pose, body)
        return distance < EQUAL_DISTANCE or (distance < largest and self._distance(image, pose, larger) < largest)

    def _stays(self, image: Image, pose: Pose, regions: Sequence[Region], wanted: int, largest: float) -> bool:
        """Return True if the network sees a pose in `wanted` of other regions too, by no more than a distance elsewhere."""
        for left, region in zip(range(len(regions), 0, -1), regions, strict=True):
            if wanted > left:
                return False
            wanted -= self._distance(image, pose, region) < largest
            if wanted == 0:
                return True
        return False

    def _distance(self, image: Image, pose: Pose, region: Region) -> float:
        """Return how far from a pose that is which the network sees in another region (`pose_distance`); infinite where nobody."""
        again = self._pose(image, region)
        return np.inf if again is None else pose_distance(pose, again)


def other_regions(pose: Pose) -> tuple[Region, Region, Region, Region, Region]:
    """Return five regions around a person other than that which showed them: the network must see the same there."""
    body = pose.body
    return body, pose.region.scaled(LARGER), body.scaled(0.88), body.scaled(1.16), pose.region.scaled(0.9)


def windows(image: Image) -> Iterator[Region]:
    """Yield the whole image (H, W, 3), and squares of it that overlap by half."""
    height, width = image.shape[:2]
    yield whole_picture(image)
    for share in WINDOW_SIZES:
        size = min(height, width) * share
        for y in _centres(height, size):
            for x in _centres(width, size):
                yield Region(x, y, size)


def _centres(length: int, size: float) -> Sequence[float]:
    """Spread centres of windows evenly over a length, so that neighbours overlap by half at least."""
    count = int(np.ceil((length - size) / (size / 2))) + 1
    centres: list[float] = np.linspace(size / 2, length - size / 2, count).tolist()
    return centres


def is_person(pose: Pose) -> bool:
    """Return True if enough landmarks are visible, most of them lie on the person's own mask, and the mask is decided."""
    if int(pose.visible.sum()) < MIN_VISIBLE or float(np.abs(pose.mask - 0.5).mean()) < MIN_CERTAINTY:
        return False
    return share_on_mask(pose, pose) >= MIN_ON_MASK


def share_on_mask(pose: Pose, other: Pose) -> float:
    """Compute the share of a pose's visible landmarks that lie on the mask of another, or of its own, or within two cells of it."""
    side = len(other.mask)
    inverse = cv2.invertAffineTransform(other.region.matrix(side))
    points = pose.landmarks[pose.visible, :2]
    x, y = np.rint(inverse[:, :2] @ points.T + inverse[:, 2:]).astype(int)
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    near = cv2.dilate(other.mask, np.ones((5, 5))) > 0.5
    return float((inside & near[y.clip(0, side - 1), x.clip(0, side - 1)]).sum() / max(len(points), 1))


def same_person(a: Pose, b: Pose) -> bool:
    """Return True if two poses are of one person: the landmarks that both see are close, by the median."""
    return pose_distance(a, b) < SAME_POSE_DISTANCE


def pose_distance(a: Pose, b: Pose) -> float:
    """Compute the median distance of the landmarks that two poses see, over their size; 0 where they share too few to tell."""
    common = a.visible & b.visible
    if common.sum() < MIN_COMMON:
        return 0.0
    ones, others = a.landmarks[common, :2], b.landmarks[common, :2]
    size = max(float(np.ptp(ones, axis=0).max()), float(np.ptp(others, axis=0).max()))
    return float(np.median(np.linalg.norm(ones - others, axis=1))) / size
