"""Models, and the faces they draw."""

from __future__ import annotations

import ctypes
import operator
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Optional, SupportsIndex, Union

from . import _floats
from ._described import Described
from ._drawing import ISAS, PRECISIONS, Context, Interrupts, Progress, options_of, whole
from ._floats import Floats
from ._image import FORMATS, Format, Image, Images, format_named, target_in
from ._library import DrawOptions, ModelInfo, check, lib
from ._walk import Path as WalkPath


class Model(Described):
    """A generator of faces, ready to draw.

    >>> with obverse.Model("face.obv") as model:
    ...     model.face(85, psi=0.7).save("85.png")

    A model may be used from several threads, which then take turns; a model each is faster, and
    `batch` uses all processors. After a fork the child draws with workers of its own. Pickled, a model is
    the path it was opened from.

    Args:
        source: The path of an ``.obv`` file, or the bytes of one, which are copied.
        threads: Threads that draw one face; 0 for one a core.
        isa: ``"baseline"``, ``"avx2"``, ``"avx512"`` or ``"neon"``: faces have equal pixels on one of
            them; None for the best that the processor has.
        precision: ``"float32"``, or ``"bf16"`` for a separable network and a processor with AVX512-BF16:
            faster, and other pixels.

    Raises:
        ObverseError: The file cannot be read, or is no model.
        ValueError: An argument is out of its range.
    """

    def __init__(
        self,
        source: Union[str, os.PathLike[str], bytes, bytearray, memoryview],
        *,
        threads: int = 0,
        isa: Optional[str] = None,
        precision: str = "float32",
    ) -> None:
        self._model = ctypes.c_void_p()
        self._contexts: list[Context] = []
        threads = whole(threads, "threads", 1024)
        if isa not in ISAS:
            raise ValueError(f"isa {isa!r} is none of {', '.join(filter(None, ISAS))}")
        if precision not in PRECISIONS:
            raise ValueError(f"precision {precision!r} is none of {', '.join(PRECISIONS)}")
        self._threads, self._isa, self._precision = threads, isa, precision
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._path: Optional[str] = None
        if isinstance(source, (bytes, bytearray, memoryview)):
            view = memoryview(source).cast("B")
            check(lib.obv_model_open_memory(_floats.address(view), len(view), 0, ctypes.byref(self._model)))
        else:
            path = os.fsencode(source)
            if b"\0" in path:
                raise ValueError(f"{os.fspath(source)!r}: a path has no zero byte in it")
            check(lib.obv_model_open(path, ctypes.byref(self._model)))
            self._path = os.path.abspath(source)
        self._info = ModelInfo(ctypes.sizeof(ModelInfo))
        check(lib.obv_model_get_info(self._model, ctypes.byref(self._info)))
        self._contexts.append(Context(self._model, threads, isa, precision))

    # ---- Drawing

    def face(
        self,
        seed: SupportsIndex,
        *,
        psi: float = 1.0,
        cutoff: Optional[SupportsIndex] = None,
        label: Optional[SupportsIndex] = None,
        noise: str = "const",
        noise_seed: Optional[SupportsIndex] = None,
        format: str = "rgb",
        out: Any = None,
        progress: Optional[Progress] = None,
    ) -> Any:
        """Draws the face of a seed: the one that NVlabs' ``generate.py`` draws for it.

        Ctrl-C ends it at the network's next layer.

        Args:
            seed: 0 to 4294967295.
            psi: Truncation: 1 for none, 0 for the average face.
            cutoff: Truncates the first so many style layers only; None all.
            label: A class of a conditional model.
            noise: ``"const"``, the planes stored with the model; ``"random"`` or ``"none"``.
            noise_seed: For random noise; None takes the face's seed.
            format: ``"rgb"``, ``"rgba"``, ``"bgra"``, or ``"float"``: float32 RGB around -1 to 1.
            out: Receives the picture: a NumPy array ``[size, size, channels]``, whose rows may have gaps,
                or any buffer of as many bytes. Nothing is copied.
            progress: Called with ``(done, total)`` before each part; what is true ends the face.

        Returns:
            An `Image`, or `out`.

        Raises:
            ObverseError: The model cannot do that, or `progress` ended it (``word`` is ``cancelled``).
            ValueError: An argument is out of its range.
        """
        seed = whole(seed, "seed")
        options = options_of(psi, cutoff, label, noise, seed if noise_seed is None else noise_seed)
        return self._drawn(
            format,
            out,
            options,
            progress,
            lambda context, address, stride, number: lib.obv_generate(
                context, seed, ctypes.byref(options), address, stride, number
            ),
        )

    def latent(self, seed: SupportsIndex) -> memoryview[float]:
        """The z of a seed, as ``numpy.random.RandomState(seed).randn`` gives it: ``[z_dim]`` float32."""
        seed = whole(seed, "seed")
        self._check_open()
        z = _floats.empty(self.z_dim)
        check(lib.obv_latent_from_seed(self._model, seed, _floats.address(z), self.z_dim))
        return z

    def map(
        self,
        z: Union[SupportsIndex, Floats],
        *,
        psi: float = 1.0,
        cutoff: Optional[SupportsIndex] = None,
        label: Optional[SupportsIndex] = None,
    ) -> memoryview[float]:
        """Maps a latent, or that of a seed, to a w for each style layer: ``[ws_count, w_dim]`` float32."""
        seed = _seed_of(z)
        latent = _floats.taken(z, "z", self.z_dim) if seed is None else self.latent(seed)
        ws = _floats.empty(self.ws_count, self.w_dim)
        options = options_of(psi, cutoff, label, "const", 0)
        with Interrupts(options), self._turn():
            context = self._drawer()
            check(
                lib.obv_map(
                    context.handle,
                    _floats.address(latent),
                    self.z_dim,
                    ctypes.byref(options),
                    _floats.address(ws),
                    self.ws_count * self.w_dim,
                )
            )
        return ws

    def draw(
        self,
        ws: Floats,
        *,
        noise: str = "const",
        noise_seed: SupportsIndex = 0,
        format: str = "rgb",
        out: Any = None,
        progress: Optional[Progress] = None,
    ) -> Any:
        """Draws the picture of ws, ``[ws_count, w_dim]``; the other arguments are those of `face`."""
        taken = _floats.taken(ws, "ws", self.ws_count, self.w_dim)
        options = options_of(1.0, None, None, noise, noise_seed)
        return self._drawn(
            format,
            out,
            options,
            progress,
            lambda context, address, stride, number: lib.obv_synthesize(
                context,
                _floats.address(taken),
                self.ws_count * self.w_dim,
                ctypes.byref(options),
                address,
                stride,
                number,
            ),
        )

    def mix(
        self,
        row: Union[SupportsIndex, Floats],
        column: Union[SupportsIndex, Floats],
        layers: Iterable[SupportsIndex],
        **mapping: Any,
    ) -> memoryview[float]:
        """The ws of one face with some layers' styles of another.

        Coarse layers, from 0, decide pose and shape, fine ones colour.

        Args:
            row: The face that keeps its other layers: a seed, or ws.
            column: The face whose styles come in.
            layers: Those to take from `column`, such as ``range(4)``.
            mapping: `psi`, `cutoff` and `label`, as for `map`, where seeds are given.
        """
        mixed = self._ws(row, "row", mapping).cast("B")
        mixed = memoryview(bytearray(mixed))
        other = self._ws(column, "column", mapping).cast("B")
        bytes_of_w = 4 * self.w_dim
        for layer in map(operator.index, layers):
            if not 0 <= layer < self.ws_count:
                raise ValueError(f"layer {layer}: this model has the layers 0 to {self.ws_count - 1}")
            entry = slice(layer * bytes_of_w, (layer + 1) * bytes_of_w)
            mixed[entry] = other[entry]
        return mixed.cast("f", (self.ws_count, self.w_dim))

    def walk(
        self,
        keys: Sequence[Union[SupportsIndex, Floats]],
        frames: int = 120,
        *,
        interpolation: str = "cubic",
        loop: bool = True,
        noise: str = "const",
        noise_seed: SupportsIndex = 0,
        format: str = "rgb",
        **mapping: Any,
    ) -> Iterator[Image]:
        """Draws an animation through faces, one picture after the other.

        Args:
            keys: Seeds, or ws, to come through.
            frames: Pictures from one to the next.
            interpolation: ``"cubic"``, as NVlabs' ``gen_video.py`` moves, or ``"linear"``.
            loop: Whether the last leads back to the first.
            noise, noise_seed, format: As for `draw`.
            mapping: `psi`, `cutoff` and `label`, as for `map`, where seeds are given.
        """
        if not keys:
            raise ValueError("a walk needs a face to begin with")
        if frames < 1:
            raise ValueError(f"frames is {frames}, less than 1")
        if interpolation not in ("cubic", "linear"):
            raise ValueError(f"interpolation {interpolation!r} is neither cubic nor linear")
        format_named(format)
        options_of(1.0, None, None, noise, noise_seed)
        every = [self._ws(key, "a key", mapping).cast("B").cast("f") for key in keys]
        count = len(keys) * frames if loop else (len(keys) - 1) * frames + 1
        return self._frames(
            WalkPath(every, frames, interpolation == "cubic", loop), count, noise, noise_seed, format
        )

    def _frames(
        self, path: WalkPath, count: int, noise: str, noise_seed: SupportsIndex, format: str
    ) -> Iterator[Image]:
        for frame in range(count):
            yield self.draw(path.vector(frame), noise=noise, noise_seed=noise_seed, format=format)

    def batch(
        self,
        seeds: Iterable[SupportsIndex],
        *,
        psi: float = 1.0,
        cutoff: Optional[SupportsIndex] = None,
        label: Optional[SupportsIndex] = None,
        noise: str = "const",
        format: str = "rgb",
    ) -> Images:
        """Draws the faces of many seeds, each on a thread of its own: more faces a second than `face`.

        Ctrl-C ends it.

        Args:
            seeds: 0 to 4294967295; random noise takes the face's seed too.
            psi, cutoff, label, noise, format: As for `face`.

        Returns:
            The pictures; ``numpy.asarray`` of them is ``[count, size, size, channels]``.
        """
        numbers = [whole(seed, "seed") for seed in seeds]
        images = Images(len(numbers), self.size, self.size, format)
        form = FORMATS[format]
        options = options_of(psi, cutoff, label, noise, 0)
        row = self.size * form.pixel
        with Interrupts(options), self._turn():
            context = self._drawer()
            if not numbers:
                return images
            status = lib.obv_generate_many(
                context.handle,
                (ctypes.c_uint32 * len(numbers))(*numbers),
                len(numbers),
                ctypes.byref(options),
                _floats.address(images.pixels),
                self.size * row,
                row,
                form.number,
            )
        check(status)
        return images

    def cancel(self) -> None:
        """Ends the face that another thread draws with this model, at its next layer."""
        contexts = self._contexts[:1]
        if contexts and self._process == os.getpid():
            lib.obv_cancel(contexts[0].handle)

    # ---- Its end

    def close(self) -> None:
        """Gives the memory and the threads back; a model that is closed stays closed."""
        if not self._model:
            return
        self._follow_fork()
        with self._lock:
            for context in self._contexts:
                context.destroy()
            self._contexts = []
            model, self._model = self._model, ctypes.c_void_p()
            lib.obv_model_close(model)

    def __enter__(self) -> Model:
        self._check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Where the arguments were refused, there is nothing yet.
        if getattr(self, "_model", None) and getattr(self, "_lock", None):
            self.close()

    def __repr__(self) -> str:
        if self.is_closed:
            return "<obverse.Model, closed>"
        where = f" '{self._path}'" if self._path else ""
        return f"<obverse.Model{where} {self.size}x{self.size}, {self.instruction_set}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            raise TypeError("a model made of bytes cannot be copied or pickled; open it once more")
        return _reopened, (self._path, self._threads, self._isa, self._precision)

    # ---- Steps of the above

    def _turn(self) -> threading.Lock:
        """What one thread at a time holds.

        Ctrl-C must not strike between taking it and a `with`'s care for it; so it is held by its own
        `with`, which Python does not interrupt there, and is given back before `Interrupts` ends.
        """
        self._check_open()
        self._follow_fork()
        return self._lock

    def _drawer(self) -> Context:
        """The context, for whoever holds the lock."""
        self._check_open()
        if not self._contexts:
            self._contexts.append(Context(self._model, self._threads, self._isa, self._precision))
        return self._contexts[0]

    def _follow_fork(self) -> None:
        """In a forked child: it has the model, but neither the workers nor whoever held the lock."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.Lock()
            self._contexts = []

    def _ws(
        self, face: Union[SupportsIndex, Floats], name: str, mapping: dict[str, Any]
    ) -> memoryview[float]:
        seed = _seed_of(face)
        if seed is not None:
            return self.map(seed, **mapping)
        return _floats.taken(face, name, self.ws_count, self.w_dim)

    def _drawn(
        self,
        format: str,
        out: Any,
        options: DrawOptions,
        progress: Optional[Progress],
        call: Callable[[ctypes.c_void_p, int, int, int], int],
    ) -> Any:
        form: Format = format_named(format)
        self._check_open()
        image = Image.empty(self.size, self.size, format) if out is None else out
        target = target_in(image.pixels if out is None else out, self.size, self.size, form)
        with Interrupts(options, progress), self._turn():
            context = self._drawer()
            status = call(context.handle, target.address, target.stride, form.number)
        check(status)
        return image


def _seed_of(face: Union[SupportsIndex, Floats]) -> Optional[SupportsIndex]:
    """The face where it is a whole number, of Python or NumPy; an array has a length."""
    return face if isinstance(face, SupportsIndex) and not hasattr(face, "__len__") else None


def _reopened(path: str, threads: int, isa: Optional[str], precision: str) -> Model:
    return Model(path, threads=threads, isa=isa, precision=precision)
