"""The best of several starts, for one person and for many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import State, mean_state
from ptx.geometry.fitting.search import allocate_results, fit_all, fit_one, write_pose
from ptx.geometry.fitting.solver import allocate_scratch, descend
from ptx.geometry.fitting.starts import BACK, FRONT, LEFT, RIGHT, TORSO_3D, start_state
from tests.geometry.fitting.states import MODEL, PRIOR, SEARCH, exact, likely_state, observed, random_state


@pytest.mark.parametrize(("yaw", "start"), [(0, FRONT), (90, LEFT), (180, BACK), (-90, RIGHT)])
def test_the_start_that_faces_as_the_person_does_wins(yaw: float, start: int) -> None:
    truth = likely_state(np.random.default_rng(5), np.radians(yaw))
    state, scratch = mean_state(PRIOR), allocate_scratch(PRIOR)
    value, winner = fit_one(MODEL, exact(truth, space=False), SEARCH, state, scratch)
    assert winner == start
    assert value < energy(MODEL, exact(truth, space=False), SEARCH.fine.sigmas, truth, scratch.posed)
    assert Rotation.from_matrix(state.root.T @ truth.root).magnitude() < np.radians(25)


def test_3d_keypoints_give_the_only_start() -> None:
    truth = likely_state(np.random.default_rng(6), 2.2)
    state, scratch = mean_state(PRIOR), allocate_scratch(PRIOR)
    _, winner = fit_one(MODEL, exact(truth), SEARCH, state, scratch)
    assert winner == TORSO_3D
    turn = Rotation.from_matrix(state.root.T @ truth.root).magnitude()
    assert turn < np.radians(15)  # starts are 90° apart; the pose prior shares the twist between root and spine


def test_the_result_is_the_best_of_the_starts_that_are_finished() -> None:
    """By hand: every start coarsely, the two best finely, the better one."""
    obs, scratch = observed(4, False), allocate_scratch(PRIOR)
    coarse, states = [], []
    for start in range(4):
        state = mean_state(PRIOR)
        start_state(MODEL, obs, start, state, scratch.posed)
        coarse.append(descend(MODEL, obs, SEARCH.coarse, state, scratch))
        states.append(state)
    kept = np.argsort(coarse)[:2]
    fine = {int(start): descend(MODEL, obs, SEARCH.fine, states[start], scratch) for start in kept}
    state = mean_state(PRIOR)
    value, winner = fit_one(MODEL, obs, SEARCH, state, scratch)
    assert (value, winner) == (min(fine.values()), min(fine, key=fine.__getitem__))
    assert (state.params == states[winner].params).all()
    assert energy(MODEL, obs, SEARCH.fine.sigmas, state, scratch.posed) == value


def test_fewer_starts() -> None:
    obs, scratch = exact(likely_state(np.random.default_rng(5), np.pi), space=False), allocate_scratch(PRIOR)
    _, winner = fit_one(MODEL, obs, SEARCH._replace(starts=2), mean_state(PRIOR), scratch)
    assert winner in (FRONT, LEFT)
    value, winner = fit_one(MODEL, obs, SEARCH._replace(keep=0), mean_state(PRIOR), scratch)
    assert (value, winner) == (np.inf, -1)


def test_many_people_are_fitted_one_by_one() -> None:
    rng = np.random.default_rng(7)
    people = [exact(likely_state(rng, yaw)) for yaw in (0, 1, 2, 3)]
    observations = Observations(*(np.stack(arrays) for arrays in zip(*people, strict=True)))
    results, scratch = allocate_results(4, PRIOR), allocate_scratch(PRIOR)
    fit_all(MODEL, observations, np.array([3, 1]), SEARCH, results, scratch)
    for n in (1, 3):
        state, pose = mean_state(PRIOR), np.zeros((24, 3))
        value, winner = fit_one(MODEL, people[n], SEARCH, state, scratch)
        write_pose(PRIOR, state, pose)
        assert (results.energy[n], results.start[n]) == (value, winner)
        assert (results.params[n] == state.params).all()
        assert (results.pose[n] == pose).all()
        assert (results.points[n] == scratch.posed.points).all()
    for n in (0, 2):
        assert results.start[n] == -1
        assert not any(array[n].any() for array in (results.pose, results.params, results.energy, results.points))


@pytest.mark.parametrize("seed", range(3))
def test_written_poses_turn_the_joints_as_the_state_does(seed: int) -> None:
    """Rotations along the tree, by SciPy, are those of the posed skeleton."""
    state, scratch, pose = random_state(seed), allocate_scratch(PRIOR), np.empty((24, 3))
    write_pose(PRIOR, state, pose)
    pose_skeleton(MODEL, State(state.root, state.params), scratch.posed)
    local = Rotation.from_rotvec(pose).as_matrix()
    world = [local[0]]
    for j in range(1, 24):
        world.append(world[MODEL.skeleton.parents[j]] @ local[j])
    np.testing.assert_allclose(world, scratch.posed.rotations, atol=1e-9)
    assert (np.linalg.norm(pose, axis=1) <= np.pi + 1e-9).all()
