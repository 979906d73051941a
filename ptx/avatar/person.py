"""The content of an avatar, and the parts of a body's tree that its file names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body, load_body
from ptx.geometry.hands import FINGERS, HAND_JOINTS
from ptx.geometry.joints import SMPL_JOINTS
from ptx.geometry.rig import Rig
from ptx.geometry.viewpoint import FittedBody
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import write_atomic
from ptx.surface.atlas import body_atlas
from ptx.surface.layers import Image, fill_outside
from ptx.surface.merge import alone
from ptx.surface.source import nothing_seen
from ptx.surface.store import Provenance, SurfaceStore

if TYPE_CHECKING:
    from ptx.avatar.clip import Clip

FINGER_NAMES = tuple(
    f"{side}_{'pinky' if finger == 'little' else finger}{number}"
    for side in ("left", "right")
    for finger in FINGERS
    for number in range(1, HAND_JOINTS // len(FINGERS) + 1)
)
"""The 30 joints of the fingers, by SMPL-H's names."""


@dataclass(frozen=True)
class Avatar:
    """A person's surface without the photographs that it was filled from.

    Example:
        >>> import ptx
        >>> avatar = ptx.load(body="small").person(ptx.EXAMPLE).avatar
        >>> avatar.texture.shape
        (1024, 1024, 3)
        >>> path = avatar.save(folder / "me.glb")  # for Blender, three.js, and `ptx transfer me.glb --pose ...`
        >>> ptx.Avatar.read(path, body="small").fitted.size
        (1024, 768)
    """

    fitted: FittedBody
    """The body in the pose of the first photograph, before its camera."""
    texture: Image = field(repr=False)
    """(T, T, 3) RGB, laid out by `body_atlas`."""

    @classmethod
    def of(cls, fitted: FittedBody, store: SurfaceStore) -> Avatar:
        """Take the texture of a filled surface; around its charts it goes on, since viewers average it when they are far away."""
        return cls(fitted, fill_outside(store.colours, store.provenance != Provenance.NOTHING))

    @classmethod
    def read(cls, path: str | Path, body: str = "builtin") -> Avatar:
        """Read the file of an avatar.

        Args:
            path: a .glb that ptx wrote.
            body: the body model that it was made with, as for `load_body`.

        Raises:
            PtxError: there is no such file or body; or it is of another program or another body, or damaged; one line.
        """
        from ptx.avatar.read import read_avatar  # which imports this module

        try:
            return read_avatar(Path(path), load_body(body))
        except (OSError, ValueError) as error:
            raise PtxError(f"body: {error}") from error

    def save(self, path: str | Path, clip: Clip | None = None) -> Path:
        """Write a rigged, textured model in glTF 2.0; the same avatar gives the same bytes.

        Args:
            path: the .glb to write.
            clip: motion that the file holds as an animation, such as from `ptx.avatar.clip.read_clip`.

        Raises:
            PtxError: the name does not end in .glb.
        """
        from ptx.avatar.read import SUFFIX, is_avatar
        from ptx.avatar.write import encode_avatar
        from ptx.pictures.provenance import Provenance as Origin

        if not is_avatar(path):
            raise PtxError(f"{path}: avatars are written as {SUFFIX}")
        write_atomic(Path(path), encode_avatar(self, Origin("compositeSynthetic", "ptx.Avatar.save"), clip))
        return Path(path)

    @property
    def store(self) -> SurfaceStore:
        """The surface, of which no photograph shows anything."""
        side = self.texture.shape[0]
        atlas = body_atlas(self.fitted.body, side)
        of_charts = np.full(len(atlas.texels), Provenance.MADE_UP, np.uint8)
        return SurfaceStore(
            alone(nothing_seen(self.fitted)),
            atlas,
            self.texture,
            np.full((side, side, 2), np.nan, np.float32),
            np.zeros((side, side), np.uint8),
            atlas.image(of_charts, Provenance.NOTHING),
        )

    def brought_to(self, size: tuple[int, int]) -> Avatar:
        """The same person before a camera whose picture (height, width), px, shows at least as much."""
        before = np.array(self.fitted.size, np.float64)
        scale = float((size / before).min())
        top, left = (size - before * scale) / 2
        x, y = (self.fitted.camera[1:] + 0.5) * scale + (left, top) - 0.5
        camera = np.array([self.fitted.camera[0] * scale, x, y], np.float32)
        return (
            self if size == self.fitted.size else replace(self, fitted=replace(self.fitted, camera=camera, size=size))
        )


def whole_rig(body: Body) -> Rig:
    """The joints of a body, those of its fingers among them where it has any."""
    return body.rig if body.hands is None else body.finger_rig


def joint_names(body: Body) -> tuple[str, ...]:
    """Name the joints of `whole_rig`."""
    return SMPL_JOINTS if body.hands is None else SMPL_JOINTS + FINGER_NAMES


def whole_pose(fitted: FittedBody) -> NDArray[np.float64]:
    """Pose (J, 3) of the joints of `whole_rig`, axis-angle, radians."""
    fingers = np.zeros((len(joint_names(fitted.body)) - len(SMPL_JOINTS), 3))
    return np.concatenate([fitted.pose, fingers if fitted.hands_pose is None else fitted.hands_pose], dtype=np.float64)
