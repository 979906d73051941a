"""The data packs that the authors of Dense Intrinsic Appearance Flow (Li et al., CVPR 2019) released, as they unpack.

ROOT/Label/pair_split.json            train, test, test_small: [source, target] pairs of ids
ROOT/Label/pose_label.pkl             id → 18 [x, y], -1 = missing; a pickle of Python 2, read without running it
ROOT/Img/img/ID.jpg                   pictures; ROOT/Images/img in the pack of Market-1501
ROOT/Img/seg/ID.bmp                   body parts 0..6, our labels; or silhouette6/, or silhouette24/: 0, or 1 + SMPL's joint
ROOT/3d/hmr/corr/TARGET_SOURCE.corr   flow and visibility (`flow_files`)
ROOT/3d/hmr/pred/ID.pkl               HMR's bodies (`fit_files`)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.folder import joined, numbered, splits_of
from ptx.datasets.images import read_labels
from ptx.datasets.keypoint_files import Keypoints, NoKeypoints, words
from ptx.geometry.joints import JOINT_PART, PARTS
from ptx.geometry.keypoints import missing_as_nan
from ptx.geometry.smpl_pickle import load_pickle, numbers
from ptx.pipeline.errors import PtxError

SAME = np.arange(len(PARTS), dtype=np.uint8)

PART_FOLDERS = {"seg": SAME, "silhouette6": SAME, "silhouette24": np.array([0, *JOINT_PART], np.uint8)}
"""Folders beside the pictures that tell body parts, what training reads first → our label of each of theirs."""


@dataclass(frozen=True)
class IntrinsicFlow:
    """What a pack holds. Reads its labels, never a picture or a flow unless asked for one."""

    root: Path
    table: str = "pair_split.json"
    """Table of pairs in its folder Label."""
    test: str = "test"
    """List of the table whose pairs are for testing."""
    joints: str = "pose_label.pkl"
    """Keypoints in its folder Label."""

    @cached_property
    def _rows(self) -> dict[tuple[str, str], int]:
        """(source, target) → split, as in the table."""
        path = self.root / "Label" / self.table
        try:
            lists = json.loads(path.read_bytes())
            rows = {(str(a), str(b)): split for split, name in enumerate(("train", self.test)) for a, b in lists[name]}
        except FileNotFoundError:
            raise PtxError(f"data.root: {path} is not there; name the folder that the pack unpacked to") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise PtxError(f"{path}: this is no table of pairs: {words(error)}") from None
        if not rows:
            raise PtxError(f"{path}: holds no pairs")
        for name in {name for pair in rows for name in pair}:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise PtxError(f"{path}: {name} is no id of a picture: it leads out of the pack")
        return rows

    @cached_property
    def pictures(self) -> str:
        """Folder of img/ and of the part maps, below the root.

        Raises:
            PtxError: there is none.
        """
        for name in ("Img", "Images"):
            if (self.root / name / "img").is_dir():
                return name
        raise PtxError(f"data.root: {self.root} has no pictures in Img/img or Images/img")

    @cached_property
    def ids(self) -> list[str]:
        """All images of the table, sorted."""
        return sorted({name for pair in self._rows for name in pair})

    @cached_property
    def paths(self) -> list[str]:
        """Path of each below the root."""
        return [f"{self.pictures}/img/{name}.jpg" for name in self.ids]

    @cached_property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each image's person: those whom pairs join."""
        return numbered(joined(self.ids, self._rows))

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 1 for test images.

        Raises:
            PtxError: an image is in training and in test pairs.
        """
        sides = splits_of(self._rows)
        return np.array([sides[name] for name in self.ids], np.uint8)

    def pairs(self) -> NDArray[np.int32]:
        """(P, 2) directed pairs target, source, in the table's order."""
        number = {name: i for i, name in enumerate(self.ids)}
        return np.array([(number[target], number[source]) for source, target in self._rows], np.int32)

    @property
    def digest(self) -> str:
        """Changes with the images and the pairs."""
        return hashlib.sha256(repr((self.paths, list(self._rows.items()))).encode()).hexdigest()

    @cached_property
    def _poses(self) -> dict[Any, Any]:
        path = self.root / "Label" / self.joints
        try:
            return load_pickle(path)
        except FileNotFoundError:
            raise PtxError(f"data.joints: {path} is not there") from None
        except (OSError, ValueError) as error:
            raise PtxError(f"{path}: these are no keypoints: {words(error)}") from None

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Keypoints (18, 3) of a picture, px, confidence 1 where they are there; always one person.

        Raises:
            NoKeypoints: "missing_keypoints" or "bad_keypoints".
            PtxError: the file of all keypoints cannot be read.
        """
        name = path.removeprefix(f"{self.pictures}/img/").removesuffix(".jpg")
        if name not in self._poses:
            raise NoKeypoints(f"missing_keypoints: {self.joints} has none of {name}")
        try:
            points = numbers(self._poses[name]).astype(np.float32).reshape(18, 2)
        except Exception as error:  # whatever a damaged pickle makes of them
            raise NoKeypoints(f"bad_keypoints: of {name} in {self.joints}: {words(error)}") from None
        return missing_as_nan(np.concatenate([points, (points != -1).all(1, keepdims=True)], axis=1)), 1

    def parts(self, name: str, max_pixels: int) -> NDArray[np.uint8]:
        """Body parts (H, W), labels of `PARTS`.

        Raises:
            ValueError: "code: words", there is no such map, or it is damaged.
        """
        there = [folder for folder in PART_FOLDERS if (self.root / self.pictures / folder).is_dir()]
        folder = there[0] if there else "seg"
        labels, known = (
            read_labels(self.root / self.pictures / folder / f"{name}.bmp", max_pixels),
            PART_FOLDERS[folder],
        )
        if labels.max(initial=0) >= len(known):
            raise ValueError(
                f"bad_labels: label {labels.max()} in {folder}/{name}.bmp, which has 0 to {len(known) - 1}"
            )
        return known[labels]

    @property
    def flows(self) -> Path:
        """Folder of the flow files."""
        return self.root / "3d" / "hmr" / "corr"
