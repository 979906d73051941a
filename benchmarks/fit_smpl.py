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
from ptx.geometry.fitting.checks import split_keypoints
from ptx.geometry.fitting.energy import Observations, Sigmas, energy
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import (
    BETAS,
    CX,
    LOG_SCALE,
    LOG_SCALE_3D,
    FitModel,
    State,
    allocate_posed,
    mean_state,
    parameter_count,
    skeleton_of,
)
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.starts import YAWS, guess_scale
from ptx.geometry.joints import ANKLES, TORSO, joint, keypoint
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
        self.body = body
        self.model = FitModel(skeleton_of(body), PRIOR)
        self.posed = allocate_posed(PRIOR)
        pose_skeleton(self.model, mean_state(PRIOR), self.posed)
        pixels, self.weight = split_keypoints(keypoints, 0.0)
        unit = guess_scale(pixels, self.weight, self.posed.points)
        centre = (pixels * self.weight[..., None]).sum(1) / self.weight.sum(1)[:, None]
        self.xy = (
            Frame(centre, unit, np.zeros(len(unit))).observe(pixels, self.weight, np.zeros((0, 3)), np.zeros(0)).xy
        )

    def energy(self, n: int, state: State, sigmas: Sigmas) -> float:
        """Ours, of one image."""
        obs = Observations(self.xy[n], self.weight[n], np.zeros((18, 3)), np.zeros(18))
        return energy(self.model, obs, sigmas, state, self.posed)


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
            name: torch.tensor(getattr(PRIOR, name)) for name in ("mean", "sigma", "lower", "upper", "sigma_factor")
        }

    def keypoints(self, root: torch.Tensor, params: torch.Tensor) -> torch.Tensor:
        """(R, 18, 3) relative to the pelvis."""
        local = to_rotations(torch.einsum("rd,jdc->rjc", params[:, :DOFS], self.axes)) @ self.rest
        body = self.model(
            global_orient=root[:, None].float(),
            body_pose=local[:, 1:].float(),
            betas=params[:, DOFS : DOFS + BETAS].float(),
            pose2rot=False,
        )
        joints = body.joints.double()
        joints = joints - joints[:, :1]
        out = torch.zeros(len(params), 18, 3, dtype=torch.float64)
        for k, j in LIMB_JOINTS:
            out[:, k] = joints[:, j]
        out[:, keypoint("neck")] = (joints[:, joint("left_shoulder")] + joints[:, joint("right_shoulder")]) / 2
        for order, k in enumerate(HEAD):
            out[:, k] = joints[:, 24 + order]
        return out

    def __call__(self, root: torch.Tensor, params: torch.Tensor, sigmas: Sigmas) -> torch.Tensor:
        """(R,) energies."""
        points = self.keypoints(root, params)
        scale = params[:, LOG_SCALE].exp()[:, None, None]
        square = ((scale * points[..., :2] + params[:, None, CX : CX + 2] - self.xy) ** 2).sum(-1)
        cutoff2, p = sigmas.keypoint_cutoff**2, self.prior
        sigma = sigmas.keypoint * p["sigma_factor"]
        total = (self.weight * square * cutoff2 / (cutoff2 + square) / sigma**2).sum(-1)
        lean = points[:, TORSO, 2].mean(-1) - points[:, ANKLES, 2].mean(-1)
        cutoff2 = sigmas.lean_cutoff**2
        total = total + lean**2 * cutoff2 / (cutoff2 + lean**2) / sigmas.lean**2
        dofs = params[:, :DOFS]
        beyond = (dofs - p["upper"]).clamp(min=0) + (dofs - p["lower"]).clamp(max=0)
        total = total + (((dofs - p["mean"]) / p["sigma"]) ** 2 + (beyond / sigmas.joint_limit) ** 2).sum(-1)
        total = total + ((params[:, DOFS : DOFS + BETAS] / sigmas.betas) ** 2).sum(-1)
        up = root[:, :, 1] - torch.tensor([0.0, 1.0, 0.0])
        total = total + (up**2).sum(-1) / sigmas.upright**2
        total = total + (params[:, LOG_SCALE] / sigmas.log_scale) ** 2
        return total + (params[:, LOG_SCALE_3D] / sigmas.log_scale_3d) ** 2


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
    params = torch.zeros(images * starts, parameter_count(PRIOR), dtype=torch.float64)
    params[:, :DOFS] = torch.tensor(PRIOR.mean)
    params.requires_grad_()
    search = FitOptions().search()
    wide, true = search.coarse.sigmas, search.fine.sigmas
    for stage, sigmas in ((coarse, wide), (fine, true)):
        stage([turn, params], lambda sigmas=sigmas: peer(to_rotations(turn) @ first, params, sigmas).sum())
    roots, found = (to_rotations(turn) @ first).detach().numpy(), params.detach().numpy()
    states = [State(np.ascontiguousarray(root), one) for root, one in zip(roots, found, strict=True)]
    values = [problem.energy(i // starts, state, true) for i, state in enumerate(states)]
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
