"""Faces from compressed StyleGAN2 generators, drawn on the CPU.

    import obverse

    model = obverse.faces()              # or obverse.Model("face.obv")
    model.face(85, psi=0.7)              # a picture, which a notebook shows
    model.face(85).save("85.png")

    array = numpy.empty((model.size, model.size, 3), numpy.uint8)
    model.face(86, out=array)            # into an array, without a copy

    ws = model.mix(85, 86, range(4))     # pose and shape of 86, the rest of 85
    model.draw(ws)
    for frame in model.walk([85, 86, 87], frames=60): ...
    numpy.asarray(model.batch(range(64)))    # [64, size, size, 3]

Equal model, seed and options give equal pixels, whatever the number of threads. The people in the
pictures do not exist; PNG files say in their metadata that a network made them.
"""

from ._image import Image, Images
from ._installed import faces
from ._library import ObverseError, lib as _lib
from ._model import Model

__all__ = ["Image", "Images", "Model", "ObverseError", "__version__", "faces"]

# That of the library in use.
__version__: str = _lib.obv_version().decode()
