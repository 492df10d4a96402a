#!/usr/bin/env python3
"""Faces from Python, through libobverse and ctypes; needs nothing but the standard library.

    from obverse import Model
    Model("face.obv").face(85, psi=0.7).save_ppm("85.ppm")

As a program:  python3 obverse.py MODEL.obv SEED FILE.ppm

The library is found as libobverse.so.0, or where OBVERSE_LIBRARY says. An image holds its pixels in a
memoryview; numpy() shows the same memory as [height, width, 3], and pil() gives a Pillow image.
"""

import ctypes
import os
import sys

_lib = ctypes.CDLL(os.environ.get("OBVERSE_LIBRARY", "libobverse.so.0"))

CONST, RANDOM, NONE = 0, 1, 2  # noise


class ObverseError(Exception):
    """A call failed: `word` is stable, such as 'file-missing', and the text says why."""

    def __init__(self, status):
        super().__init__(_lib.obv_last_error().decode("utf-8", "replace"))
        self.word = _lib.obv_status_text(status).decode()


class _Info(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint32)
        for name in "size width height channels z_dim w_dim ws_count classes flags".split()
    ] + [("instruction_set", ctypes.c_char * 16), ("weights_sha256", ctypes.c_char * 68)]


class _ContextOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("threads", ctypes.c_uint32)]


class _DrawOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("psi", ctypes.c_float),
        ("cutoff", ctypes.c_int32),
        ("label", ctypes.c_int32),
        ("noise", ctypes.c_uint32),
        ("noise_seed", ctypes.c_uint32),
        ("progress", ctypes.c_void_p),
        ("progress_user", ctypes.c_void_p),
    ]


def _declare(name, result, *arguments):
    function = getattr(_lib, name)
    function.restype, function.argtypes = result, arguments


_p, _z, _u32, _status = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_int32
_declare("obv_last_error", ctypes.c_char_p)
_declare("obv_status_text", ctypes.c_char_p, _status)
_declare("obv_version", ctypes.c_char_p)
_declare("obv_model_open", _status, ctypes.c_char_p, ctypes.POINTER(_p))
_declare("obv_model_close", None, _p)
_declare("obv_model_get_info", _status, _p, ctypes.POINTER(_Info))
_declare("obv_context_create", _status, _p, ctypes.POINTER(_ContextOptions), ctypes.POINTER(_p))
_declare("obv_context_destroy", None, _p)
_declare("obv_generate", _status, _p, _u32, ctypes.POINTER(_DrawOptions), _p, _z, _u32)


def _check(status):
    if status:
        raise ObverseError(status)


class Image:
    """A picture of RGB bytes, rows from the top."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.pixels = memoryview(bytearray(3 * width * height))

    def save_ppm(self, path):
        with open(path, "wb") as file:
            file.write(b"P6\n%d %d\n255\n" % (self.width, self.height))
            file.write(self.pixels)

    def numpy(self):
        """The pixels as a numpy array [height, width, 3], not copied."""
        import numpy

        return numpy.frombuffer(self.pixels, numpy.uint8).reshape(self.height, self.width, 3)

    def pil(self):
        """The pixels as a Pillow image."""
        import PIL.Image

        return PIL.Image.frombuffer("RGB", (self.width, self.height), self.pixels, "raw", "RGB", 0, 1)


class Model:
    """A model and one context to draw with; for one thread at a time."""

    def __init__(self, path, threads=0):
        self._model, self._context = _p(), _p()
        _check(_lib.obv_model_open(os.fsencode(path), ctypes.byref(self._model)))
        self.info = _Info(size=ctypes.sizeof(_Info))
        _check(_lib.obv_model_get_info(self._model, ctypes.byref(self.info)))
        options = _ContextOptions(ctypes.sizeof(_ContextOptions), threads)
        _check(
            _lib.obv_context_create(self._model, ctypes.byref(options), ctypes.byref(self._context))
        )

    def face(self, seed, psi=1.0, cutoff=-1, label=-1, noise=CONST, noise_seed=0):
        """Draws the face of a seed, 0 to 4294967295."""
        if not 0 <= seed <= 0xFFFFFFFF:
            raise ValueError(f"seed {seed} is not in 0 to 4294967295")
        image = Image(self.info.width, self.info.height)
        options = _DrawOptions(
            ctypes.sizeof(_DrawOptions), psi, cutoff, label, noise, noise_seed, None, None
        )
        target = (ctypes.c_char * len(image.pixels)).from_buffer(image.pixels)
        _check(
            _lib.obv_generate(
                self._context, seed, ctypes.byref(options), target, 3 * image.width, 0
            )
        )
        return image

    def close(self):
        _lib.obv_context_destroy(self._context)
        _lib.obv_model_close(self._model)
        self._model, self._context = _p(), _p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_model", None) is not None:
            self.close()


if __name__ == "__main__":
    if len(sys.argv) != 4 or not sys.argv[2].isdecimal():
        sys.exit("usage: python3 obverse.py MODEL.obv SEED FILE.ppm")
    try:
        Model(sys.argv[1]).face(int(sys.argv[2]), psi=0.7).save_ppm(sys.argv[3])
    except (ObverseError, OSError, ValueError) as error:
        sys.exit(f"obverse.py: {error}")
