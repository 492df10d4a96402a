"""Pictures, and the memory they are drawn into."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

if TYPE_CHECKING:
    import os

    PathLike = Union[str, "os.PathLike[str]"]

# IPTC's word for what a generative model made; PNG files of the program obverse carry the same packet.
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<Iptc4xmpExt:DigitalSourceType>\
http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\
</Iptc4xmpExt:DigitalSourceType>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


class Format(NamedTuple):
    """How a pixel lies in memory."""

    name: str
    number: int  # OBV_RGB8 and so on
    channels: int
    typestr: str  # of NumPy's array interface
    itemsize: int

    @property
    def pixel(self) -> int:
        """Bytes of a pixel."""
        return self.channels * self.itemsize


FORMATS = {
    form.name: form
    for form in (
        Format("rgb", 0, 3, "|u1", 1),
        Format("rgba", 1, 4, "|u1", 1),
        Format("bgra", 2, 4, "|u1", 1),
        Format("float", 3, 3, "<f4", 4),
    )
}


def format_named(name: str) -> Format:
    """The format of a name; a sentence where there is none."""
    try:
        return FORMATS[name]
    except KeyError:
        raise ValueError(f"format {name!r} is none of {', '.join(FORMATS)}") from None


class Target(NamedTuple):
    """Where a picture goes: an address, bytes from row to row, and what keeps both alive."""

    address: int
    stride: int
    owner: Any


def target_in(out: Any, width: int, height: int, form: Format) -> Target:
    """The memory of a caller's array, which the picture is drawn into without a copy.

    An array of NumPy, or whatever has its array interface, may have gaps between its rows; other
    buffers are contiguous.
    """
    shape = (height, width, form.channels)
    if isinstance(out, Image):
        out = out.pixels
    interface = getattr(out, "__array_interface__", None)
    if interface is not None:
        address, is_readonly = interface["data"]
        if tuple(interface["shape"]) != shape or interface["typestr"] != form.typestr:
            kind = {"|u1": "uint8", "<f4": "float32"}[form.typestr]
            raise ValueError(
                f"out has shape {tuple(interface['shape'])} and type {interface['typestr']}; "
                f"format {form.name!r} needs {shape} of {kind}"
            )
        strides = interface.get("strides") or (width * form.pixel, form.pixel, form.itemsize)
        if strides[1:] != (form.pixel, form.itemsize) or strides[0] < width * form.pixel:
            raise ValueError("the pixels of a row of out do not lie one behind the other")
        if is_readonly:
            raise ValueError("out is read-only")
        return Target(address, strides[0], out)
    view = memoryview(out)
    if view.readonly:
        raise ValueError("out is read-only")
    if not view.c_contiguous or view.nbytes != width * height * form.pixel:
        raise ValueError(
            f"out has {view.nbytes} bytes; format {form.name!r} needs {width * height * form.pixel}, "
            "contiguous"
        )
    array = (ctypes.c_char * view.nbytes).from_buffer(view.cast("B"))
    return Target(ctypes.addressof(array), width * form.pixel, array)


class Image:
    """A picture: rows from the top, pixels without gaps.

    ``numpy.asarray(image)`` shows the same memory as ``[height, width, channels]``, and a notebook shows
    the picture.

    Attributes:
        width, height: In pixels.
        format: ``"rgb"``, ``"rgba"``, ``"bgra"`` or ``"float"`` (RGB around -1 to 1, not clamped).
        pixels: The bytes, as a memoryview.
    """

    def __init__(self, width: int, height: int, format: str, pixels: memoryview | bytearray) -> None:
        self.width = width
        self.height = height
        self.format = format
        self.pixels = memoryview(pixels)
        self._form = format_named(format)
        needed = width * height * self._form.pixel
        if self.pixels.nbytes != needed:
            raise ValueError(f"pixels has {self.pixels.nbytes} bytes, the picture needs {needed}")

    @classmethod
    def empty(cls, width: int, height: int, format: str = "rgb") -> Image:
        """A black picture to draw into."""
        form = format_named(format)
        return cls(width, height, format, bytearray(width * height * form.pixel))

    @property
    def __array_interface__(self) -> dict[str, Any]:
        # `data` is a buffer, so that NumPy keeps it alive and sees that it can be written.
        return {
            "version": 3,
            "shape": (self.height, self.width, self._form.channels),
            "typestr": self._form.typestr,
            "data": self.pixels,
        }

    def __repr__(self) -> str:
        return f"<obverse.Image {self.width}x{self.height} {self.format}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return (self.width, self.height, self.format) == (
            other.width,
            other.height,
            other.format,
        ) and self.pixels == other.pixels

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Image, (self.width, self.height, self.format, bytearray(self.pixels))

    def numpy(self) -> Any:
        """The pixels as a NumPy array ``[height, width, channels]``, not copied."""
        import numpy

        return numpy.asarray(self)

    def pil(self) -> Any:
        """A Pillow image of the pixels; of the same memory for ``"rgb"`` and ``"rgba"``."""
        import PIL.Image

        size = (self.width, self.height)
        if self.format == "rgb":
            return PIL.Image.frombuffer("RGB", size, self.pixels, "raw", "RGB", 0, 1)
        if self.format == "rgba":
            return PIL.Image.frombuffer("RGBA", size, self.pixels, "raw", "RGBA", 0, 1)
        return PIL.Image.frombytes("RGB", size, self._rgb())

    def png(self) -> bytes:
        """The picture as a PNG file, which says in its metadata that a network made it."""
        has_alpha = self.format in ("rgba", "bgra")
        step = 4 if has_alpha else 3
        data = self._rgba() if has_alpha else self._rgb()
        row = step * self.width
        # Before each row, the filter that it went through: none.
        lines = b"".join(b"\0" + data[y * row : (y + 1) * row] for y in range(self.height))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 6 if has_alpha else 2, 0, 0, 0)
        xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + _XMP.encode()
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            _chunk(kind, content)
            for kind, content in (
                (b"IHDR", header),
                (b"iTXt", xmp),
                (b"IDAT", zlib.compress(lines, 6)),
                (b"IEND", b""),
            )
        )

    def _repr_png_(self) -> bytes:
        return self.png()

    def save(self, path: PathLike) -> None:
        """Writes a ``.png`` or ``.ppm`` file."""
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".png":
            path.write_bytes(self.png())
        elif suffix == ".ppm":
            path.write_bytes(b"P6\n%d %d\n255\n" % (self.width, self.height) + self._rgb())
        else:
            raise ValueError(f"'{path}': a name ends in .png or .ppm; pil().save() knows more")

    def _rgb(self) -> bytes:
        """Three bytes a pixel."""
        if self.format == "rgb":
            return bytes(self.pixels)
        if self.format == "float":
            # As the library makes bytes of floats.
            return bytes(
                min(max(int(value * 127.5 + 128), 0), 255) for value in self.pixels.cast("B").cast("f")
            )
        rgba = self._rgba()
        rgb = bytearray(3 * self.width * self.height)
        for channel in range(3):
            rgb[channel::3] = rgba[channel::4]
        return bytes(rgb)

    def _rgba(self) -> bytes:
        """Four bytes a pixel, of a picture that has as many."""
        rgba = bytearray(self.pixels)
        if self.format == "bgra":
            rgba[0::4], rgba[2::4] = rgba[2::4], rgba[0::4]
        return bytes(rgba)


class Images:
    """Pictures of one size, one behind the other in memory.

    A sequence of `Image`; ``numpy.asarray(images)`` is ``[count, height, width, channels]``.
    """

    def __init__(self, count: int, width: int, height: int, format: str) -> None:
        form = format_named(format)
        self.format = format
        self._size = (width, height)
        self._bytes = width * height * form.pixel
        self._shape = (count, height, width, form.channels)
        self._typestr = form.typestr
        self.pixels = memoryview(bytearray(count * self._bytes))

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return {
            "version": 3,
            "shape": self._shape,
            "typestr": self._typestr,
            "data": self.pixels,
        }

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, index: int) -> Image:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"picture {index} of {count}")
        start = index % count * self._bytes
        return Image(*self._size, self.format, self.pixels[start : start + self._bytes])

    def __iter__(self) -> Iterator[Image]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<obverse.Images: {len(self)} of {self._size[0]}x{self._size[1]} {self.format}>"


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
