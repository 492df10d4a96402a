"""What a call of the library needs: a context, options, and an ear for Ctrl-C."""

from __future__ import annotations

import ctypes
import operator
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Optional, SupportsIndex

from ._library import ContextOptions, DrawOptions, ProgressFunction, check, lib

# Called before each part of a face with (done, total); what is true ends the face.
Progress = Callable[[int, int], Any]

NOISES = {"const": 0, "random": 1, "none": 2}
ISAS = {None: 0, "baseline": 1, "avx2": 2, "avx512": 3, "neon": 4}
PRECISIONS = {"float32": 0, "bf16": 1}


class Context:
    """An obv_context."""

    def __init__(self, model: ctypes.c_void_p, threads: int, isa: Optional[str], precision: str) -> None:
        self.handle = ctypes.c_void_p()
        self.threads = threads or len(os.sched_getaffinity(0))
        options = context_options(threads, isa, precision)
        check(lib.obv_context_create(model, ctypes.byref(options), ctypes.byref(self.handle)))

    def destroy(self) -> None:
        """To be called once; in a forked child the library does nothing for its parent's context."""
        lib.obv_context_destroy(self.handle)


class Interrupts:
    """Lets Ctrl-C and a progress function end a face.

    Python runs signal handlers between its own instructions only, and a face has none; so the library
    calls back before each layer. An exception that starts in a callback of ctypes would be lost: what the
    handler raises is kept, and raised when the face has ended.
    """

    def __init__(
        self,
        options: Optional[DrawOptions] = None,
        progress: Optional[Progress] = None,
    ) -> None:
        self._progress = progress
        self._options = options
        self._handler: Any = None
        self._error: Optional[BaseException] = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._note)
        if self._options and (self._handler or self._progress):
            self._options.progress = ProgressFunction(self._step)

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        try:
            self._handler(number, frame)
        except BaseException as error:
            self._error = error

    def _step(self, _: Any, done: int, total: int) -> int:
        ends: Any = False
        try:
            ends = self._progress is not None and self._progress(done, total)
        except BaseException as error:
            self._error = error
        return 1 if self._error or ends else 0

    def __exit__(self, *_: object) -> None:
        # The function and this object hold each other.
        if self._options:
            self._options.progress = ProgressFunction()
        if self._handler:
            signal.signal(signal.SIGINT, self._handler)
        if self._error:
            raise self._error


def options_of(
    psi: float,
    cutoff: Optional[SupportsIndex],
    label: Optional[SupportsIndex],
    noise: str,
    noise_seed: SupportsIndex,
) -> DrawOptions:
    """Options for the library; ValueError where they are out of range."""
    if noise not in NOISES:
        raise ValueError(f"noise {noise!r} is none of {', '.join(NOISES)}")
    options: DrawOptions = lib.obv_draw_options_default()
    options.psi = psi
    options.noise = NOISES[noise]
    options.noise_seed = whole(noise_seed, "noise_seed")
    if cutoff is not None:
        options.cutoff = whole(cutoff, "cutoff", 0x7FFFFFFF)
    if label is not None:
        options.label = whole(label, "label", 0x7FFFFFFF)
    return options


def whole(number: SupportsIndex, name: str, largest: int = 0xFFFFFFFF) -> int:
    """A whole number, of Python or NumPy, that is not negative; else ValueError or TypeError."""
    try:
        result = operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is {number!r}, not a whole number") from None
    if not 0 <= result <= largest:
        raise ValueError(f"{name} is {result}, not in 0 to {largest}")
    return result


def context_options(threads: int, isa: Optional[str], precision: str) -> ContextOptions:
    """For a context of so many threads."""
    return ContextOptions(ctypes.sizeof(ContextOptions), threads, ISAS[isa], PRECISIONS[precision])
