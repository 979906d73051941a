"""The body model: arrays of SMPL, SMPL-H or SMPL-X read from a file, checked, and completed with keypoints, landmarks and body parts."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body_checks import POSE_SHAPES, check_arrays
from ptx.geometry.body_formats import Arrays, with_smpl_joints
from ptx.geometry.frozen_arrays import arrays_digest, frozen
from ptx.geometry.hands import HAND_KEYS, Hands, build_hands
from ptx.geometry.joints import JOINT_COUNT, JOINT_PART, KEYPOINT_COUNT, PARENTS, joint, keypoint
from ptx.geometry.landmarks import HEAD_KEYPOINTS, OFFICIAL_LANDMARKS, head_landmarks
from ptx.geometry.rig import Rig, body_rig, finger_rig
from ptx.geometry.smpl_pickle import SMPL_KEYS, read_smpl_pickle

if TYPE_CHECKING:
    from torch import nn

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

SHAPES = 10
"""Components of the shape space that are used, of however many a file has."""

ASSETS = Path(__file__).resolve().parent.parent / "assets"
"""Folder of the files that come with the package."""

SHIPPED = {"builtin": ASSETS / "body.npz", "small": ASSETS / "body_small.npz"}
"""Bodies that come with the package; "small" (1,229 vertices) is for tests and previews."""

OPTIONAL_KEYS = ("vt", "ft", "landmarks", *HAND_KEYS)
"""Names of arrays that an .npz may hold beside `SMPL_KEYS`: texture coordinates, their faces, landmarks, fingers."""


@dataclass(frozen=True, eq=False)
class Body:
    """A body in SMPL's format: read-only arrays, metres, y up, facing +z in rest, +x the body's left.

    V vertices, F faces, T texture coordinates. Linear in the shape coefficients `betas` (10,).
    """

    v_template: FloatArray
    """(V, 3) vertices of the mean shape in rest."""
    faces: IntArray
    """(F, 3) vertex indices, counter-clockwise from outside."""
    weights: FloatArray
    """(V, 24) skinning weights; rows sum to 1."""
    joint_regressor: FloatArray
    """(24, V): joints in rest = joint_regressor @ vertices in rest."""
    shapedirs: FloatArray
    """(V, 3, 10) metres per unit of each beta."""
    posedirs: FloatArray | None
    """(V, 3, 207) metres per unit of (R - 1) of joints 1..23, rows first; None when all zero."""
    uv: FloatArray | None
    """(T, 2) texture coordinates, or None."""
    face_uv: IntArray | None
    """(F, 3) indices into `uv`, or None."""
    face_part: NDArray[np.uint8]
    """(F,) body part 1..6 of each face."""
    joint_template: FloatArray
    """(24, 3) joints of the mean shape in rest."""
    joint_shapedirs: FloatArray
    """(24, 3, 10) metres per unit of each beta."""
    keypoint_joints: IntArray
    """(18, 2) joints to which each keypoint is attached."""
    keypoint_weights: FloatArray
    """(18, 2) weights of these joints; rows sum to 1."""
    keypoint_offset: FloatArray
    """(18, 3) metres, in the frame of the first joint."""
    keypoint_offset_dirs: FloatArray
    """(18, 3, 10) metres per unit of each beta."""
    landmarks: IntArray
    """(5,) vertices of nose, right eye, left eye, right ear, left ear."""
    hands: Hands | None = None
    """The fingers; None of a file that has a joint a hand only, as SMPL's own."""

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of all arrays but those of the fingers, which have their own: equal for equal bodies of whatever file."""
        names = [field.name for field in fields(self) if field.name != "hands"]
        return arrays_digest((name, getattr(self, name)) for name in names)

    @cached_property
    def rig(self) -> Rig:
        """The 24 joints, and the skin that moves with them."""
        return body_rig(self)

    @property
    def fingers(self) -> Hands:
        """The same as `hands`; raises ValueError where there are none."""
        if self.hands is None:
            raise ValueError("this body has no fingers")
        return self.hands

    @cached_property
    def finger_rig(self) -> Rig:
        """The 24 joints and the 30 of the fingers; raises ValueError where there are none."""
        return finger_rig(self, self.fingers)

    @cached_property
    def shape_rows(self) -> FloatArray:
        """(10, 3V) `shapedirs` by component, so that a weighted sum runs along memory."""
        return frozen(self.shapedirs.reshape(-1, SHAPES).T, np.float32)

    def to_smplx(self, batch_size: int) -> nn.Module:
        """Make a `smplx.SMPL` torch module of the same body; its joints are the 24, then nose, eyes and ears (right first)."""
        import smplx  # here, because torch takes seconds to import

        posedirs = self.posedirs
        if posedirs is None:
            posedirs = np.zeros((*self.v_template.shape, POSE_SHAPES), np.float32)
        data = smplx.utils.Struct(  # copies, since torch would share memory, and ours is read-only
            v_template=self.v_template.copy(),
            f=self.faces.copy(),
            weights=self.weights.copy(),
            J_regressor=self.joint_regressor.copy(),
            kintree_table=np.array([PARENTS, range(JOINT_COUNT)], np.int64),
            shapedirs=self.shapedirs.copy(),
            posedirs=posedirs.copy(),
        )
        vertices = dict(zip(("nose", "reye", "leye", "rear", "lear"), map(int, self.landmarks), strict=True))
        with contextlib.redirect_stdout(io.StringIO()):  # it warns that there are ten betas
            model: nn.Module = smplx.SMPL(
                model_path="",
                data_struct=data,
                vertex_ids=vertices,
                batch_size=batch_size,
                use_hands=False,
                use_feet_keypoints=False,
            )
        return model


def load_body(spec: str) -> Body:
    """Read a body model; the same unchanged file is read once per process.

    Args:
        spec: "builtin" (13,718 vertices, with texture coordinates), "small" (1,229), or the path of a file in the format of SMPL,
            SMPL-H or SMPL-X (`body_formats`): the official .pkl, or an .npz with SMPL's own key names.

    Raises:
        OSError: there is no such file, or it is a folder.
        ValueError: the file is no such body; one line says what is wrong and how to mend it.
    """
    path = SHIPPED.get(spec) or Path(os.path.expanduser(spec))
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; name the file in it, such as {_models_in(path)}")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file. SMPL's files are the user's own: download from https://smpl.is.tue.mpg.de (SMPL-X's from "
            "https://smpl-x.is.tue.mpg.de) and name by path `body: path`, or use `body: builtin`"
        )
    stat = path.stat()
    return _load(path.resolve(), stat.st_mtime_ns, stat.st_size)


def _models_in(folder: Path) -> str:
    """Name the first files of a folder that may be body models, or how they are called where there are none."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".pkl", ".npz"))
    return ", ".join(names[:3]) or "SMPL_NEUTRAL.pkl"


@lru_cache(maxsize=8)
def _load(path: Path, _mtime: int, _size: int) -> Body:
    try:
        return build_body(read_body_arrays(path))
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(str(path)) else f"{path}: {text}") from error


def read_body_arrays(path: Path) -> Arrays:
    """Read a file's arrays by SMPL's names, unchecked, without running anything that the file says.

    Raises:
        ValueError: the file cannot be read as plain arrays.
    """
    if path.suffix == ".pkl":
        return read_smpl_pickle(path)
    if path.suffix != ".npz":
        raise ValueError("a body model is an .npz or SMPL's .pkl; name one, or use `body: builtin`")
    arrays: dict[str, NDArray[np.number]] = {}
    with open(path, "rb") as stream:
        try:
            with np.load(stream, allow_pickle=False) as file:
                arrays.update({key: file[key] for key in (*SMPL_KEYS, *OPTIONAL_KEYS) if key in file})
        except Exception as error:  # a damaged file can raise anything, tokenize.TokenError say
            detail = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"cannot be read as .npz of plain arrays ({detail}); download it again") from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy hands out what is no array as bytes
            raise ValueError(f"{key} is no array; download the file again")
    return arrays


def build_body(arrays: Mapping[str, NDArray[np.number]]) -> Body:
    """Check SMPL's arrays, fold those of SMPL-H and SMPL-X to its 24 joints, and complete them.

    Args:
        arrays: of J = 24, 52 or 55 joints: v_template (V, 3), f (F, 3), weights (V, J), J_regressor (J, V), kintree_table (2, J),
            shapedirs (V, 3, S) of any S; optionally posedirs (V, 3, 9 (J - 1)), vt (T, 2) with ft (F, 3), landmarks (5,) as in `Body`, and
            of J = 24 those of `build_hands`.

    Raises:
        ValueError: an array is missing, has the wrong shape, is not finite or names a vertex that is not there; or the tree is another.
    """
    check_arrays(arrays)
    arrays = with_smpl_joints(arrays)
    v_template = frozen(arrays["v_template"], np.float32)
    weights = frozen(arrays["weights"], np.float32)
    faces = frozen(arrays["f"], np.int32)
    regressor = frozen(arrays["J_regressor"], np.float32)
    shapedirs = np.zeros((*v_template.shape, SHAPES), np.float32)
    given = arrays["shapedirs"][:, :, :SHAPES]
    shapedirs[:, :, : given.shape[2]] = given
    posedirs = arrays.get("posedirs")
    wide = regressor.astype(np.float64)
    joint_template = (wide @ v_template).astype(np.float32)
    joint_shapedirs = np.einsum("jv,vcs->jcs", wide, shapedirs, optimize=True).astype(np.float32)
    landmarks = _landmarks(arrays.get("landmarks"), v_template, weights)
    attached = _attach_keypoints(v_template, shapedirs, joint_template, joint_shapedirs, landmarks)
    return Body(
        v_template=v_template,
        faces=faces,
        weights=weights,
        joint_regressor=regressor,
        shapedirs=frozen(shapedirs, np.float32),
        posedirs=frozen(posedirs, np.float32) if posedirs is not None and posedirs.any() else None,
        uv=frozen(arrays["vt"], np.float32) if "vt" in arrays else None,
        face_uv=frozen(arrays["ft"], np.int32) if "vt" in arrays else None,
        face_part=frozen(np.array(JOINT_PART)[weights[faces].sum(axis=1).argmax(axis=1)], np.uint8),
        joint_template=frozen(joint_template, np.float32),
        joint_shapedirs=frozen(joint_shapedirs, np.float32),
        keypoint_joints=frozen(attached.joints, np.int32),
        keypoint_weights=frozen(attached.weights, np.float32),
        keypoint_offset=frozen(attached.offset, np.float32),
        keypoint_offset_dirs=frozen(attached.offset_dirs, np.float32),
        landmarks=frozen(landmarks, np.int32),
        hands=build_hands(arrays, v_template, shapedirs),
    )


def _landmarks(given: NDArray[np.number] | None, v_template: FloatArray, weights: FloatArray) -> IntArray:
    """Vertices (5,) of nose, eyes and ears: those of the file, those known of the format's own mesh, or by shape."""
    if given is not None:
        return given.astype(np.int32)
    if len(v_template) in OFFICIAL_LANDMARKS:
        return np.array(OFFICIAL_LANDMARKS[len(v_template)], np.int32)
    return head_landmarks(v_template, weights)


class _AttachedKeypoints(NamedTuple):
    """The keypoint arrays of a `Body`."""

    joints: IntArray
    weights: FloatArray
    offset: FloatArray
    offset_dirs: FloatArray


def _attach_keypoints(
    v_template: FloatArray,
    shapedirs: FloatArray,
    joint_template: FloatArray,
    joint_shapedirs: FloatArray,
    landmarks: IntArray,
) -> _AttachedKeypoints:
    """Attach the keypoints to joints: limbs are joints, the neck is between the shoulders, nose, eyes and ears are on the head."""
    joints = np.zeros((KEYPOINT_COUNT, 2), np.int32)
    weights = np.zeros((KEYPOINT_COUNT, 2), np.float32)
    offset = np.zeros((KEYPOINT_COUNT, 3), np.float32)
    offset_dirs = np.zeros((KEYPOINT_COUNT, 3, SHAPES), np.float32)
    weights[:, 0] = 1
    for side in ("left", "right"):
        for limb in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
            joints[keypoint(f"{side}_{limb}")] = joint(f"{side}_{limb}")
    joints[keypoint("neck")] = joint("right_shoulder"), joint("left_shoulder")
    weights[keypoint("neck")] = 0.5
    head = list(HEAD_KEYPOINTS)
    joints[head] = joint("head")
    offset[head] = v_template[landmarks] - joint_template[joint("head")]
    offset_dirs[head] = shapedirs[landmarks] - joint_shapedirs[joint("head")]
    return _AttachedKeypoints(joints, weights, offset, offset_dirs)
