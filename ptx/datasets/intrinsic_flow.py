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
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSettings, PhotographSet
from ptx.datasets.flow_files import read_positions
from ptx.datasets.folder import joined, numbered, splits_of
from ptx.datasets.images import read_labels
from ptx.datasets.keypoint_source import FileKeypoints
from ptx.datasets.persons import FoundPerson
from ptx.datasets.picture_files import unnamed_line
from ptx.geometry.joints import JOINT_PART, PARTS
from ptx.geometry.keypoints import missing_as_nan
from ptx.geometry.safe_pickle import PickleValue, load_pickle, numbers
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import files_digest, stamp_files
from ptx.pipeline.storage.store import Store, decode_strings

SAME = np.arange(len(PARTS), dtype=np.uint8)

PART_FOLDERS = {"seg": SAME, "silhouette6": SAME, "silhouette24": np.array([0, *JOINT_PART], np.uint8)}
"""Folders beside the pictures that tell body parts, what training reads first → our label of each of theirs."""


FLOWS = "3d/hmr/corr"
"""Folder of the flow files below the root."""


class IntrinsicFlowData(DataSettings):
    """A data pack of Dense Intrinsic Appearance Flow's authors, with its keypoints, body parts, flow and visibility."""

    kind: Literal["intrinsic-flow-release"]
    root: AbsolutePath
    """The folder that it unpacked to, with Label and Img or Images in it. Set size to that of its pictures."""
    pairs: Literal["pair_split.json", "pair_split_clean.json"] = "pair_split.json"
    """Table of pairs; the clean one, of DeepFashion, trains the flow."""
    test: Literal["test", "test_small"] = "test"
    """The table's list of test pairs."""
    joints: Literal["pose_label.pkl", "pose_label_adapt.pkl"] = "pose_label.pkl"
    """Keypoints; the adapted ones, of DeepFashion, train the flow."""


@dataclass(frozen=True)
class IntrinsicFlowSet(PhotographSet[IntrinsicFlowData]):
    """A data pack as a data set."""

    @property
    def root(self) -> Path:
        """The folder that the pack unpacked to."""
        return self.settings.root

    @property
    def published_table(self) -> str:
        """The data set that the pack is of: the folders of their pictures differ by name."""
        return "market1501" if self.index().pictures == "Images" else "deepfashion"

    def index(self) -> IntrinsicFlow:
        """Read the pack's labels."""
        data = self.settings
        return IntrinsicFlow(data.root, data.pairs, data.test, data.joints)

    def keypoint_source(self) -> FileKeypoints:
        """Open the pack's keypoints."""
        return FileKeypoints(self.index(), self.paths, "largest")

    def flow_source(self) -> PackFlow:
        """Open the pack's body parts, flow and visibility."""
        store = Store(self.context.workspace, "ingest")
        ids = decode_strings(store.table("id", np.uint8))
        return PackFlow(self.index(), ids, store.table("pair", np.int32), self.context.size, self.context.max_pixels)


@dataclass(frozen=True)
class PackFlow:
    """Body parts, flow and visibility of a pack, for the images and pairs that ingest recorded."""

    files: IntrinsicFlow
    ids: list[str]
    pairs: NDArray[np.int32]
    """(P, 2) target, source."""
    size: tuple[int, int]
    """Working resolution, which must be that of the maps: height, width in px."""
    max_pixels: int

    def parts(self, index: int) -> NDArray[np.uint8]:
        """Read the body parts (H, W) of an image; raises BadSample."""
        return self._of_size(self.files.parts(self.ids[index], self.max_pixels), "part map")

    def correspondence(self, pair: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Read the source positions (H, W, 2) px and the visibility (H, W) of a pair.

        Raises:
            BadSample: missing_flow, bad_flow or other_size.
        """
        target, source = (self.ids[i] for i in self.pairs[pair])
        path = self.files.flows / f"{target}_{source}.corr"
        positions, visibility = read_positions(path)
        return positions, self._of_size(visibility, "flow")

    def _of_size(self, labels: NDArray[np.uint8], what: str) -> NDArray[np.uint8]:
        if labels.shape != self.size:
            own, wanted = ("×".join(map(str, shape)) for shape in (labels.shape, self.size))
            raise BadSample("other_size", f"the {what} is {own}, pictures are worked on at {wanted}: set size to it")
        return labels


@dataclass(frozen=True)
class IntrinsicFlow:
    """Index of a pack. Reads its labels, never a picture or a flow unless asked for one."""

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
            raise PtxError(f"{path}: this is no table of pairs: {one_line(error)}") from None
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
    def notes(self) -> list[str]:
        """A line on pictures that the table does not name, or nothing."""
        folder = f"{self.pictures}/img"
        found = [f"{folder}/{name}" for name in os.listdir(self.root / folder) if not name.startswith(".")]
        return unnamed_line(found, self.paths, f"{self.table} does not name them")

    @property
    def digest(self) -> str:
        """Digest of the images and the pairs."""
        return hashlib.sha256(repr((self.paths, list(self._rows.items()))).encode()).hexdigest()

    @property
    def state(self) -> str:
        """Digest of sizes and modification times of the pictures, the keypoints, the body parts and the flow of all pairs."""
        parts = [f"{self.pictures}/{self._part_folder}/{name}.bmp" for name in self.ids]
        flows = [f"{FLOWS}/{target}_{source}.corr" for source, target in self._rows]
        return files_digest(stamp_files(self.root, (*self.paths, f"Label/{self.joints}", *parts, *flows)))

    @property
    def stamps(self) -> None:
        """None: `state` watches more than the pictures."""

    @cached_property
    def _part_folder(self) -> str:
        """The folder of `PART_FOLDERS` that is there."""
        there = [folder for folder in PART_FOLDERS if (self.root / self.pictures / folder).is_dir()]
        return there[0] if there else "seg"

    @cached_property
    def _poses(self) -> Mapping[str, PickleValue]:
        path = self.root / "Label" / self.joints
        try:
            return load_pickle(path)
        except FileNotFoundError:
            raise PtxError(f"data.joints: {path} is not there") from None
        except (OSError, ValueError) as error:
            raise PtxError(f"{path}: these are no keypoints: {one_line(error)}") from None

    def people(self, path: str) -> list[FoundPerson]:
        """Return the one person of a picture, confidence 1 where a keypoint is there.

        Raises:
            BadSample: missing_keypoints, bad_keypoints.
            PtxError: the file of all keypoints cannot be read.
        """
        name = path.removeprefix(f"{self.pictures}/img/").removesuffix(".jpg")
        if name not in self._poses:
            raise BadSample("missing_keypoints", f"{self.joints} has none of {name}")
        try:
            points = numbers(self._poses[name]).astype(np.float32).reshape(18, 2)
        except Exception as error:  # whatever a damaged pickle makes of them
            raise BadSample("bad_keypoints", f"of {name} in {self.joints}: {one_line(error)}") from None
        known = (points != -1).all(1, keepdims=True)
        return [FoundPerson(missing_as_nan(np.concatenate([points, known], axis=1)))]

    def parts(self, name: str, max_pixels: int) -> NDArray[np.uint8]:
        """Body parts (H, W), labels of `PARTS`.

        Raises:
            BadSample: there is no such map, or it is damaged.
        """
        folder, known = self._part_folder, PART_FOLDERS[self._part_folder]
        labels = read_labels(self.root / self.pictures / folder / f"{name}.bmp", max_pixels)
        if labels.max(initial=0) >= len(known):
            raise BadSample(
                "bad_labels", f"label {labels.max()} in {folder}/{name}.bmp, which has 0 to {len(known) - 1}"
            )
        return known[labels]

    @property
    def flows(self) -> Path:
        """Folder of the flow files."""
        return self.root / FLOWS
