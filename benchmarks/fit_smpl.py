"""`fit` against SMPLify's way: the same energy through autograd on `smplx`, minimised by Adam and by L-BFGS. One core.

    python benchmarks/fit_smpl.py [--images 8] [--timed 400]

The peers start from the same four directions, with the wide terms first and the true ones after, as ours does; the best
start of each image counts. Every result is judged by the same function, ptx's energy. Accuracy against the truth is in
fit_accuracy.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from common import SIZE, processor, table

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import Body, load_body
from ptx.geometry.fitting import FitOptions, fit
from ptx.geometry.fitting.energy import Observation, Widths, energy
from ptx.geometry.fitting.fit import _widths
from ptx.geometry.fitting.kinematics import BETAS, allocate, pose_skeleton, skeleton_of
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.starts import YAWS, guess_scale
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.rotation import rotation_matrices

PRIOR = build_prior()
DOFS = len(PRIOR.mean)
LIMB_JOINTS = [
    (keypoint(f"{s}_{n}"), joint(f"{s}_{n}"))
    for s in ("left", "right")
    for n in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
HEAD = [keypoint(n) for n in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]


class Problem:
    """Keypoints of N images relative to their centres, in metres by a first guess of the scale, as `fit` sees them."""

    def __init__(self, body: Body, keypoints: np.ndarray) -> None:
        self.body, self.skeleton, self.work = body, skeleton_of(body), allocate(PRIOR)
        pose_skeleton(self.skeleton, PRIOR, np.eye(3), PRIOR.mean, np.zeros(BETAS), self.work)
        self.weight = keypoints[..., 2].astype(np.float64)
        pixels = np.nan_to_num(keypoints[..., :2]).astype(np.float64)
        unit = guess_scale(pixels, self.weight, self.work.points)
        centre = (pixels * self.weight[..., None]).sum(1) / self.weight.sum(1)[:, None]
        self.xy = (pixels - centre[:, None]) / unit[:, None, None] * (1, -1)

    def energy(self, n: int, root: np.ndarray, rest: np.ndarray, widths: Widths) -> float:
        """Ours, of one image."""
        seen = Observation(self.xy[n], self.weight[n], np.zeros((18, 3)), np.zeros(18))
        return energy(self.skeleton, PRIOR, seen, widths, root, rest, self.work)


def to_rotations(vectors: torch.Tensor) -> torch.Tensor:
    """(..., 3) axis-angle → (..., 3, 3), by the matrix exponential."""
    x, y, z = vectors.unbind(-1)
    o = torch.zeros_like(x)
    skew = torch.stack([o, -z, y, z, o, -x, -y, x, o], dim=-1).reshape(*vectors.shape[:-1], 3, 3)
    return torch.linalg.matrix_exp(skew)


class Peer:
    """The energy in torch: parameters → smplx's mesh and joints → keypoints → residuals and priors."""

    def __init__(self, problem: Problem, rows: int) -> None:
        self.model = problem.body.to_smplx(rows)
        self.rest = torch.tensor(PRIOR.rest)
        spread = torch.zeros(24, DOFS, 3, dtype=torch.float64)
        for j in range(24):
            for e in range(PRIOR.first[j], PRIOR.first[j + 1]):
                spread[j, PRIOR.dof[e]] = torch.tensor(PRIOR.axis[e])
        self.axes = spread
        starts = rows // len(problem.xy)
        self.xy = torch.tensor(np.repeat(problem.xy, starts, axis=0))
        self.weight = torch.tensor(np.repeat(problem.weight, starts, axis=0))
        self.prior = {
            name: torch.tensor(getattr(PRIOR, name)) for name in ("mean", "sigma", "lower", "upper", "spread")
        }

    def keypoints(self, root: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
        """(R, 18, 3) relative to the pelvis."""
        local = to_rotations(torch.einsum("rd,jdc->rjc", rest[:, :DOFS], self.axes)) @ self.rest
        body = self.model(
            global_orient=root[:, None].float(),
            body_pose=local[:, 1:].float(),
            betas=rest[:, DOFS : DOFS + BETAS].float(),
            pose2rot=False,
        )
        joints = body.joints.double()
        joints = joints - joints[:, :1]
        out = torch.zeros(len(rest), 18, 3, dtype=torch.float64)
        for k, j in LIMB_JOINTS:
            out[:, k] = joints[:, j]
        out[:, keypoint("neck")] = (joints[:, joint("left_shoulder")] + joints[:, joint("right_shoulder")]) / 2
        for order, k in enumerate(HEAD):
            out[:, k] = joints[:, 24 + order]
        return out

    def __call__(self, root: torch.Tensor, rest: torch.Tensor, widths: Widths) -> torch.Tensor:
        """(R,) energies."""
        points = self.keypoints(root, rest)
        scale = rest[:, -4].exp()[:, None, None]
        square = ((scale * points[..., :2] + rest[:, None, -3:-1] - self.xy) ** 2).sum(-1)
        turn2, p = widths.image_turn**2, self.prior
        total = (self.weight * square * turn2 / (turn2 + square) / (widths.image * p["spread"]) ** 2).sum(-1)
        torso = points[:, [2, 5, 8, 11], 2].mean(-1) - points[:, [10, 13], 2].mean(-1)
        turn2 = widths.balance_turn**2
        total = total + torso**2 * turn2 / (turn2 + torso**2) / widths.balance**2
        dofs = rest[:, :DOFS]
        beyond = (dofs - p["upper"]).clamp(min=0) + (dofs - p["lower"]).clamp(max=0)
        total = total + (((dofs - p["mean"]) / p["sigma"]) ** 2 + (beyond / widths.limit) ** 2).sum(-1)
        total = total + ((rest[:, DOFS : DOFS + BETAS] / widths.betas) ** 2).sum(-1)
        up = root[:, :, 1] - torch.tensor([0.0, 1.0, 0.0])
        total = total + (up**2).sum(-1) / widths.upright**2
        return total + (rest[:, -4] / widths.camera) ** 2 + (rest[:, -1] / widths.space_scale) ** 2


Stage = Callable[[list[torch.Tensor], Callable[[], torch.Tensor]], None]


def adam(steps: int, rate: float) -> Stage:
    """Adam with a rate that falls to a hundredth."""

    def run(parameters: list[torch.Tensor], loss: Callable[[], torch.Tensor]) -> None:
        optimiser = torch.optim.Adam(parameters, rate)
        fall = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.01 ** (1 / steps))
        for _ in range(steps):
            optimiser.zero_grad()
            loss().backward()
            optimiser.step()
            fall.step()

    return run


def lbfgs(steps: int) -> Stage:
    """L-BFGS with a strong Wolfe line search, all rows together, as SMPLify's ports do."""

    def run(parameters: list[torch.Tensor], loss: Callable[[], torch.Tensor]) -> None:
        optimiser = torch.optim.LBFGS(parameters, max_iter=steps, line_search_fn="strong_wolfe", history_size=20)

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            value = loss()
            value.backward()
            return value

        optimiser.step(closure)

    return run


def smplify(problem: Problem, coarse: Stage, fine: Stage) -> np.ndarray:
    """Energies (N,) of the best start of each image."""
    images, starts = len(problem.xy), len(YAWS)
    peer = Peer(problem, images * starts)
    yaws = np.zeros((images * starts, 3))
    yaws[:, 1] = np.tile(np.radians(YAWS), images)
    first = torch.tensor(rotation_matrices(yaws).astype(np.float64))
    turn = torch.zeros(images * starts, 3, dtype=torch.float64, requires_grad=True)
    rest = torch.zeros(images * starts, DOFS + BETAS + 4, dtype=torch.float64)
    rest[:, :DOFS] = torch.tensor(PRIOR.mean)
    rest.requires_grad_()
    wide, true = _widths(FitOptions())
    for stage, widths in ((coarse, wide), (fine, true)):
        stage([turn, rest], lambda widths=widths: peer(to_rotations(turn) @ first, rest, widths).sum())
    roots, rests = (to_rotations(turn) @ first).detach().numpy(), rest.detach().numpy()
    values = [problem.energy(i // starts, np.ascontiguousarray(roots[i]), rests[i], true) for i in range(len(rests))]
    return np.array(values).reshape(images, starts).min(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--timed", type=int, default=400)
    options = parser.parse_args()
    torch.set_num_threads(1)
    people = People(PeopleOptions(options.timed, 1, seed=5, half_body=0))
    keypoints = np.stack([people.truth(i).keypoints for i in range(options.timed)])
    body, size = load_body("builtin"), (SIZE, SIZE)
    fit(body, keypoints[:2], None, size)
    started = time.perf_counter()
    found = fit(body, keypoints, None, size)
    mine = (time.perf_counter() - started) / options.timed
    ours = found.energy[: options.images]
    rows = [["ptx, Gauss-Newton", f"{1 / mine:.0f}", "1", f"{np.median(ours):.2f}", ""]]
    problem = Problem(body, keypoints[: options.images])
    for name, coarse, fine in (
        ("Adam, 150 + 350 steps", adam(150, 0.05), adam(350, 0.03)),
        ("L-BFGS, 40 + 120 steps", lbfgs(40), lbfgs(120)),
    ):
        started = time.perf_counter()
        values = smplify(problem, coarse, fine)
        took = (time.perf_counter() - started) / options.images
        no_worse = np.mean(ours <= values * 1.01)
        rows.append([name, f"{1 / took:.2f}", f"{took / mine:.0f}", f"{np.median(values):.2f}", f"{no_worse:.0%}"])
    print(f"{processor()}, one core, 18 exact keypoints of whole bodies, four starts each\n")
    table(["", "images/s", "ptx is faster by", "median energy", "ptx no worse (within 1 %) on"], rows)


if __name__ == "__main__":
    main()
