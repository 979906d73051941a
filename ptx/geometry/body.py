"""The body model: SMPL's arrays, read once, checked, and completed with what the rest of the geometry asks for."""

from __future__ import annotations

import contextlib
import hashlib
import io
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import JOINT_PART, PARENTS, SMPL_JOINTS, joint, keypoint
from ptx.geometry.landmarks import HEAD_KEYPOINTS, OFFICIAL_LANDMARKS, OFFICIAL_VERTICES, head_landmarks
from ptx.geometry.smpl_pickle import SMPL_KEYS, read_smpl_pickle

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

SHAPES = 10
"""Components of the shape space that are used, of however many a file has."""

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SHIPPED = {"builtin": ASSETS / "body.npz", "small": ASSETS / "body_small.npz"}
"""Bodies that come with the package; "small" (1,229 vertices) is for tests and previews."""

_JOINTS = len(SMPL_JOINTS)
_POSE_SHAPES = 9 * (_JOINTS - 1)
_OPTIONAL = ("vt", "ft", "landmarks")


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
    """(18, 2) the joints that a keypoint hangs on."""
    keypoint_weights: FloatArray
    """(18, 2) and how much on each; rows sum to 1."""
    keypoint_offset: FloatArray
    """(18, 3) metres, in the frame of the first joint."""
    keypoint_offset_dirs: FloatArray
    """(18, 3, 10) metres per unit of each beta."""
    landmarks: IntArray
    """(5,) vertices of nose, right eye, left eye, right ear, left ear."""

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of all arrays: equal for equal bodies, whatever file they came from."""
        total = hashlib.sha256()
        for field in fields(self):
            array = getattr(self, field.name)
            total.update(f"{field.name} {None if array is None else (array.dtype.str, array.shape)}\n".encode())
            total.update(b"" if array is None else array.tobytes())
        return total.hexdigest()

    @cached_property
    def influences(self) -> tuple[IntArray, FloatArray]:
        """Joints (V, K) and weights (V, K) that move each vertex, heaviest first; K = the most that any vertex has."""
        count = max(1, int(np.count_nonzero(self.weights, axis=1).max()))
        order = np.argsort(-self.weights, axis=1, kind="stable")[:, :count]
        return _fixed(order, np.int32), _fixed(np.take_along_axis(self.weights, order, axis=1), np.float32)

    @cached_property
    def shape_rows(self) -> FloatArray:
        """(10, 3V) `shapedirs` by component, so that a blend runs along memory."""
        return _fixed(self.shapedirs.reshape(-1, SHAPES).T, np.float32)

    @cached_property
    def pose_rows(self) -> FloatArray | None:
        """(207, 3V) `posedirs` by component, or None."""
        return None if self.posedirs is None else _fixed(self.posedirs.reshape(-1, _POSE_SHAPES).T, np.float32)

    def to_smplx(self, batch_size: int) -> Any:
        """The same body as a `smplx.SMPL` torch module; its joints are the 24, then nose, eyes and ears (right first)."""
        import smplx  # here, because torch takes seconds to import

        posedirs = (
            np.zeros((*self.v_template.shape, _POSE_SHAPES), np.float32) if self.posedirs is None else self.posedirs
        )
        kintree = np.array([PARENTS, range(_JOINTS)], np.int64)
        arrays: dict[str, NDArray[Any]] = {
            "v_template": self.v_template, "f": self.faces, "weights": self.weights, "J_regressor": self.joint_regressor,
            "kintree_table": kintree, "shapedirs": self.shapedirs, "posedirs": posedirs,
        }  # fmt: skip
        copies = {
            name: array.copy() for name, array in arrays.items()
        }  # torch would share memory, and ours is read-only
        names = dict(zip(("nose", "reye", "leye", "rear", "lear"), map(int, self.landmarks), strict=True))
        with contextlib.redirect_stdout(io.StringIO()):  # it warns that there are ten betas
            return smplx.SMPL(
                model_path="", data_struct=smplx.utils.Struct(**copies), vertex_ids=names, batch_size=batch_size,
                use_hands=False, use_feet_keypoints=False,
            )  # fmt: skip


def load_body(spec: str) -> Body:
    """Read a body model; the same unchanged file is read once per process.

    Args:
        spec: "builtin" (13,718 vertices, with texture coordinates), "small" (1,229), or the path of a file in SMPL's format: the
            official .pkl, or an .npz with SMPL's own key names.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no SMPL body; one line says what is wrong and how to mend it.
    """
    path = SHIPPED.get(spec) or Path(spec).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file. SMPL's files are the user's own: download from https://smpl.is.tue.mpg.de and name by path "
            "`body: path`, or use `body: builtin`"
        )
    stat = path.stat()
    return _load(path.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _load(path: Path, _mtime: int, _size: int) -> Body:
    try:
        return build_body(_read(path))
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(str(path)) else f"{path}: {text}") from error


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The file's arrays by SMPL's names."""
    if path.suffix == ".pkl":
        return read_smpl_pickle(path)
    if path.suffix != ".npz":
        raise ValueError("a body model is an .npz or SMPL's .pkl; name one, or use `body: builtin`")
    with open(path, "rb") as stream:
        try:
            with np.load(stream, allow_pickle=False) as file:
                arrays = {key: file[key] for key in (*SMPL_KEYS, *_OPTIONAL) if key in file}
        except Exception as error:  # a damaged file can raise anything, tokenize.TokenError say
            detail = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"cannot be read as .npz of plain arrays ({detail}); download it again") from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy hands out what is no array as bytes
            raise ValueError(f"{key} is no array; download the file again")
    return arrays


def build_body(arrays: dict[str, NDArray[Any]]) -> Body:
    """Check SMPL's arrays and complete them.

    Args:
        arrays: v_template (V, 3), f (F, 3), weights (V, 24), J_regressor (24, V), kintree_table (2, 24), shapedirs (V, 3, S) of any S;
            optionally posedirs (V, 3, 207), vt (T, 2) with ft (F, 3), and landmarks (5,) as in `Body`.

    Raises:
        ValueError: an array is missing, has the wrong shape, is not finite or names a vertex that is not there; or the tree is not SMPL's.
    """
    _check(arrays)
    v_template, weights = (_fixed(arrays[key], np.float32) for key in ("v_template", "weights"))
    faces, regressor = _fixed(arrays["f"], np.int32), _fixed(arrays["J_regressor"], np.float32)
    shapedirs = np.zeros((*v_template.shape, SHAPES), np.float32)
    given = arrays["shapedirs"][:, :, :SHAPES]
    shapedirs[:, :, : given.shape[2]] = given
    posedirs = arrays.get("posedirs")
    wide = regressor.astype(np.float64)
    joint_template = (wide @ v_template).astype(np.float32)
    joint_shapedirs = np.einsum("jv,vcs->jcs", wide, shapedirs, optimize=True).astype(np.float32)
    landmarks = arrays.get("landmarks")
    if landmarks is None and len(v_template) == OFFICIAL_VERTICES:
        landmarks = np.array(OFFICIAL_LANDMARKS)
    elif landmarks is None:
        landmarks = head_landmarks(v_template, weights)
    return Body(
        v_template=v_template,
        faces=faces,
        weights=weights,
        joint_regressor=regressor,
        shapedirs=_fixed(shapedirs, np.float32),
        posedirs=_fixed(posedirs, np.float32) if posedirs is not None and posedirs.any() else None,
        uv=_fixed(arrays["vt"], np.float32) if "vt" in arrays else None,
        face_uv=_fixed(arrays["ft"], np.int32) if "vt" in arrays else None,
        face_part=_fixed(np.array(JOINT_PART)[weights[faces].sum(axis=1).argmax(axis=1)], np.uint8),
        joint_template=_fixed(joint_template, np.float32),
        joint_shapedirs=_fixed(joint_shapedirs, np.float32),
        landmarks=_fixed(landmarks, np.int32),
        **_keypoints(v_template, shapedirs, joint_template, joint_shapedirs, landmarks),
    )


def _check(arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse what is not a body, with one line for the first thing that is wrong."""
    mend = "; is this SMPL? (SMPL-H, SMPL-X and others differ)"
    missing = [key for key in SMPL_KEYS if key not in arrays and key != "posedirs"]
    if missing:
        raise ValueError(f"no array {', '.join(missing)}{mend}")
    V, F = (len(np.atleast_1d(arrays[key])) for key in ("v_template", "f"))
    expected: dict[str, tuple[int | None, ...]] = {
        "v_template": (V, 3), "f": (F, 3), "weights": (V, _JOINTS), "J_regressor": (_JOINTS, V), "kintree_table": (2, _JOINTS),
        "shapedirs": (V, 3, None), "posedirs": (V, 3, _POSE_SHAPES), "vt": (None, 2), "ft": (F, 3), "landmarks": (len(HEAD_KEYPOINTS),),
    }  # fmt: skip
    for key, shape in expected.items():
        if key not in arrays:
            continue
        found = arrays[key].shape
        if len(found) != len(shape) or any(want not in (None, have) for want, have in zip(shape, found, strict=True)):
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            raise ValueError(f"{key} has shape {found}, expected ({wanted}){mend}")
        if arrays[key].dtype.kind not in "fiu" or not np.isfinite(arrays[key]).all():
            raise ValueError(f"{key} holds something other than finite numbers; download the file again")
    if tuple(arrays["kintree_table"][0, 1:].astype(np.int64)) != PARENTS[1:]:
        raise ValueError(f"kintree_table is not SMPL's tree of joints{mend}")
    if ("vt" in arrays) != ("ft" in arrays):
        raise ValueError("has one of vt and ft: texture coordinates need both, or neither")
    for key, limit in (("f", V), ("landmarks", V), ("ft", len(arrays.get("vt", ())))):
        index = arrays.get(key)
        if index is not None and index.size and (index.min() < 0 or index.max() >= limit):
            raise ValueError(
                f"{key} names entries {index.min()}..{index.max()}, but there are {limit}; download the file again"
            )
    sums = arrays["weights"].sum(axis=1)
    if np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            f"weights of a vertex sum to {sums[np.abs(sums - 1).argmax()]:.4f}, expected 1; download the file again"
        )


def _keypoints(
    v_template: FloatArray,
    shapedirs: FloatArray,
    joint_template: FloatArray,
    joint_shapedirs: FloatArray,
    landmarks: NDArray[Any],
) -> dict[str, Any]:
    """The four keypoint arrays of `Body`: limbs are joints, the neck is between the shoulders, nose, eyes and ears are on the head."""
    names = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    joints, weights = np.zeros((18, 2), np.int32), np.zeros((18, 2), np.float32)
    offset, offset_dirs = np.zeros((18, 3), np.float32), np.zeros((18, 3, SHAPES), np.float32)
    weights[:, 0] = 1
    for name in (f"{side}_{name}" for side in ("left", "right") for name in names):
        joints[keypoint(name)] = joint(name)
    joints[keypoint("neck")] = joint("right_shoulder"), joint("left_shoulder")
    weights[keypoint("neck")] = 0.5
    head = list(HEAD_KEYPOINTS)
    joints[head] = joint("head")
    offset[head] = v_template[landmarks] - joint_template[joint("head")]
    offset_dirs[head] = shapedirs[landmarks] - joint_shapedirs[joint("head")]
    return {
        "keypoint_joints": _fixed(joints, np.int32),
        "keypoint_weights": _fixed(weights, np.float32),
        "keypoint_offset": _fixed(offset, np.float32),
        "keypoint_offset_dirs": _fixed(offset_dirs, np.float32),
    }


def _fixed(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """A contiguous read-only copy: bodies are shared by everything in the process."""
    copy = np.array(array, dtype, order="C")
    copy.flags.writeable = False
    return copy
