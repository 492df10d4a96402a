"""The networks that are timed: random weights in the paper's widths, and their constants folded once.

NumPy only, so that PyTorch's and TensorFlow's environments share it.
"""
import math
import re

import numpy as np

# name: (pixels a side, channel base, share of the channels removed)
NETWORKS = {
    "full256": (256, 16384, 0.0),
    "p50": (256, 16384, 0.5),
    "p70": (256, 16384, 0.7),
    "p80": (256, 16384, 0.8),
    "p90": (256, 16384, 0.9),
    "p95": (256, 16384, 0.95),
    "p90-1024": (1024, 32768, 0.9),
}
# The low-pass [1, 3, 3, 1], with the gain of 2 an axis that doubling needs.
TAPS = np.array([1, 3, 3, 1], np.float32) / 4


def widths(name):
    """Channels of each resolution, {4: c, 8: c, ...}; rounded as the paper's code rounds."""
    size, base, removed = NETWORKS[name]
    full = {2**i: min(base // 2**i, 512) for i in range(2, size.bit_length())}
    return {side: count - int(count * removed) for side, count in full.items()}


def random_state(name):
    """A rosinality-keyed state dictionary; nothing in it is zero, so nothing may be left out."""
    random = np.random.default_rng(85)
    channels = widths(name)
    filter = np.outer(TAPS, TAPS)
    state = {}

    def normal(*shape, scale=1.0, offset=0.0):
        return (random.standard_normal(shape) * scale + offset).astype(np.float32)

    def modulated(key, inputs, outputs, side):
        state[f"{key}.conv.weight"] = normal(1, outputs, inputs, side, side)
        state[f"{key}.conv.modulation.weight"] = normal(inputs, 512)
        state[f"{key}.conv.modulation.bias"] = normal(inputs, scale=0.2, offset=1)

    def styled(key, index, inputs, outputs, side):
        modulated(key, inputs, outputs, 3)
        state[f"{key}.noise.weight"] = normal(1, scale=0.1)
        state[f"{key}.activate.bias"] = normal(outputs, scale=0.2)
        state[f"noises.noise_{index}"] = normal(1, 1, side, side)

    def to_rgb(key, inputs):
        modulated(key, inputs, 3, 1)
        state[f"{key}.conv.weight"] *= 0.15  # about -1 to 1 after the last block
        state[f"{key}.bias"] = normal(1, 3, 1, 1, scale=0.1)

    for i in range(1, 9):
        state[f"style.{i}.weight"] = normal(512, 512, scale=100)  # the file's rate is 0.01
        state[f"style.{i}.bias"] = normal(512, scale=30)
    state["input.input"] = normal(1, channels[4], 4, 4)
    styled("conv1", 0, channels[4], channels[4], 4)
    to_rgb("to_rgb1", channels[4])
    for i, side in enumerate(sorted(channels)[1:]):
        styled(f"convs.{2 * i}", 2 * i + 1, channels[side // 2], channels[side], side)
        state[f"convs.{2 * i}.conv.blur.kernel"] = filter
        styled(f"convs.{2 * i + 1}", 2 * i + 2, channels[side], channels[side], side)
        to_rgb(f"to_rgbs.{i}", channels[side])
        state[f"to_rgbs.{i}.upsample.kernel"] = filter
    return state


def folded(state):
    """What a peer's graph is built from: every factor that does not depend on z is in a constant.

    The gain sqrt 2 of each activation moves in front of it, since leaky ReLU keeps positive factors.
    Returns const, mapping [(weight, bias)], convs and rgbs, each a list of dictionaries.
    """
    gain = np.float32(math.sqrt(2))

    def style(key):
        weight = state[f"{key}.conv.modulation.weight"]
        return weight / np.float32(math.sqrt(weight.shape[1])), state[f"{key}.conv.modulation.bias"]

    def conv(index, key):
        weight = state[f"{key}.conv.weight"][0]
        weight = weight / np.float32(math.sqrt(weight[0].size))
        return {
            "weight": weight,
            "energy": np.square(weight).sum((2, 3)),
            "style": style(key),
            "noise": state[f"noises.noise_{index}"] * state[f"{key}.noise.weight"] * gain,
            "bias": state[f"{key}.activate.bias"] * gain,
        }

    def to_rgb(key):
        weight = state[f"{key}.conv.weight"][0, :, :, 0, 0]
        weight = weight / np.float32(math.sqrt(weight.shape[1]))
        return {"weight": weight, "style": style(key), "bias": state[f"{key}.bias"].reshape(3)}

    blocks = sum(1 for key in state if re.fullmatch(r"to_rgbs\.\d+\.bias", key))
    rate = np.float32(0.01) * gain
    dense = [(f"style.{i}.weight", f"style.{i}.bias") for i in range(1, 9)]
    return {
        "const": state["input.input"],
        "mapping": [(state[w] * (rate / math.sqrt(512)), state[b] * rate) for w, b in dense],
        "convs": [conv(0, "conv1")] + [conv(i + 1, f"convs.{i}") for i in range(2 * blocks)],
        "rgbs": [to_rgb("to_rgb1")] + [to_rgb(f"to_rgbs.{i}") for i in range(blocks)],
    }


def phases(weight):
    """Folds doubling and its low-pass into four 3x3 convolutions at the input's size.

    weight is [o, i, 3, 3] of the transposed convolution with stride 2. Returns [o, 2, 2, i, 3, 3]:
    pixel (2y + p, 2x + q) is the 3x3 convolution [:, p, q] around (y, x). Along one axis, input
    y + d reaches output 2y + p over tap a of the weight and tap 2d + a + 1 - p of the low-pass.
    """
    axis = np.zeros((2, 3, 3), np.float32)
    for p in range(2):
        for d in (-1, 0, 1):
            for a in range(3):
                if 0 <= 2 * d + a + 1 - p < 4:
                    axis[p, d + 1, a] = TAPS[2 * d + a + 1 - p]
    outputs, inputs = weight.shape[:2]
    both = np.einsum("pya,qxb->abpqyx", axis, axis).reshape(9, 36)
    found = (weight.reshape(-1, 9) @ both).reshape(outputs, inputs, 2, 2, 3, 3)
    return np.ascontiguousarray(found.transpose(0, 2, 3, 1, 4, 5))


def rgb_phases():
    """The doubling of the image, in the form of `phases`: a 3x3 weight with only its middle."""
    middle = np.zeros((3, 3, 3, 3), np.float32)
    middle[range(3), range(3), 1, 1] = 1
    return phases(middle)


def mapped(constants, z):
    """z [n, 512] -> w [n, 512]."""
    x = z / np.sqrt(np.square(z).mean(1, keepdims=True) + 1e-8)
    for weight, bias in constants["mapping"]:
        x = x @ weight.T + bias
        x = np.maximum(x, 0.2 * x)
    return x


def grouped(channels):
    """The order that brings a low-pass channel and its details together, four by four.

    An inverse Haar transform reads C/4 low-pass channels, then three details for each.
    """
    quarter = channels // 4
    return [k if j == 0 else quarter + 3 * k + j - 1 for k in range(quarter) for j in range(4)]


def parted(channels):
    """The order that brings all first details together, then all second, then all third ones."""
    quarter = channels // 4
    return list(range(quarter)) + [quarter + 3 * k + j for j in range(3) for k in range(quarter)]
