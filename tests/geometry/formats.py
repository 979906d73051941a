"""Small bodies as files of SMPL-H and SMPL-X hold them, for the official files may not be passed on: the shipped small body, given
fingers, a jaw and eyes, and random blend shapes."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from ptx.geometry.body import SHIPPED
from ptx.geometry.joints import joint

LEFT, RIGHT, HEAD = joint("left_wrist"), joint("right_wrist"), joint("head")

KEYS = ("v_template", "f", "weights", "J_regressor", "kintree_table", "shapedirs")
"""What is taken of the small body; landmarks are found by shape, since official files have none."""


def finger_parents(wrist: int, first: int) -> list[int]:
    """Parents of the 15 joints of a hand: five fingers of three joints, each the parent of the next."""
    return [wrist if k % 3 == 0 else first + k - 1 for k in range(15)]


def tree(format_: str) -> list[int]:
    """Parents of the joints, in the order of smplx's joint_names.py."""
    body = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]
    if format_ == "SMPL":
        return [*body, 20, 21]
    if format_ == "SMPL-H":
        return [*body, *finger_parents(LEFT, 22), *finger_parents(RIGHT, 37)]
    return [*body, HEAD, HEAD, HEAD, *finger_parents(LEFT, 25), *finger_parents(RIGHT, 40)]


def format_arrays(format_: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays by SMPL's names of a body of 1,229 vertices in one of the formats."""
    rng = np.random.default_rng(seed)
    with np.load(SHIPPED["small"]) as file:
        arrays = {key: file[key].astype(np.int64 if key in ("f", "kintree_table") else np.float64) for key in KEYS}
    parents = tree(format_)
    count, joints = len(arrays["v_template"]), len(parents)
    own = [root(parents, number) for number in range(joints)]
    hands = {LEFT: joint("left_hand"), RIGHT: joint("right_hand"), HEAD: HEAD}
    weights, regressor = np.zeros((count, joints)), np.zeros((joints, count))
    weights[:, :22], regressor[:22] = arrays["weights"][:, :22], arrays["J_regressor"][:22]
    for carrier, hand in hands.items():
        members = [number for number in range(22, joints) if own[number] == carrier]
        share = rng.dirichlet(np.ones(len(members) + (carrier == HEAD)), count)
        if carrier == HEAD:
            weights[:, HEAD] *= share[:, -1]
        weights[:, members] = arrays["weights"][:, [hand]] * share[:, : len(members)]
        near = arrays["weights"][:, hand] + 1e-9
        regressor[members] = rng.dirichlet(near / near.sum() * 50 + 1e-3, len(members))
    shapes = {"SMPL": 10, "SMPL-H": 16, "SMPL-X": 400}[format_]
    shapedirs = rng.normal(0, 1e-3, (count, 3, shapes))
    shapedirs[..., :10] = arrays["shapedirs"]
    return {
        **arrays, "weights": weights, "J_regressor": regressor, "kintree_table": np.array([parents, range(joints)]) % 2**32,
        "shapedirs": shapedirs, "posedirs": rng.normal(0, 1e-3, (count, 3, 9 * (joints - 1))),
    }  # fmt: skip


def root(parents: list[int], number: int) -> int:
    """The joint below 22 that a joint hangs on."""
    return number if number < 22 else root(parents, parents[number])


def as_file(arrays: dict[str, np.ndarray], path: Path) -> Path:
    """Write a body as .npz or as a pickle of Python 2's protocol, by the name's ending."""
    if path.suffix == ".npz":
        np.savez(path, **arrays, joint2num=np.array({"Jaw": 22}, object))  # SMPL-X's files hold a dictionary too
    else:
        path.write_bytes(pickle.dumps(arrays, protocol=2))
    return path
