#!/usr/bin/env python3
"""A small MobileStyleGAN in double precision, its pictures and gradients: mobile.safetensors.

Written down from Belousov 2021 (arXiv:2104.04767) and the graph that PyPI's random-face carries: every
modulated layer scales its input, nothing is demodulated, gains are folded, and an inverse Haar transform of
C channels takes the first C / 4 as means and then three differences of each. Every step is as literal as it
can be: loops over pixels of 2x2 blocks, one convolution for each image, 1x1 kernels as kernels.

    python3 mobile.py mobile.safetensors
    (made with torch 2.11, CPU)
"""

import sys

import torch
import torch.nn.functional as F

from tensors import write

torch.set_num_threads(1)
torch.manual_seed(20)
Z, W, LAYERS, SLOPE = 6, 10, 2, 0.2
# Constant, 4x4, then two convolutions each at 8x8 and 16x16; the pictures have 32x32.
WIDTHS = [6, 8, 5, 12, 7, 9]


def random(*shape, scale=1.0, shift=0.0):
    return (torch.randn(shape) * scale + shift).double()


def parameters():
    made = {}
    for i in range(LAYERS):
        made[f"mapping.fc{i}.weight"] = random(W, Z if i == 0 else W, scale=0.5)
        made[f"mapping.fc{i}.bias"] = random(W, scale=0.3)

    def styles(name, width):
        made[f"{name}.affine.weight"] = random(width, W, scale=0.2)
        made[f"{name}.affine.bias"] = random(width, scale=0.3, shift=1)

    def tail(name, width, side):
        made[f"{name}.noise_const"] = random(side, side, scale=0.2)
        made[f"{name}.bias"] = random(width, scale=0.2)

    made["b4.const"] = random(WIDTHS[0], 4, 4)
    styles("b4.conv1", WIDTHS[0])
    made["b4.conv1.weight"] = random(WIDTHS[1], WIDTHS[0], 3, 3, scale=0.2)
    tail("b4.conv1", WIDTHS[1], 4)
    for block in (1, 2):
        side, before = 4 << block, WIDTHS[2 * block - 1]
        styles(f"b{side}.up", before)
        for conv, inputs, outputs in (
            ("conv1", before // 4, WIDTHS[2 * block]),
            ("conv2", WIDTHS[2 * block], WIDTHS[2 * block + 1]),
        ):
            name = f"b{side}.{conv}"
            styles(name, inputs)
            made[f"{name}.depthwise"] = random(inputs, 3, 3, scale=0.5)
            made[f"{name}.pointwise"] = random(outputs, inputs, scale=0.5)
            tail(name, outputs, side)
    styles("toimage", WIDTHS[-1])
    made["toimage.weight"] = random(12, WIDTHS[-1], scale=0.3)
    made["toimage.bias"] = random(12, scale=0.2)
    return made


def inverse_haar(x):
    channels, height, width = x.shape[0] // 4, x.shape[1], x.shape[2]
    rows = []
    for c in range(channels):
        mean = x[c]
        a, b, d = (x[channels + 3 * c + k] for k in range(3))
        top = torch.stack([mean + a + b + d, mean + a - b - d], -1).reshape(height, 2 * width)
        bottom = torch.stack([mean - a + b - d, mean - a - b + d], -1).reshape(height, 2 * width)
        rows.append(torch.stack([top, bottom], 1).reshape(2 * height, 2 * width) / 2)
    return torch.stack(rows)


def mapped(p, z):
    x = z * (z.square().mean() + 1e-8).rsqrt()
    for i in range(LAYERS):
        x = F.leaky_relu(p[f"mapping.fc{i}.weight"] @ x + p[f"mapping.fc{i}.bias"], 0.2) * 2**0.5
    return x


def drawn(p, w):
    def scaled(x, name):
        return x * (p[f"{name}.affine.weight"] @ w + p[f"{name}.affine.bias"])[:, None, None]

    def finished(x, name):
        return F.leaky_relu(x + p[f"{name}.noise_const"] + p[f"{name}.bias"][:, None, None], SLOPE)

    def separable(x, name):
        x = scaled(x, name)[None]
        kernel = p[f"{name}.depthwise"][:, None]
        x = F.conv2d(x, kernel, padding=1, groups=kernel.shape[0])
        return finished(F.conv2d(x, p[f"{name}.pointwise"][:, :, None, None])[0], name)

    x = scaled(p["b4.const"], "b4.conv1")
    x = finished(F.conv2d(x[None], p["b4.conv1.weight"], padding=1)[0], "b4.conv1")
    for side in (8, 16):
        x = inverse_haar(scaled(x, f"b{side}.up"))
        x = separable(separable(x, f"b{side}.conv1"), f"b{side}.conv2")
    x = F.conv2d(scaled(x, "toimage")[None], p["toimage.weight"][:, :, None, None])[0]
    return inverse_haar(x + p["toimage.bias"][:, None, None])


def main(path):
    p = parameters()
    for name, value in p.items():
        value.requires_grad_("noise" not in name)
    z = random(3, Z)
    w = torch.stack([mapped(p, one) for one in z])
    images = torch.stack([drawn(p, one) for one in w])
    probe = random(*images.shape)
    loss = (images * probe).sum()
    names = [name for name, value in p.items() if value.requires_grad]
    slopes = torch.autograd.grad(loss, [p[name] for name in names])
    tensors = {f"parameters.{name}": value for name, value in p.items()}
    tensors |= {"z": z, "w": w, "images": images, "probe": probe}
    tensors |= {f"gradients.{name}": slope for name, slope in zip(names, slopes)}
    write(path, tensors)


if __name__ == "__main__":
    main(sys.argv[1])
