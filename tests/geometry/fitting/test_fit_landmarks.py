"""What a fit gains by landmarks of face, hands and feet."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.fitting import fit
from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import differentiate, pose_skeleton
from ptx.geometry.fitting.model import BETAS, FitModel, State, allocate_posed, skeleton_of
from ptx.geometry.fitting.normal_equations import allocate_system, normal_equations
from ptx.geometry.fitting.priors import DOFS, LIMB_DOFS, build_prior
from ptx.geometry.fitting.solver import take_step
from ptx.geometry.joints import joint
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import joint_transforms
from tests.geometry.fitting.states import BODY, SIGMAS, STEP

PRIOR = build_prior(landmarks=True)
MODEL = FitModel(skeleton_of(BODY, attach_landmarks(BODY)), PRIOR)
COUNT = len(PRIOR.mean)
SIZE = (256, 256)


def row(name: str) -> int:
    """Index of a landmark."""
    return LANDMARKS.index(name)


def random_case(seed: int) -> tuple[State, Observations]:
    """Any state, and observations near the body, some missing."""
    rng = np.random.default_rng(seed)
    root = rotation_matrices(rng.normal(0, 1, 3)).astype(np.float64)
    params = np.concatenate([PRIOR.mean + rng.normal(0, 0.5, COUNT), rng.normal(0, 1, BETAS), rng.normal(0, 0.2, 4)])
    weight = rng.uniform(0.2, 1, 18 + len(LANDMARKS))
    weight[rng.choice(len(weight), 6)] = 0
    xy = rng.normal(0, 0.5, (len(weight), 2))
    return State(root, params), Observations(xy, weight, rng.normal(0, 0.5, (18, 3)), rng.uniform(0.2, 1, 18))


def moved(state: State, parameter: int, by: float) -> State:
    """The state after a step along one parameter."""
    step = np.zeros(3 + len(state.params))
    step[parameter] = by
    out = State(np.empty((3, 3)), np.empty(len(state.params)))
    take_step(state, step, COUNT, out)
    return out


@pytest.mark.parametrize("seed", range(2))
def test_derivatives(seed: int) -> None:
    """Jacobian of the points and gradient of the energy, by finite differences."""
    state, obs = random_case(seed)
    posed, other, system = allocate_posed(PRIOR), allocate_posed(PRIOR), allocate_system(PRIOR)
    energy(MODEL, obs, SIGMAS[1], state, posed)
    normal_equations(MODEL, obs, SIGMAS[1], state, posed, system)
    differentiate(MODEL, state.params, posed)
    numeric = []
    for parameter in range(3 + len(state.params)):
        points, values = [], []
        for by in (STEP, -STEP):
            values.append(energy(MODEL, obs, SIGMAS[1], moved(state, parameter, by), other))
            points.append(other.points.copy())
        numeric.append((values[0] - values[1]) / (4 * STEP))
        if parameter < posed.jacobian.shape[2]:
            slope = (points[0] - points[1]) / (2 * STEP)
            assert np.abs(slope - posed.jacobian[:, :, parameter]).max() < 1e-7
    assert np.abs(np.array(numeric) - system.gradient).max() < 1e-6 * (1 + np.abs(numeric).max())


def test_new_degrees_of_freedom_turn_hands_and_feet() -> None:
    """Textbook words: flexion brings the palm to the forearm, ulnar deviation the little finger's side, plantar flexion the toes down."""
    points = attach_landmarks(BODY)
    names = [dof.name for dof in (*DOFS, *LIMB_DOFS)]
    start = State(np.eye(3), np.concatenate([PRIOR.mean * 0, np.zeros(BETAS + 4)]))
    model = FitModel(
        skeleton_of(BODY, points), PRIOR._replace(rest=np.tile(np.eye(3), (24, 1, 1)))
    )  # arms level, palms down

    def travel(dof: str, landmark: str) -> np.ndarray:
        at = []
        for angle in (0.0, 0.3):
            posed = allocate_posed(PRIOR)
            params = start.params.copy()
            params[names.index(dof)] = angle
            pose_skeleton(model, State(start.root, params), posed)
            at.append(posed.points[18 + row(landmark)].copy())
        return at[1] - at[0]

    for side, outwards in (("left", 1), ("right", -1)):
        assert travel(f"{side}_ankle_flexion", f"{side}_toe")[1] < -0.03  # down
        assert outwards * travel(f"{side}_ankle_turn", f"{side}_toe")[0] > 0.03
        assert travel(f"{side}_wrist_flexion", f"{side}_index")[1] < -0.01  # towards the palm, which faces down
        assert travel(f"{side}_wrist_deviation", f"{side}_index")[2] < -0.01  # little finger's side is behind
        assert travel(f"{side}_wrist_twist", f"{side}_index")[1] < -0.005  # pronation lowers the thumb's side


def test_fit_turns_head_hands_and_feet_as_the_landmarks_say() -> None:
    """From exact points of people whose heads, wrists and ankles are turned, against the fit without landmarks."""
    rng = np.random.default_rng(5)
    names = [dof.name for dof in (*DOFS, *LIMB_DOFS)]
    turned = [k for k, name in enumerate(names) if name.startswith("head_") or k >= len(DOFS)]
    count, camera = 24, np.array([110.0, 128.0, 120.0])
    keypoints, landmarks = np.ones((count, 18, 3)), np.ones((count, len(LANDMARKS), 3))
    truth = np.zeros((count, 24, 3, 3))
    posed = allocate_posed(PRIOR)
    for n in range(count):
        params = np.concatenate([PRIOR.mean, np.zeros(BETAS + 4)])
        params[turned] += rng.normal(0, 0.5, len(turned)) * PRIOR.sigma[turned]
        pose_skeleton(
            MODEL, State(rotation_matrices(np.array([0, rng.normal(0, 0.3), 0])).astype(float), params), posed
        )
        pixels = project(camera, posed.points)[:, :2]
        keypoints[n, :, :2], landmarks[n, :, :2], truth[n] = pixels[:18], pixels[18:], posed.rotations

    def errors(pose: np.ndarray, name: str) -> float:
        rotations, _ = joint_transforms(BODY, pose, np.zeros((count, 10)))
        turn = Rotation.from_matrix(rotations[:, joint(name)]).inv() * Rotation.from_matrix(truth[:, joint(name)])
        return float(np.degrees(np.median(turn.magnitude())))

    without = fit(BODY, keypoints, None, SIZE)
    found = fit(BODY, keypoints, None, SIZE, landmarks=landmarks)
    assert not found.problems
    assert not without.pose[:, [joint("left_wrist"), joint("right_ankle")]].any()
    for name in ("left_ankle", "right_ankle", "left_wrist", "right_wrist"):
        assert errors(found.pose, name) < 0.7 * errors(without.pose, name), name
    assert errors(found.pose, "head") < errors(without.pose, "head")
    assert errors(found.pose, "head") < 5


def test_people_without_landmarks_are_fitted_as_if_there_were_none() -> None:
    rng = np.random.default_rng(0)
    keypoints = np.ones((3, 18, 3))
    posed = allocate_posed(PRIOR)
    for n in range(3):
        params = np.concatenate([PRIOR.mean + rng.normal(0, 0.1, COUNT), np.zeros(BETAS + 4)])
        pose_skeleton(MODEL, State(np.eye(3), params), posed)
        keypoints[n, :, :2] = project(np.array([110.0, 128.0, 120.0]), posed.points)[:18, :2]
    landmarks = np.full((3, len(LANDMARKS), 3), np.nan)
    landmarks[..., 2] = 0
    landmarks[1, row("left_toe")] = (150, 240, 1)
    plain = fit(BODY, keypoints, None, SIZE)
    mixed = fit(BODY, keypoints, None, SIZE, landmarks=landmarks)
    for a, b in zip(
        (plain.pose, plain.betas, plain.camera, plain.energy),
        (mixed.pose, mixed.betas, mixed.camera, mixed.energy),
        strict=True,
    ):
        assert (a[[0, 2]] == b[[0, 2]]).all()
    assert mixed.pose[1, joint("left_ankle")].any()
    alone = fit(BODY, keypoints[1:2], None, SIZE, landmarks=landmarks[1:2])
    assert (alone.pose[0] == mixed.pose[1]).all()


def test_wrong_shape() -> None:
    with pytest.raises(ValueError, match=r"landmarks must be \(2, 12, 3\)"):
        fit(BODY, np.zeros((2, 18, 3)), None, SIZE, landmarks=np.zeros((2, 11, 3)))
