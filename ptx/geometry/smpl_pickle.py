"""Read the body models of SMPL's official .pkl files."""

from __future__ import annotations

from pathlib import Path

from ptx.geometry.safe_pickle import Numbers, load_pickle, numbers

SMPL_KEYS = ("v_template", "f", "weights", "J_regressor", "kintree_table", "shapedirs", "posedirs")
"""SMPL's own names of the arrays of a body model."""


def read_smpl_pickle(path: Path) -> dict[str, Numbers]:
    """Read the arrays of an official SMPL pickle, by SMPL's own names (those of `SMPL_KEYS` that it has).

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no pickle of arrays; one line says what is wrong.
    """
    try:
        content = load_pickle(path)
        return {key: numbers(content[key]) for key in SMPL_KEYS if key in content}
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file makes of an array
        detail = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: not an SMPL pickle: {detail}") from error
