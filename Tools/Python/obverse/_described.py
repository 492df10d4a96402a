"""What a model says about itself."""

from __future__ import annotations

import ctypes
from typing import Optional

from ._drawing import context_options
from ._library import ModelInfo, check, lib

_TEXTS = {"licence": 0, "note": 1, "source": 2, "source_sha256": 3, "producer": 4, "w_average": 5}


class Described:
    """An open model, as far as it can be asked."""

    _model: ctypes.c_void_p
    _info: ModelInfo
    _threads: int
    _isa: Optional[str]
    _precision: str

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return not self._model

    @property
    def size(self) -> int:
        """Side of the square picture in pixels."""
        return int(self._info.width)

    @property
    def channels(self) -> int:
        """Of the network's image: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA."""
        return int(self._info.channels)

    @property
    def z_dim(self) -> int:
        """Numbers of a latent."""
        return int(self._info.z_dim)

    @property
    def w_dim(self) -> int:
        """Numbers of one w."""
        return int(self._info.w_dim)

    @property
    def ws_count(self) -> int:
        """Style layers: a face is made from as many w."""
        return int(self._info.ws_count)

    @property
    def classes(self) -> int:
        """Labels to choose from; 0 for an unconditional model."""
        return int(self._info.classes)

    @property
    def instruction_set(self) -> str:
        """The one that faces are drawn with."""
        return self._isa or str(self._info.instruction_set.decode())

    @property
    def weights_sha256(self) -> str:
        """Of the weights, in hexadecimal, as the file says it."""
        return str(self._info.weights_sha256.decode())

    @property
    def licence(self) -> str:
        """Under which terms the model may be used."""
        return self._text("licence")

    @property
    def note(self) -> str:
        """What the model's maker wants to be known."""
        return self._text("note")

    @property
    def provenance(self) -> dict[str, str]:
        """Where the model is from: ``source``, ``source_sha256``, ``producer`` and ``w_average``."""
        return {name: self._text(name) for name in _TEXTS if name not in ("licence", "note")}

    @property
    def facts(self) -> dict[str, str]:
        """Facts of the training, such as ``pruning_ratio``."""
        self._check_open()
        facts = {}
        name, value = ctypes.c_char_p(), ctypes.c_char_p()
        for i in range(self._info.facts):
            check(lib.obv_model_fact(self._model, i, ctypes.byref(name), ctypes.byref(value)))
            facts[_decoded(name.value)] = _decoded(value.value)
        return facts

    @property
    def memory(self) -> int:
        """Bytes that drawing needs beside the weights."""
        self._check_open()
        options = context_options(self._threads, self._isa, self._precision)
        count = ctypes.c_size_t()
        check(lib.obv_context_memory(self._model, ctypes.byref(options), ctypes.byref(count)))
        return count.value

    def _text(self, name: str) -> str:
        self._check_open()
        return _decoded(lib.obv_model_text(self._model, _TEXTS[name]))

    def _check_open(self) -> None:
        if self.is_closed:
            raise ValueError("the model is closed")


def _decoded(text: Optional[bytes]) -> str:
    return (text or b"").decode("utf-8", "replace")
