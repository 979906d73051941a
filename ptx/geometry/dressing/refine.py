"""The pose refined: a fit goes on with the outline of the person among its observations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.dressing.outline import BodyOutline, Outline, body_outline, mask_outline, match
from ptx.geometry.dressing.skin_rows import SkinPoints, add_skin_rows, shaped_skin
from ptx.geometry.fitting.checks import split_keypoints
from ptx.geometry.fitting.energy import Observations, Sigmas, energy
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.fitting.model import BETAS, CAMERA_PARAMS, LOG_SCALE, ROOT_TURN, FitModel, State, skeleton_of
from ptx.geometry.fitting.normal_equations import System, normal_equations
from ptx.geometry.fitting.priors import Prior, build_prior
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.fitting.solver import Scratch, allocate_scratch, copy_state, solve, take_step
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import pose_vertices

Floats = NDArray[np.float64]

ITERATIONS = 7
"""Gauss-Newton steps."""

TRACED = (1, 3, 4)
"""Steps before which the body's outline is traced anew."""

ANCHOR = np.radians(12.0)
"""Standard deviation, radians, of what a degree of freedom leaves the first fit by, which knows more of depth than an outline does."""

ROOT_ANCHOR = np.radians(15.0)
"""The same of a step of the root."""

PRIOR_WIDTH = 2.0
"""Factor on the standard deviations of the first fit's priors of angles: the anchor has their information already."""

SIGMAS = Sigmas(
    keypoint=0.018,
    keypoint_cutoff=0.12,
    keypoint3d=0.06,
    keypoint3d_cutoff=0.25,
    depth_factor=1.5,
    joint_limit=0.1,
    upright=10.0,
    lean=0.2,
    lean_cutoff=0.4,
    betas=1.0,
    log_scale=0.05,
    log_scale_3d=0.15,
)
"""Standard deviations of the terms that the first fit has too.

`lean` is wider than there: a camera that looks down by θ sees who stands upright lean by θ, and with θ of 8° standard deviation integrated
out, .12 m of balance become √(.12² + (1.1 m · .14)²).
"""

OUTSIDE, INSIDE = 0.012, 0.03
"""Standard deviation, metres, of the body's outline beyond that of the mask, and within it: clothes are outside of the body."""

CUTOFF = 0.07
"""Metres of distance between outlines beyond which a pair hardly counts (Geman-McClure)."""

SHARE = 30.0
"""Weight of the whole outline, both ways, in keypoints."""

TURN = 0.064
"""Metres that a unit of difference between normals counts in the search of the nearest point."""

AGREE = 0.5
"""Least cosine between the normals of a pair."""

DAMPING = 1e-3
"""Damping of every step, as a fraction of the Hessian's diagonal."""


class Person(NamedTuple):
    """Observations of a person in a picture: keypoints, landmarks and mask, px."""

    keypoints: NDArray[np.floating]
    """(18, 3) as for `fit`."""
    keypoints3d: NDArray[np.floating] | None
    """(18, 4) as for `fit`."""
    landmarks: NDArray[np.floating] | None
    """(12, 3) as for `fit`."""
    mask: NDArray[np.floating]
    """(H, W) 0 to 1."""
    area: NDArray[np.bool_] | None = None
    """(H, W) False where the picture is no photograph but filling beyond its edge; None: nowhere."""
    image: NDArray[np.uint8] | None = None
    """(H, W, 3) RGB, in which hems and long hair are looked for; None: they are not."""
    trousers: bool = False
    """Whether legs that the photograph ends above are known to be clothed."""
    garments: GarmentMap | None = None
    """(H, W) labels, by which skirts and long hair are told rather than by colours; None: nothing is labelled."""

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the picture, px."""
        return self.mask.shape[0], self.mask.shape[1]


class Posed(NamedTuple):
    """A body before its camera."""

    pose: NDArray[np.float32]
    """(24, 3) axis-angle, radians."""
    betas: NDArray[np.float32]
    """(10,)."""
    camera: NDArray[np.float32]
    """(3,) px per metre, px, px."""
    hands_pose: NDArray[np.float32] | None = None
    """(30, 3) axis-angle of the fingers, radians; None: at rest."""

    def vertices(self, body: Body, offset: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Compute the vertices (V, 3), metres, with displacements (V, 3) of the skin."""
        fingers = None if self.hands_pose is None else self.hands_pose[None]
        moved = None if offset is None else offset[None]
        vertices: NDArray[np.float32] = pose_vertices(body, self.pose[None], self.betas, fingers, moved)[0]
        return vertices

    def points(self, body: Body, offset: NDArray[np.float32] | None = None) -> NDArray[np.floating]:
        """Compute the vertices (V, 3) as the camera sees them: u, v px, depth m."""
        return project(self.camera, self.vertices(body, offset))


def refine(body: Body, start: Posed, person: Person, covered: NDArray[np.bool_] | None = None) -> Posed:
    """Refine pose, shape and camera by the outline of the mask, beside keypoints and landmarks.

    Damped Gauss-Newton on the energy of the fit plus, for each point of either outline, the distance along the mask's normal to the
    nearest of the other.

    Args:
        body: the body model.
        start: a fit.
        person: of the same picture.
        covered: (V,) vertices under a skirt, whose outline is not theirs; None: none is.
    """
    target = mask_outline(person.mask, step=2, area=person.area)
    if not len(target.xy):
        return start
    model, state, frame = _open(body, start)
    obs = _observe(person, frame)
    first = state.params[: len(model.prior.mean)].copy()
    scratch = allocate_scratch(model.prior)
    pairs: _Pairs | None = None
    for iteration in range(ITERATIONS):
        energy(model, obs, SIGMAS, state, scratch.posed)
        normal_equations(model, obs, SIGMAS, state, scratch.posed, scratch.system)
        if iteration in TRACED or pairs is not None:
            posed = _posed(model, state, frame, start)
            points = posed.points(body)
            if iteration in TRACED:
                pairs = _pair(body, points, float(posed.camera[0]), target, person, covered)
            if pairs is not None:
                _add_outline(body, model, state, posed, points, pairs, target, scratch)
        _add_anchor(scratch.system, state, first)
        if not solve(
            scratch.system.hessian, DAMPING, scratch.system.gradient, scratch.system.factor, scratch.system.step
        ):
            break
        take_step(state, scratch.system.step, len(first), scratch.trial)
        copy_state(scratch.trial, state)
    return _posed(model, state, frame, start)


def _open(body: Body, start: Posed) -> tuple[FitModel, State, Frame]:
    """Bring a posed body to a fit's unknowns, exactly: what the degrees of freedom cannot express becomes the joints' rest."""
    wide = build_prior(landmarks=True)
    rotations = np.asarray(rotation_matrices(np.asarray(start.pose, np.float64)), np.float64)
    dofs, rest = _degrees_of_freedom(wide, rotations)
    prior = wide._replace(rest=rest, sigma=PRIOR_WIDTH * wide.sigma)
    params = np.concatenate([dofs, start.betas, np.zeros(CAMERA_PARAMS)]).astype(np.float64)
    scale, x, y = (float(number) for number in start.camera)
    frame = Frame(np.array([[x, y]]), np.array([scale]), np.zeros(1))
    model = FitModel(skeleton_of(body, attach_landmarks(body)), prior)
    return model, State(rotations[0].copy(), params), frame


def _degrees_of_freedom(prior: Prior, rotations: Floats) -> tuple[Floats, Floats]:
    """Find the degrees of freedom (D,) nearest to rotations (24, 3, 3), and the rests (24, 3, 3) with which they give exactly these."""
    axes = np.zeros((JOINT_COUNT, 3, len(prior.mean)))
    for j in range(JOINT_COUNT):
        for entry in range(prior.first[j], prior.first[j + 1]):
            axes[j, :, prior.dof[entry]] += prior.axis[entry]
    wanted = axis_angles(rotations @ prior.rest.swapaxes(1, 2))
    free = axes[1:].reshape(-1, len(prior.mean))
    dofs: Floats = np.linalg.lstsq(free, wanted[1:].reshape(-1), rcond=None)[0]
    rest = rotation_matrices(axes @ dofs).swapaxes(1, 2) @ rotations
    return dofs, np.asarray(rest, np.float64)


def _observe(person: Person, frame: Frame) -> Observations:
    """Bring a person's points to the frame of the fit."""
    landmarks = np.zeros((len(LANDMARKS), 3)) if person.landmarks is None else person.landmarks
    pixels, weight = split_keypoints(np.concatenate([person.keypoints, landmarks]), 0.0)
    deep = np.zeros((len(person.keypoints), 4)) if person.keypoints3d is None else person.keypoints3d
    xyz, weight3 = split_keypoints(deep, 0.0)
    return Observations((pixels - frame.centre[0]) / frame.unit[0] * (1, -1), weight, xyz, weight3)


def _posed(model: FitModel, state: State, frame: Frame, start: Posed) -> Posed:
    """Return the body of a state; joints without degrees of freedom, and fingers, are posed as at the start."""
    pose = np.zeros((JOINT_COUNT, 3))
    write_pose(model.prior, state, pose)
    fixed = model.prior.first[1:] == model.prior.first[:-1]
    fixed[0] = False
    pose[fixed] = start.pose[fixed]
    betas = state.params[-CAMERA_PARAMS - BETAS : -CAMERA_PARAMS]
    camera = frame.camera(state.params[None])[0]
    return Posed(pose.astype(np.float32), betas.astype(np.float32), camera.astype(np.float32), start.hands_pose)


class _Pairs(NamedTuple):
    """Points of the body's outline that go with points of the mask's."""

    body: BodyOutline
    """(M) a pair each."""
    mask: NDArray[np.int64]
    """(M,) row of the mask's outline."""
    share: Floats
    """(M,) weights that sum to 1."""


def _pair(
    body: Body,
    points: NDArray[np.floating],
    scale: float,
    target: Outline,
    person: Person,
    covered: NDArray[np.bool_] | None = None,
) -> _Pairs | None:
    """Trace the outline of projected vertices (V, 3) and pair it with that of the mask; None where they are outside of the picture."""
    outline = body_outline(points, body.faces, person.size, step=2, area=person.area)
    if not len(outline.weights):
        return None
    pairs = match(outline.outline, target, TURN * scale)
    ours, theirs = pairs.nearest, len(pairs.body) - pairs.nearest
    share = np.concatenate([np.full(ours, 0.5 / ours), np.full(theirs, 0.5 / theirs)])
    agree = (outline.outline.normals[pairs.body] * target.normals[pairs.mask]).sum(axis=1) > AGREE
    if covered is not None:
        agree &= ~np.isin(outline.vertices[pairs.body], np.flatnonzero(covered)).any(axis=1)
    return _Pairs(outline.only(pairs.body[agree]), pairs.mask[agree], share[agree])


def _add_outline(
    body: Body,
    model: FitModel,
    state: State,
    posed: Posed,
    points: NDArray[np.floating],
    pairs: _Pairs,
    target: Outline,
    scratch: Scratch,
) -> None:
    """Add the rows of the outline: the distance of its points, of vertices (V, 3) px, from their partners, along the mask's normals."""
    skin = shaped_skin(body, posed.betas.astype(np.float64), None)
    xy = (points[:, :2][pairs.body.vertices] * pairs.body.weights[..., None]).sum(axis=1)
    normals = target.normals[pairs.mask]
    residual = ((xy - target.xy[pairs.mask]) * normals).sum(axis=1) / (
        float(posed.camera[0]) / np.exp(state.params[LOG_SCALE])
    )
    falloff = (CUTOFF**2 / (CUTOFF**2 + residual**2)) ** 2
    weight = SHARE * pairs.share * falloff / np.where(residual > 0, OUTSIDE, INSIDE) ** 2
    drawn = SkinPoints(pairs.body.vertices, pairs.body.weights, normals * (1, -1), residual, weight)
    add_skin_rows(model, scratch.posed, state.params, skin, drawn, scratch.system)


def _add_anchor(system: System, state: State, first: Floats) -> None:
    """Add the anchor to the first fit."""
    rows = ROOT_TURN + np.arange(len(first))
    system.hessian[rows, rows] += 1 / ANCHOR**2
    system.gradient[rows] += (state.params[: len(first)] - first) / ANCHOR**2
    rows = np.arange(ROOT_TURN)
    system.hessian[rows, rows] += 1 / ROOT_ANCHOR**2
