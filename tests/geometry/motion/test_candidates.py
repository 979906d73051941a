"""Candidates for single frames, and paths through them."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import State, allocate_posed
from ptx.geometry.fitting.search import fit_one
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.motion.candidates import (
    HELD,
    ORDERS,
    OWN,
    POINTS,
    TRACKED,
    Candidates,
    Own,
    allocate_candidates,
    exchange,
    fit_alone,
    jump_cost,
    own_view,
    search_at,
    search_path,
    to_path,
)
from ptx.geometry.rotation import rotation_matrices
from tests.geometry.motion.scenes import DOFS, PRIOR, SHAPED

MODEL = SHAPED._replace(prior=PRIOR)
SEARCH = FitOptions().search()
STARTS = 12


def swinging(count: int) -> Observations:
    """Keypoints and landmarks, metres, of an upright person whose arms and legs swing; turned aside, so that sides can be told."""
    posed, params = allocate_posed(PRIOR), np.zeros(DOFS + 14)
    flat, deep = [], []
    for n in range(count):
        params[:DOFS] = PRIOR.mean + 0.5 * PRIOR.sigma * np.sin(0.25 * n + np.arange(DOFS))
        pose_skeleton(MODEL, State(rotation_matrices(np.array([0, 0.5, 0])).astype(float), params), posed)
        flat.append(posed.points[:, :2].copy())
        deep.append(posed.points[:18].copy())
    return Observations(np.array(flat), np.ones((count, 30)), np.array(deep), np.ones((count, 18)))


def least_path(observations: Observations) -> tuple[list[int], Candidates]:
    """The candidates on the path of least cost, and all of them."""
    count = len(observations.xy)
    out = allocate_candidates(count, DOFS + 14)
    view = Own(observations, np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 2)), np.zeros(3))
    seconds = np.full(count, 1 / 30)
    chosen = search_path(MODEL, observations, view, view, seconds, None, FitOptions(), allocate_scratch(PRIOR), out)
    path = [int(chosen)]
    for n in range(count - 1, 0, -1):
        path.append(int(out.before[n, path[-1]]))
    return path[::-1], out


def test_orders() -> None:
    as_is, legs, everything = ORDERS
    assert as_is.tolist() == list(range(30))
    sides = {"left": "right", "right": "left"}
    for k, name in enumerate(POINTS):
        side, _, rest = name.partition("_")
        other = f"{sides[side]}_{rest}" if side in sides else name
        assert POINTS[everything[k]] == other
        assert POINTS[legs[k]] == (other if rest in ("hip", "knee", "ankle", "heel", "toe") else name)


def test_exchange() -> None:
    rng = np.random.default_rng(0)
    obs = Observations(rng.normal(size=(30, 2)), rng.random(30), rng.normal(size=(18, 3)), rng.random(18))
    out = exchange(obs, ORDERS[2])
    right, left = POINTS.index("right_wrist"), POINTS.index("left_wrist")
    for mine, its in zip(out, obs, strict=True):
        assert np.array_equal(mine[right], its[left])
        assert np.array_equal(mine[0], its[0])
    toes = POINTS.index("left_toe"), POINTS.index("right_toe")
    assert np.array_equal(out.xy[toes[0]], obs.xy[toes[1]])


def test_own_fits() -> None:
    """The best is that of `fit_one`; without depth the second is another start's."""
    seen = swinging(1)
    flat = Observations(seen.xy[0], seen.weight[0], seen.xyz[0], np.zeros(18))
    scratch, state = allocate_scratch(PRIOR), State(np.zeros((3, 3)), np.zeros(DOFS + 14))
    found = fit_alone(MODEL, flat, SEARCH, scratch, 2)
    value, _ = fit_one(MODEL, flat, SEARCH, state, scratch)
    least, best = min(found, key=lambda pair: pair[0])
    assert len(found) == 2
    assert least == value
    assert np.array_equal(best.root, state.root)
    assert np.array_equal(best.params, state.params)
    for mine, its in found:
        assert mine == pytest.approx(energy(MODEL, flat, SEARCH.fine.sigmas, its, scratch.posed))
    deep = Observations(seen.xy[0], seen.weight[0], seen.xyz[0], seen.weight3[0])
    assert len(fit_alone(MODEL, deep, SEARCH, scratch, 2)) == 1  # 3D keypoints of the torso say where it faces


def test_frames_of_their_own() -> None:
    """A state brought to the path's frame projects to the same pixels, also where the pelvis is far from the origin, as SMPL's is."""
    bones = MODEL.skeleton.bones + (np.arange(24) == 0)[:, None] * (0.1, -0.2, 0.3)
    model = MODEL._replace(skeleton=MODEL.skeleton._replace(bones=bones))
    rng = np.random.default_rng(0)
    own = Frame(rng.uniform(0, 500, (3, 2)), rng.uniform(50, 300, 3), rng.uniform(-2, 2, 3))
    path = Frame(np.tile([250.0, 200.0], (3, 1)), np.full(3, 120.0), np.zeros(3))
    seen = Observations(
        rng.uniform(0, 500, (3, 30, 2)), np.ones((3, 30)), rng.normal(size=(3, 18, 3)), np.ones((3, 18))
    )
    view, posed = own_view(model, seen, own, path), allocate_posed(PRIOR)
    params = rng.normal(0, 0.1, (3, DOFS + 14))
    roots = rotation_matrices(rng.normal(size=(3, 3))).astype(float)
    for n in range(3):
        pixels = []
        for frame in (own, path):
            state = State(roots[n].copy(), params[n].copy())
            if frame is path:
                to_path(view, n, state)
            pose_skeleton(model, state, posed)
            flat = np.exp(state.params[-4]) * posed.points[:, :2] + state.params[-3:-1]
            flat = flat @ frame.rotations[n, :2, :2].T
            pixels.append(frame.centre[n] + frame.unit[n] * flat * (1, -1))
        np.testing.assert_allclose(pixels[0], pixels[1], atol=1e-9)


def test_search_at_a_size() -> None:
    larger = search_at(SEARCH, 3.0)
    for mine, its in ((larger.fine, SEARCH.fine), (larger.coarse, SEARCH.coarse)):
        assert mine.sigmas.keypoint == 3 * its.sigmas.keypoint
        assert mine.sigmas.keypoint_cutoff == 3 * its.sigmas.keypoint_cutoff
        assert mine.sigmas.keypoint3d == its.sigmas.keypoint3d
        assert mine.iterations == its.iterations


def test_jumps() -> None:
    before = np.random.default_rng(0).normal(size=(18, 3))
    assert jump_cost(before, before, 0.1) == 0
    assert jump_cost(before, before + (0.06, 0, 0.08), 0.1) == pytest.approx(18 / 1.01)
    assert jump_cost(before, before + (9e3, 0, 0), 0.1) == pytest.approx(18 * 100, rel=1e-6)


def test_a_steady_motion_is_followed() -> None:
    path, out = least_path(swinging(12))
    assert all(c in (HELD, TRACKED) or c >= OWN for c in path)
    assert not any(c == HELD and wild for c, wild in zip(path, out.wild, strict=True))
    assert np.isinf(out.cost[1:, 6:]).all()  # nobody lies


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("frames", [slice(4, 7), slice(0, 3), slice(9, 12)])
def test_exchanged_sides(order: int, frames: slice) -> None:
    """Of the legs or of everything, for three frames: in the middle, at the beginning, at the end."""
    true = swinging(12)
    wrong = Observations(*(array.copy() for array in true))
    for array in wrong:
        array[frames] = array[frames][:, ORDERS[order][: array.shape[1]]]
    path, _ = least_path(wrong)
    exchanged = [c - TRACKED if TRACKED <= c < OWN else 0 for c in path]
    assert exchanged == [order * (frames.start <= n < frames.stop) for n in range(12)]


def test_frames_that_are_wrong() -> None:
    """Two frames of somebody who stands 0.8 m aside: the state of the frame before is kept."""
    seen = swinging(12)
    seen.xy[5:7, :, 0] += 0.8
    path, out = least_path(seen)
    assert [c == HELD and bool(wild) for c, wild in zip(path, out.wild, strict=True)] == [
        n in (5, 6) for n in range(12)
    ]
    assert np.array_equal(out.params[6, HELD], out.params[5, HELD])
