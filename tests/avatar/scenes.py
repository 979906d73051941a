"""Avatars of synthetic people."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from ptx.avatar.clip import Clip
from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.pictures.provenance import Provenance
from ptx.surface.points import Floats
from tests.surface.scenes import fitted, store

MADE = Provenance("compositeSynthetic", "ptx avatar")


@cache
def avatar() -> Avatar:
    """A person on the small body, with hair and with bent fingers."""
    return Avatar.of(replace(fitted(0), hands_pose=bent_fingers()), store(0))


def bent_fingers() -> Floats:
    """Turns of 17 degrees about each axis."""
    return np.random.default_rng(1).normal(0, 0.3, (30, 3)).astype(np.float32)


def detailed() -> Avatar:
    """A made-up person on the detailed body, whose texture is noise."""
    rng, body = np.random.default_rng(2), load_body("builtin")
    shape = FittedBody(
        body,
        rng.normal(0, 0.3, (24, 3)).astype(np.float32),
        rng.normal(0, 1, 10).astype(np.float32),
        np.array([300, 190, 240], np.float32),
        (512, 384),
        bent_fingers(),
        rng.normal(0, 0.005, body.v_template.shape).astype(np.float32),
    )
    return Avatar(shape, rng.integers(0, 255, (256, 256, 3), np.uint8))


def clip(count: int = 7) -> Clip:
    rng = np.random.default_rng(3)
    turning = np.cumsum(rng.normal(0, 1.2, (count, 24, 3)), axis=0)
    return Clip("turning", turning, rng.normal(0, 1, (count, 3)), (np.arange(count) / 25).astype(np.float32))


@cache
def encoded(animated: bool = False) -> bytes:
    return encode_avatar(avatar(), MADE, clip() if animated else None)
