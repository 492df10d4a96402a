"""Latents: float32 numbers that live in a memoryview, or in whatever a caller has."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable
from numbers import Real
from typing import Any, Union

# A latent or ws: an array of NumPy, a memoryview, an array of the standard library, or plain numbers.
Floats = Union["memoryview[float]", "array[float]", Iterable[Any]]


def empty(*shape: int) -> memoryview[float]:
    """Zeros, C order."""
    count = 1
    for side in shape:
        count *= side
    return memoryview(bytearray(4 * count)).cast("f", shape)


def taken(values: Any, name: str, *shape: int) -> memoryview[float]:
    """The numbers of `values` as float32 of `shape`, not copied where they are that already.

    Raises ValueError for another count or type.
    """
    count = 1
    for side in shape:
        count *= side
    try:
        view: memoryview[Any] = memoryview(values)
    except TypeError:
        view = memoryview(array("f", _flat(values)))
    if view.format not in ("f", "d", "<f", "<d", "=f", "=d"):
        raise ValueError(f"{name} holds items of type {view.format!r}, not float32 or float64")
    is_single = "f" in view.format
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    flat: memoryview[float] = view.cast("B").cast("f" if is_single else "d")
    if len(flat) != count:
        sides = " x ".join(map(str, shape))
        raise ValueError(f"{name} has {len(flat)} numbers, the model takes {sides}")
    if not is_single:
        flat = memoryview(array("f", flat))
    elif address(flat) % 4 != 0:
        flat = memoryview(array("f", flat.tobytes()))
    return flat.cast("B").cast("f", shape)


class _Buffer(ctypes.Structure):
    """The C struct Py_buffer: its first field, and room for the others."""

    _fields_ = [("buf", ctypes.c_void_p), ("rest", ctypes.c_char * 128)]


def address(view: memoryview[Any]) -> int:
    """Where the numbers are; the view must outlive what is done with it."""
    # from_buffer() of ctypes would refuse memory that is read-only.
    buffer = _Buffer()
    _get_buffer(view, ctypes.byref(buffer), 0)
    _release_buffer(ctypes.byref(buffer))
    return int(buffer.buf or 0)


# Prototypes of our own: those of ctypes.pythonapi are everybody's.
_get_buffer = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)(
    ("PyObject_GetBuffer", ctypes.pythonapi)
)
_release_buffer = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_Buffer))(("PyBuffer_Release", ctypes.pythonapi))


def _flat(values: Any) -> Iterable[float]:
    """Numbers of nested sequences, in order."""
    for value in values:
        if isinstance(value, Real):
            yield float(value)
        else:
            yield from _flat(value)
