"""Read pickles of plain values and arrays, such as SMPL's official files, without running anything that they say.

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
from typing import IO, Literal, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

NUMBER_TYPES = re.compile("[iu][1248]|f[248]")
"""Codes of the dtypes that are read."""

MAX_NUMBERS = 2_000_000
"""Most numbers of a (nested) list: a small file can say the same list a billion times."""

OTHER_FILES = {
    b"PK\x03\x04": "a zip archive, as torch.save and numpy.savez write it",
    b"\x1f\x8b": "packed by gzip: unpack it",
    b"x\x9c": "packed by zlib, as joblib does: load it with joblib, write the arrays by numpy.savez",
}
"""Beginning of files that are found under the name of a pickle → what they are."""

Numbers: TypeAlias = NDArray[np.number]

PickleValue: TypeAlias = (
    "bool | int | float | complex | str | bytes | bytearray | Stub | type[Stub] | type[object] | list[PickleValue]"
    " | tuple[PickleValue, ...] | set[PickleValue] | dict[PickleValue, PickleValue] | None"
)
"""Everything that a file can put together of plain values and of what `ALLOWED` gives it."""


def load_pickle(path: Path) -> dict[str, PickleValue]:
    """Read the dictionary that a pickle holds, entries with names only.

    Returns:
        Plain values as they are, and for each array a stub of which `numbers` makes the array.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no pickle of a dictionary, or uses a name that is not on the list; one line.
    """
    with open(path, "rb") as file:
        for start, kind in OTHER_FILES.items():
            if file.peek(len(start)).startswith(start):
                raise ValueError(f"no pickle but {kind}")
        content = load_value(file)
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not a dictionary of arrays")
    return {key: value for key, value in content.items() if isinstance(key, str)}


def load_value(file: IO[bytes]) -> PickleValue:
    """Read whatever a pickle holds.

    Raises:
        ValueError: it is no pickle, or uses a name that is not on the list; one line.
    """
    try:
        value: PickleValue = _Unpickler(file, encoding="latin1", fix_imports=False).load()
    except Exception as error:  # a damaged pickle can raise anything; nothing of it has been run
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
    return value


def unwrapped(value: PickleValue) -> PickleValue:
    """Return the object that an array of one object holds; anything else as it is."""
    if isinstance(value, _Array) and isinstance(raw := value.state["raw"], list) and len(raw) == 1:
        return raw[0]
    return value


def numbers(value: PickleValue | ArrayLike) -> Numbers:
    """Make the array of a value of `load_pickle`: of a stub, a number, or (nested) lists of such.

    Raises:
        UnpicklingError: it is something else, or an array that does not add up.
    """
    _refuse_endless(value)
    if isinstance(value, list | tuple) and any(isinstance(element, Stub) for element in value):
        return np.array([numbers(element) for element in value])
    array: Numbers = value.array() if isinstance(value, Stub) else np.asarray(value)
    if array.dtype == np.object_ and isinstance(value, list | tuple):
        array = np.array([numbers(element) for element in value])
    if array.dtype.kind not in "fiu":
        raise pickle.UnpicklingError(f"an array of type {array.dtype} where numbers belong")
    return array


def _refuse_endless(value: PickleValue | ArrayLike) -> None:
    """Refuse nested lists of more than `MAX_NUMBERS` elements."""
    waiting, count = [value], 0
    while waiting and count <= MAX_NUMBERS:
        if isinstance(one := waiting.pop(), list | tuple):
            waiting += one
            count += len(one)
    if count > MAX_NUMBERS:
        raise pickle.UnpicklingError(f"a list of more than {MAX_NUMBERS} numbers")


class Stub:
    """Stand-in for an object of a class that is not there: holds its state, has no behaviour."""

    state: dict[PickleValue, PickleValue]

    def __new__(cls, *_: PickleValue, **__: PickleValue) -> Stub:
        return object.__new__(cls)

    def __setstate__(self, state: PickleValue) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"state of a {type(self).__name__} is a {type(state).__name__}")
        self.state = state

    def array(self) -> Numbers:
        """Make the array that the object stands for."""
        raise NotImplementedError


class _Dtype(Stub):
    """numpy's dtype: the code of a plain number, and its byte order."""

    def __new__(cls, code: PickleValue = None, *_: PickleValue) -> _Dtype:
        stub = object.__new__(cls)
        stub.state = {"code": code, "order": "|"}
        return stub

    def __setstate__(self, state: PickleValue) -> None:
        if not isinstance(state, tuple) or len(state) < 2:
            raise pickle.UnpicklingError("state of a dtype that is none")
        self.state["order"] = state[1]  # all else concerns records and objects

    def decode(self, raw: PickleValue, shape: tuple[int, ...], order: Literal["C", "F"]) -> Numbers:
        """Make the array of this shape whose memory is `raw`."""
        code = self.state["code"]
        byte_order = self.state["order"]
        if not (isinstance(code, str) and NUMBER_TYPES.fullmatch(code)):
            raise pickle.UnpicklingError(f"an array of type {code!r} where numbers belong")
        if not isinstance(byte_order, str) or byte_order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"an array of byte order {byte_order!r}")
        stored = np.dtype(byte_order + code)
        data = raw.encode("latin1") if isinstance(raw, str) else raw  # Python 2's bytes come as text
        if (
            not isinstance(data, bytes | bytearray)
            or min(shape, default=0) < 0
            or len(data) != math.prod(shape) * stored.itemsize
        ):
            raise pickle.UnpicklingError(f"an array {shape} of {code} that does not have as many bytes")
        array: Numbers = np.frombuffer(data, stored).astype(stored.newbyteorder("="))
        return array.reshape(shape, order=order)


class _Array(Stub):
    """numpy's array: of numbers, or of objects, which are listed."""

    def __setstate__(self, state: PickleValue) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("state of an array that is none")
        self.state = dict(zip(("version", "shape", "dtype", "fortran", "raw"), state, strict=True))

    def array(self) -> Numbers:
        dtype = self.state["dtype"]
        if not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("an array without a type")
        shape, order = _integers(self.state["shape"]), self.state["fortran"]
        raw = self.state["raw"]
        if isinstance(raw, list):
            listed = numbers(raw)
            return listed.reshape(*shape, *listed.shape[1:])
        return dtype.decode(raw, shape, "F" if order else "C")


class _Scalar(Stub):
    """numpy's number."""

    def __new__(cls, dtype: PickleValue = None, raw: PickleValue = b"") -> _Scalar:
        stub = object.__new__(cls)
        stub.state = {"dtype": dtype, "raw": raw}
        return stub

    def array(self) -> Numbers:
        dtype = self.state["dtype"]
        if not isinstance(dtype, _Dtype):
            raise pickle.UnpicklingError("a number without a type")
        return dtype.decode(self.state["raw"], (), "C")


class _Ch(Stub):
    """chumpy's array."""

    def array(self) -> Numbers:
        return numbers(self.state["x"])


class _Select(Stub):
    """chumpy's view on some elements of another array."""

    def array(self) -> Numbers:
        chosen: Numbers = numbers(self.state["a"]).ravel()[_indices(self.state["idxs"])]
        return chosen.reshape(_integers(self.state["preferred_shape"]))


class _Csc(Stub):
    """scipy's sparse matrix by columns, made dense."""

    def array(self) -> Numbers:
        shape = _integers(self.state["_shape" if "_shape" in self.state else "shape"])
        data = numbers(self.state["data"])
        rows = _indices(self.state["indices"])
        starts = _indices(self.state["indptr"])
        if len(shape) != 2 or starts.ndim != 1:
            raise pickle.UnpicklingError("a sparse matrix that is none")
        lengths = starts[1:] - starts[:-1]
        if len(starts) != shape[1] + 1 or starts[0] != 0 or (lengths < 0).any():
            raise pickle.UnpicklingError(f"a sparse matrix of {shape[1]} columns with other ones")
        count = int(starts[-1])
        if data.ndim != 1 or data.shape != rows.shape or count > len(data):
            raise pickle.UnpicklingError(f"a sparse matrix of {count} numbers with {data.shape} and {rows.shape}")
        if count and (rows[:count].min() < 0 or rows[:count].max() >= shape[0]):
            raise pickle.UnpicklingError(f"a sparse matrix of {shape[0]} rows with other ones")
        out = np.zeros(shape, data.dtype)
        np.add.at(out, (rows[:count], np.repeat(np.arange(shape[1]), lengths)), data[:count])
        return out


def _indices(value: PickleValue) -> NDArray[np.int64]:
    array = numbers(value)
    if array.dtype.kind not in "iu":
        raise pickle.UnpicklingError(f"an array of type {array.dtype} where integers belong")
    return array.astype(np.int64)


def _integers(values: PickleValue) -> tuple[int, ...]:
    if not isinstance(values, list | tuple):
        raise pickle.UnpicklingError(f"a {type(values).__name__} where several numbers belong")
    return tuple(_indices(value).item() for value in values)


def _reconstructor(cls: PickleValue, base: PickleValue, state: PickleValue) -> Stub:
    """`copy_reg._reconstructor`, for stubs only."""
    if not (isinstance(cls, type) and issubclass(cls, Stub)) or base is not object or state is not None:
        raise pickle.UnpicklingError("copy_reg._reconstructor of something that is no array")
    return cls()


def _encode(text: PickleValue, codec: PickleValue) -> bytes:
    """`_codecs.encode`: how Python 3 writes bytes in protocol 2."""
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("_codecs.encode with something other than latin1 text")
    return text.encode("latin-1")


def _empty_array(cls: PickleValue, shape: PickleValue, kind: PickleValue) -> Stub:
    """numpy's `_reconstruct`, which is always called for an empty array."""
    if cls is not _Array or shape != (0,) or kind not in (b"b", "b"):
        raise pickle.UnpicklingError("numpy's _reconstruct of something other than an empty array")
    return _Array()


def _from_buffer(raw: PickleValue, dtype: PickleValue, shape: PickleValue, order: PickleValue) -> Stub:
    """numpy's `_frombuffer`: how protocol 5 writes an array whose memory is in one piece."""
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", raw))
    return array


Global: TypeAlias = (
    type[Stub]
    | type[object]
    | Callable[[PickleValue, PickleValue], bytes]
    | Callable[[PickleValue, PickleValue, PickleValue], Stub]
    | Callable[[PickleValue, PickleValue, PickleValue, PickleValue], Stub]
)

ALLOWED: dict[tuple[str, str], Global] = {
    ("chumpy", "Ch"): _Ch,
    ("chumpy.ch", "Ch"): _Ch,
    ("chumpy.reordering", "Select"): _Select,
    ("scipy.sparse.csc", "csc_matrix"): _Csc,
    ("scipy.sparse._csc", "csc_matrix"): _Csc,
    ("numpy", "ndarray"): _Array,
    ("numpy", "matrix"): _Array,
    ("numpy.matrixlib.defmatrix", "matrix"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core._multiarray_umath", "_reconstruct"): _empty_array,  # numpy 1.16.0
    ("numpy.core._multiarray_umath", "scalar"): _Scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy._core.multiarray", "scalar"): _Scalar,
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("__builtin__", "set"): set,
    ("builtins", "set"): set,
    ("collections", "OrderedDict"): dict,
}
"""Module and name that a file may use → the stand-in that it gets."""

ADVICE = {
    "torch": "save torch's tensors as arrays, x.cpu().numpy()",
    "joblib": "it is joblib's: load it with joblib, write the arrays by numpy.savez",
}
"""Module whose objects files of this kind often hold → what to do about it."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Global:
        try:
            return ALLOWED[module, name]
        except KeyError:
            why = ADVICE.get(module.split(".")[0], "it is no array and no plain value")
            raise pickle.UnpicklingError(f"{module}.{name} is refused: {why}") from None

    def persistent_load(self, _: PickleValue) -> NoReturn:
        raise pickle.UnpicklingError("a persistent id is refused: it is no plain value")
