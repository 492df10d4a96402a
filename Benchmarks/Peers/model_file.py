"""Constants of a network that lies in an .obv file, in the form that the peers' graphs are built from.

flatc writes the classes that read it, from the schema that the format is defined by. NumPy only, as
network.py, whose `folded` does the same for random weights.
"""
import os
import sys

import numpy as np

from network import folded

GAIN = np.float32(2**0.5)


def constants(folder, network):
    """What the graphs of a network of this folder are built from.

    StyleGAN2 is as `folded` gives it. MobileStyleGAN has const [1, C, 4, 4], mapping [(weight, bias)],
    first, blocks [{up, conv1, conv2}] and image: layers are dictionaries of weight ([O, I, 3, 3], or
    depthwise [I, 1, 3, 3] and pointwise [O, I]), style (weight, bias), noise and bias; slope is that of
    their leaky ReLUs.
    """
    base = f"{folder}/{network}"
    if os.path.exists(f"{base}.npz"):
        return folded(dict(np.load(f"{base}.npz")))
    sys.path.insert(0, f"{folder}/generated")
    from obverse.MobileStyleGAN import MobileStyleGAN
    from obverse.Model import Model
    from obverse.StyleGAN2 import StyleGAN2
    from obverse.Synthesis import Synthesis

    with open(f"{base}.obv", "rb") as file:
        model = Model.GetRootAs(file.read(), 0)
    shared = {
        "const": tensor(model.ConstInput())[None],
        # Each layer ends with a gain, which moves in front of its leaky ReLU.
        "mapping": [
            tuple(GAIN * value for value in dense(model.Mapping(i)))
            for i in range(model.MappingLength())
        ],
    }
    is_mobile = model.SynthesisType() == Synthesis.MobileStyleGAN
    synthesis = MobileStyleGAN() if is_mobile else StyleGAN2()
    table = model.Synthesis()
    synthesis.Init(table.Bytes, table.Pos)
    if not is_mobile:
        return {**shared, **stylegan2(synthesis)}
    blocks = [synthesis.Blocks(i) for i in range(synthesis.BlocksLength())]
    first = synthesis.Conv1()
    return {
        **shared,
        "slope": model.Slope(),
        "first": layer(first, weight=tensor(first.Weight())),
        "blocks": [
            {"up": dense(block.Up()), "conv1": separable(block.Conv1()),
             "conv2": separable(block.Conv2())}
            for block in blocks
        ],
        "image": to_image(synthesis.ToImage()),
    }


def stylegan2(synthesis):
    blocks = [synthesis.Blocks(i) for i in range(synthesis.BlocksLength())]
    convs = [blocks[0].Conv1()]
    for block in blocks[1:]:
        convs += [block.Conv0(), block.Conv1()]

    def conv(one):
        weight = tensor(one.Weight())
        found = layer(one, weight=weight, energy=np.square(weight).sum((2, 3)))
        if abs(one.Activation().Gain() - GAIN) > 1e-6:
            sys.exit("the peers' StyleGAN2 has a gain of sqrt 2 behind each activation")
        return found

    return {
        "convs": [conv(one) for one in convs],
        "rgbs": [to_image(block.ToRgb()) for block in blocks],
    }


def separable(conv):
    depthwise = tensor(conv.Depthwise())
    return layer(conv, depthwise=depthwise[:, None], pointwise=tensor(conv.Pointwise()))


def layer(conv, **weights):
    """Style, noise and bias of a convolution; the activation's gain moves in front of it."""
    activation, noise = conv.Activation(), conv.Noise()
    if activation.Clamp() != 0:
        sys.exit("the peers' networks have no clamp")
    gain = np.float32(activation.Gain())
    plane = noise and noise.Plane()
    found = {
        "style": dense(conv.Affine()), "bias": gain * tensor(activation.Bias()),
        "noise": np.zeros((1, 1, 1, 1), np.float32), **weights,
    }
    if plane:
        found["noise"] = (np.float32(noise.Strength()) * gain * tensor(plane))[None, None]
    # StyleGAN2's gain stands with its demodulation factor, see `folded`.
    for key in ("weight", "pointwise"):
        if key in found and "energy" not in found:
            found[key] = gain * found[key]
    return found


def to_image(one):
    return {
        "weight": tensor(one.Weight()), "style": dense(one.Affine()), "bias": tensor(one.Bias()),
    }


def dense(one):
    return tensor(one.Weight()), tensor(one.Bias())


def tensor(one):
    """float32, of the shape in the file."""
    shape, data = one.ShapeAsNumpy(), one.DataAsNumpy()
    if one.Type() == 2:
        rows = data.view(np.int8).reshape(shape[0], -1)
        values = rows * one.ScalesAsNumpy()[:, None]
    else:
        values = data.view(np.float16 if one.Type() == 1 else np.float32)
    return values.astype(np.float32).reshape(shape)
