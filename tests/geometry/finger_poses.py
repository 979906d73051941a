"""Hands in random poses within the limits of fingers, for tests."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.fitting.hand_priors import HandPrior, build_hand_prior


def prior_of(body: Body) -> HandPrior:
    """The prior of a body's fingers."""
    return build_hand_prior(body.joint_template, body.fingers)


def pose_of(prior: HandPrior, angles: np.ndarray) -> np.ndarray:
    """Pose (30, 3) of both hands with the same angles (D,) radians, or with those of each (2, D)."""
    angles = np.broadcast_to(angles, (2, len(prior.mean)))
    out = prior.straight.copy()
    for joint in range(15):
        for turn in range(prior.first[joint], prior.first[joint + 1]):
            out[:, joint] += angles[:, prior.dof[turn], None] * prior.axis[:, turn]
    return out.reshape(30, 3)


def random_fingers(body: Body, count: int, rng: np.random.Generator) -> np.ndarray:
    """Poses (count, 30, 3)."""
    prior = prior_of(body)
    angles = prior.mean + rng.normal(0, 1, (count, 2, len(prior.mean))) * prior.sigma
    return np.stack([pose_of(prior, one) for one in np.clip(angles, prior.lower, prior.upper)])
