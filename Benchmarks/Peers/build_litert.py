"""build_litert.py FOLDER NETWORK: writes NETWORK.FORM.tflite; act-convt and act-poly of StyleGAN2,
act-sums of MobileStyleGAN.

Needs TensorFlow to write them; ai-edge-litert alone runs them. Images are [1, size, size, 3] here.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in build_networks.py
import numpy as np
import tensorflow as tf

from model_file import constants as constants_of
from network import TAPS, parted, phases, rgb_phases


def constant(value):
    return tf.constant(np.ascontiguousarray(value, np.float32))


def styled(w, pair):
    weight, bias = pair
    return tf.matmul(w, constant(weight.T)) + constant(bias)


def plane(values):
    """[1, C] -> [1, 1, 1, C]."""
    return values[:, tf.newaxis, tf.newaxis, :]


def shuffled(x, weight):
    """weight [o, 2, 2, i, 3, 3] of `phases`: depth_to_space wants the phase before the channel."""
    outputs, inputs = weight.shape[0], weight.shape[3]
    kernel = weight.transpose(4, 5, 3, 1, 2, 0).reshape(3, 3, inputs, 4 * outputs)
    return tf.nn.depth_to_space(tf.nn.conv2d(x, constant(kernel), 1, "SAME"), 2)


def doubled(x, weight, form):
    if form == "act-poly":
        return shuffled(x, phases(weight))
    outputs, side = weight.shape[0], 2 * x.shape[1] + 1
    x = tf.nn.conv2d_transpose(
        x, constant(weight.transpose(2, 3, 0, 1)), (1, side, side, outputs), 2, "VALID")
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    low = np.repeat(np.outer(TAPS, TAPS)[:, :, None, None], outputs, 2)
    return tf.nn.depthwise_conv2d(x, constant(low), [1, 1, 1, 1], "VALID")


def layer(i, layer, x, w, form):
    s = styled(w, layer["style"])
    d = tf.math.rsqrt(tf.matmul(s * s, constant(layer["energy"].T)) + 1e-8) * np.float32(2**0.5)
    x = x * plane(s)
    if i % 2 == 1:
        x = doubled(x, layer["weight"], form)
    else:
        x = tf.nn.conv2d(x, constant(layer["weight"].transpose(2, 3, 1, 0)), 1, "SAME")
    noise = layer["noise"].transpose(0, 2, 3, 1)
    return tf.nn.leaky_relu(x * plane(d) + constant(noise) + constant(layer["bias"]), 0.2)


def to_rgb(layer, x, w, image):
    x = x * plane(styled(w, layer["style"]))
    y = tf.nn.conv2d(x, constant(layer["weight"].T[None, None]), 1, "SAME")
    y += constant(layer["bias"])
    return y if image is None else y + shuffled(image, rgb_phases())


def mapped(constants, z):
    w = z * tf.math.rsqrt(tf.reduce_mean(z * z, 1, keepdims=True) + 1e-8)
    for pair in constants["mapping"]:
        w = tf.nn.leaky_relu(styled(w, pair), 0.2)
    return w


def inverse_haar(x):
    """Channels come in the order of `parted`."""
    low, a, b, d = (0.5 * part for part in tf.split(x, 4, 3))
    plus, minus, both, across = low + a, low - a, b + d, b - d
    pixels = [plus + both, plus - both, minus + across, minus - across]
    return tf.nn.depth_to_space(tf.concat(pixels, 3), 2)


def finished(x, layer, rows, slope):
    noise = constant(layer["noise"].transpose(0, 2, 3, 1))
    return tf.nn.leaky_relu(x + noise + constant(layer["bias"][rows]), slope)


def separable(layer, x, w, rows, slope):
    x = x * plane(styled(w, layer["style"]))
    depthwise = constant(layer["depthwise"].transpose(2, 3, 0, 1))
    x = tf.nn.depthwise_conv2d(x, depthwise, [1, 1, 1, 1], "SAME")
    x = tf.nn.conv2d(x, constant(layer["pointwise"][rows].T[None, None]), 1, "SAME")
    return finished(x, layer, rows, slope)


def separable_generator(constants):
    @tf.function(input_signature=[tf.TensorSpec((1, 512), tf.float32)])
    def draw(z):
        w = mapped(constants, z)
        first, slope = constants["first"], constants["slope"]
        rows = parted(first["weight"].shape[0])
        x = constant(constants["const"].transpose(0, 2, 3, 1)) * plane(styled(w, first["style"]))
        x = tf.nn.conv2d(x, constant(first["weight"][rows].transpose(2, 3, 1, 0)), 1, "SAME")
        x = finished(x, first, rows, slope)
        for i, block in enumerate(constants["blocks"]):
            up = [value[rows] for value in block["up"]]
            x = inverse_haar(x * plane(styled(w, up)))
            x = separable(block["conv1"], x, w, slice(None), slope)
            channels = block["conv2"]["pointwise"].shape[0]
            last = i + 1 == len(constants["blocks"])
            rows = slice(None) if last else parted(channels)
            x = separable(block["conv2"], x, w, rows, slope)
        image = constants["image"]
        rows = parted(image["weight"].shape[0])
        x = x * plane(styled(w, image["style"]))
        x = tf.nn.conv2d(x, constant(image["weight"][rows].T[None, None]), 1, "SAME")
        return inverse_haar(x + constant(image["bias"][rows]))

    return draw


def generator(constants, form):
    if "blocks" in constants:
        return separable_generator(constants)

    @tf.function(input_signature=[tf.TensorSpec((1, 512), tf.float32)])
    def draw(z):
        w = mapped(constants, z)
        convs, rgbs = constants["convs"], constants["rgbs"]
        x = layer(0, convs[0], constant(constants["const"].transpose(0, 2, 3, 1)), w, form)
        image = to_rgb(rgbs[0], x, w, None)
        for i in range(1, len(convs)):
            x = layer(i, convs[i], x, w, form)
            if i % 2 == 0:
                image = to_rgb(rgbs[i // 2], x, w, image)
        return image

    return draw


def main():
    folder, network = sys.argv[1:3]
    constants = constants_of(folder, network)
    for form in ["act-sums"] if "blocks" in constants else ["act-convt", "act-poly"]:
        path = f"{folder}/{network}.{form}.tflite"
        if os.path.exists(path):
            continue
        function = generator(constants, form).get_concrete_function()
        data = tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()
        with open(path + ".part", "wb") as file:
            file.write(data)
        os.replace(path + ".part", path)


main()
