"""The C library, declared for ctypes; obverse.h is its documentation."""

from __future__ import annotations

import ctypes
import os
from ctypes import c_char_p, c_float, c_int32, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

FILE = "libobverse.so.0"
ABI = 0
# The first version with everything that this package calls.
OLDEST = (0, 2, 0)

ProgressFunction = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint32, c_uint32)


class ModelInfo(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("width", c_uint32),
        ("height", c_uint32),
        ("channels", c_uint32),
        ("z_dim", c_uint32),
        ("w_dim", c_uint32),
        ("ws_count", c_uint32),
        ("classes", c_uint32),
        ("flags", c_uint32),
        ("instruction_set", ctypes.c_char * 16),
        ("weights_sha256", ctypes.c_char * 68),
        ("facts", c_uint32),
    ]


class ContextOptions(ctypes.Structure):
    _fields_ = [("size", c_uint32), ("threads", c_uint32), ("isa", c_uint32), ("precision", c_uint32)]


class DrawOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32),
        ("psi", c_float),
        ("cutoff", c_int32),
        ("label", c_int32),
        ("noise", c_uint32),
        ("noise_seed", c_uint32),
        ("progress", ProgressFunction),
        ("progress_user", c_void_p),
        ("zeros", c_uint32),
        ("job", c_uint32),
    ]


class ObverseError(Exception):
    """The library refused a call.

    Attributes:
        word: What kind of refusal it is, in one stable word such as ``file-missing`` or ``cancelled``.
        sentence: What happened; ``str(error)`` too.
    """

    def __init__(self, word: str, sentence: str) -> None:
        # Both are arguments of the exception, so that it can be pickled and copied.
        super().__init__(word, sentence)
        self.word = word
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def _signatures() -> dict[str, tuple[Any, list[Any]]]:
    handle, status, pointer = c_void_p, c_int32, ctypes.POINTER
    options = pointer(DrawOptions)
    return {
        "obv_version": (c_char_p, []),
        "obv_abi_version": (c_uint32, []),
        "obv_last_error": (c_char_p, []),
        "obv_status_text": (c_char_p, [status]),
        "obv_model_open": (status, [c_char_p, pointer(handle)]),
        "obv_model_open_memory": (status, [c_void_p, c_size_t, c_uint32, pointer(handle)]),
        "obv_model_close": (None, [handle]),
        "obv_model_get_info": (status, [handle, pointer(ModelInfo)]),
        "obv_model_text": (c_char_p, [handle, c_uint32]),
        "obv_model_fact": (status, [handle, c_uint32, pointer(c_char_p), pointer(c_char_p)]),
        "obv_context_create": (status, [handle, pointer(ContextOptions), pointer(handle)]),
        "obv_context_memory": (status, [handle, pointer(ContextOptions), pointer(c_size_t)]),
        "obv_context_destroy": (None, [handle]),
        "obv_cancel": (None, [handle]),
        "obv_latent_from_seed": (status, [handle, c_uint32, c_void_p, c_size_t]),
        "obv_map": (status, [handle, c_void_p, c_size_t, options, c_void_p, c_size_t]),
        "obv_synthesize": (
            status,
            [handle, c_void_p, c_size_t, options, c_void_p, c_size_t, c_uint32],
        ),
        "obv_generate": (status, [handle, c_uint32, options, c_void_p, c_size_t, c_uint32]),
        "obv_generate_many": (
            status,
            [handle, c_void_p, c_size_t, options, c_void_p, c_size_t, c_size_t, c_uint32],
        ),
        "obv_draw_options_default": (DrawOptions, []),
    }


def _load() -> ctypes.CDLL:
    """``OBVERSE_LIBRARY``, else the library in this package, else the system's."""
    given = os.environ.get("OBVERSE_LIBRARY")
    bundled = Path(__file__).with_name(FILE)
    path = given or (str(bundled) if bundled.exists() else FILE)
    try:
        library = ctypes.CDLL(path)
        version, abi = library.obv_version, library.obv_abi_version
    except (OSError, AttributeError) as error:
        raise ImportError(
            f"obverse: cannot load '{path}': {error}; OBVERSE_LIBRARY may say where {FILE} is"
        ) from None
    version.restype, abi.restype = c_char_p, c_uint32
    text = version().decode()
    if abi() != ABI or tuple(int(part) for part in text.split(".")) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ImportError(f"obverse: '{path}' is version {text}; this package needs {oldest} or later")
    for name, (result, arguments) in _signatures().items():
        function = getattr(library, name, None)
        if function is None:
            raise ImportError(f"obverse: '{path}' is version {text} without {name}(); a later one is needed")
        function.restype, function.argtypes = result, arguments
    return library


lib = _load()


def location() -> Path | None:
    """Where the library lies that was loaded; None where the system does not say it."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        # Address, rights, offset, device, inode, and a path that may have spaces.
        path = line.split(None, 5)[-1]
        if os.path.basename(path).startswith("libobverse.so."):
            return Path(path)
    return None


def check(status: int) -> None:
    """Raises what a call's status says."""
    if status != 0:
        raise ObverseError(
            lib.obv_status_text(status).decode(), lib.obv_last_error().decode("utf-8", "replace")
        )
