"""Read SMPL's official .pkl files, and others of plain values and arrays, without running anything that they say.

A pickle is a program. The official files are Python 2 pickles of chumpy, scipy and numpy objects, so the usual advice is to install
chumpy and trust the file. Here instead each name that such a file may use is on a list and stands for something harmless: a stub that
only holds the state which the file gives it. Any other name is refused before it is looked up. That goes for numpy's arrays too:
numpy believes the flags that a pickled dtype brings, and a wrong one makes it read memory that is not there.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SMPL_KEYS = ("v_template", "f", "weights", "J_regressor", "kintree_table", "shapedirs", "posedirs")

NUMBER = re.compile("[iu][1248]|f[248]")
"""dtypes that are read."""


def read_smpl_pickle(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an official SMPL pickle, by SMPL's own names (those of `SMPL_KEYS` that it has).

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no pickle of arrays; one line says what was found in it.
    """
    try:
        content = load_pickle(path)
        return {key: numbers(content[key]) for key in SMPL_KEYS if key in content}
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file makes of an array
        detail = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: not an SMPL pickle: {detail}") from error


def load_pickle(path: Path) -> dict[Any, Any]:
    """The dictionary that a pickle holds: plain values as they are, and for each array what `numbers` makes one of.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no pickle of a dictionary, or names anything that is not on the list; one line.
    """
    with open(path, "rb") as file:
        try:
            content = _Unpickler(file, encoding="latin1", fix_imports=False).load()
        except Exception as error:  # a damaged pickle can raise anything; nothing of it has been run
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not a dictionary of arrays")
    return content


class _Stub:
    """Stands for an object of a class that is not there: holds its state, has no behaviour."""

    state: dict[str, Any]

    def __new__(cls, *_: object, **__: object) -> _Stub:
        return object.__new__(cls)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"state of a {type(self).__name__} is a {type(state).__name__}")
        self.state = state

    def array(self) -> NDArray[Any]:
        """The numbers that the object stands for."""
        raise NotImplementedError


class _Dtype(_Stub):
    """numpy's dtype: the code of a plain number, and its byte order."""

    def __new__(cls, code: object = None, *_: object, **__: object) -> _Dtype:
        stub: Any = object.__new__(cls)
        stub.state = {"code": code, "order": "|"}
        return stub

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2:
            raise pickle.UnpicklingError("state of a dtype that is none")
        self.state["order"] = state[1]  # all else concerns records and objects

    def decode(self, raw: object, shape: tuple[int, ...], order: Literal["C", "F"]) -> NDArray[Any]:
        """The array (shape) whose memory is `raw`."""
        code, byte_order = self.state["code"], self.state["order"]
        if not (isinstance(code, str) and NUMBER.fullmatch(code)) or byte_order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"an array of type {code!r} where numbers belong")
        kind = np.dtype(code).newbyteorder(byte_order)
        data = raw.encode("latin1") if isinstance(raw, str) else raw  # Python 2's bytes come as text
        if not isinstance(data, bytes) or min(shape, default=0) < 0 or len(data) != math.prod(shape) * kind.itemsize:
            raise pickle.UnpicklingError(f"an array {shape} of {code} that does not have as many bytes")
        return np.frombuffer(data, kind).astype(kind.newbyteorder("=")).reshape(shape, order=order)


class _Array(_Stub):
    """numpy's array."""

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("state of an array that is none")
        self.state = dict(zip(("version", "shape", "dtype", "fortran", "raw"), state, strict=True))

    def array(self) -> NDArray[Any]:
        dtype, shape = self.state["dtype"], tuple(int(n) for n in self.state["shape"])
        if not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("an array without a type")
        return dtype.decode(self.state["raw"], shape, "F" if self.state["fortran"] else "C")


class _Scalar(_Stub):
    """numpy's number."""

    def __new__(cls, dtype: object = None, raw: object = b"") -> _Scalar:
        stub: Any = object.__new__(cls)
        stub.state = {"dtype": dtype, "raw": raw}
        return stub

    def array(self) -> NDArray[Any]:
        if not isinstance(self.state["dtype"], _Dtype):
            raise pickle.UnpicklingError("a number without a type")
        return self.state["dtype"].decode(self.state["raw"], (), "C")


class _Ch(_Stub):
    """chumpy's array."""

    def array(self) -> NDArray[Any]:
        return numbers(self.state["x"])


class _Select(_Stub):
    """chumpy's view on some elements of another array."""

    def array(self) -> NDArray[Any]:
        chosen = numbers(self.state["a"]).ravel()[numbers(self.state["idxs"])]
        return chosen.reshape(_integers(self.state["preferred_shape"]))


class _Csc(_Stub):
    """scipy's sparse matrix by columns."""

    def array(self) -> NDArray[Any]:
        state = self.state
        shape = _integers(state["_shape" if "_shape" in state else "shape"])
        parts = tuple(numbers(state[name]) for name in ("data", "indices", "indptr"))
        matrix = sparse.csc_matrix(parts, shape=shape)
        matrix.check_format(full_check=True)
        return matrix.toarray()


def numbers(value: object) -> NDArray[Any]:
    """The array that a value of `load_pickle` stands for: an array, a number, or (nested) lists of such.

    Raises:
        UnpicklingError: it is something else, or an array that does not add up.
    """
    array = value.array() if isinstance(value, _Stub) else np.asarray(value)
    if array.dtype == object and isinstance(value, list | tuple):
        array = np.array([numbers(one) for one in value])
    if array.dtype.kind not in "fiu":
        raise pickle.UnpicklingError(f"an array of type {array.dtype} where numbers belong")
    return array


def _integers(values: Any) -> tuple[int, ...]:
    return tuple(int(numbers(n)) for n in values)


def _reconstructor(cls: object, base: object, state: object) -> _Stub:
    """`copy_reg._reconstructor`, for stubs only."""
    if not (isinstance(cls, type) and issubclass(cls, _Stub)) or base is not object or state is not None:
        raise pickle.UnpicklingError("copy_reg._reconstructor of something that is no array")
    return cls()


def _encode(text: object, codec: object) -> bytes:
    """`_codecs.encode`: how Python 3 writes bytes in protocol 2."""
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("_codecs.encode with something other than latin1 text")
    return text.encode("latin-1")


def _empty_array(cls: object, shape: object, kind: object) -> _Array:
    """numpy's `_reconstruct`, which is always called for an empty array."""
    if cls is not _Array or shape != (0,) or kind not in (b"b", "b"):
        raise pickle.UnpicklingError("numpy's _reconstruct of something other than an empty array")
    return _Array()


ALLOWED: dict[tuple[str, str], type | Callable[..., Any]] = {
    ("chumpy", "Ch"): _Ch,
    ("chumpy.ch", "Ch"): _Ch,
    ("chumpy.reordering", "Select"): _Select,
    ("scipy.sparse.csc", "csc_matrix"): _Csc,
    ("scipy.sparse._csc", "csc_matrix"): _Csc,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy._core.multiarray", "scalar"): _Scalar,
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("__builtin__", "set"): set,
    ("builtins", "set"): set,
}
"""Every name that a file may use, and what it gets."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no array and no plain value; refused") from None

    def persistent_load(self, _: object) -> Any:
        raise pickle.UnpicklingError("a persistent id is no plain value; refused")
