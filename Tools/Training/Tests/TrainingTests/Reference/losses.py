#!/usr/bin/env python3
"""Losses of a small StyleGAN2 pair and their gradients, computed by PyTorch: losses.safetensors.

    python3 losses.py losses.safetensors      (made with torch 2.11, CPU, one thread)
"""

import math
import sys

import torch
import torch.nn.functional as F

from stylegan2 import (
    G_WIDTHS, N, SIZE, W, blocks, d, discriminate, g, mapping, noise, normal, out, put, real,
    synthesis, z)
from tensors import write

directions = normal(N, 3, SIZE, SIZE)
out.update({"z": z, "real": real, "directions": directions})
for name, value in g.items():
    out["G." + name] = value
for name, value in noise.items():
    out["G." + name] = value
out["G.mapping.w_avg"] = torch.zeros(W)
for name, value in d.items():
    out["D." + name] = value

ws = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1)
image = synthesis(ws)
out["image"], out["scores"] = image, discriminate(real)
put("generator", torch.log1p(torch.exp(-discriminate(image))).mean(), g, "G.")
fake = image.detach()
put(
    "discriminator",
    (torch.log1p(torch.exp(discriminate(fake))) + torch.log1p(torch.exp(-discriminate(real)))).mean(),
    d, "D.")
x = real.clone().requires_grad_()
(slope,) = torch.autograd.grad(discriminate(x).sum(), x, create_graph=True)
put("r1", (slope**2).sum((1, 2, 3)).mean(), d, "D.")
ws = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1)
(slope,) = torch.autograd.grad(
    (synthesis(ws) * directions).sum() / SIZE, ws, create_graph=True)
lengths = torch.sqrt((slope**2).sum(2).mean(1))
mean = 0.3 + 0.01 * (lengths.mean() - 0.3)  # a running mean of 0.3 takes its hundredth
put("path", ((lengths - mean) ** 2).mean(), g, "G.")
out["path_mean"] = mean


# NICKEL: features of the teacher's 4x4 block against the discriminator's behind its 8x8 block.
def high_bands(x, levels):
    kernels = torch.tensor([[1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0
    bands, c = [], x.shape[1]
    for _ in range(levels):
        bands.append(F.conv2d(x, kernels.reshape(3, 1, 2, 2).repeat(c, 1, 1, 1), stride=2, groups=c))
        x = F.conv2d(x, torch.full((c, 1, 2, 2), 0.5), stride=2, groups=c)
    return bands


def nickel(a, b):
    levels = max(1, int(math.log2(a.shape[2])) - 2)
    pairs = zip(high_bands(a, levels), high_bands(b, levels))
    return sum(((p - q) ** 2).mean() for p, q in pairs)


features = []
drawn = synthesis(mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1), features).detach()
put("nickel", nickel(blocks(drawn), features[0].detach()), d, "D.")
put("nickel_plain", ((blocks(drawn) - features[0].detach()) ** 2).mean(), d, "D.")
a, b = normal(2, 3, 32, 32).requires_grad_(), normal(2, 3, 32, 32)
out["maps_a"], out["maps_b"] = a, b
put("maps", nickel(a, b), {"a": a}, "")

# DiME: two groups of two images, in the eyes of a small network.
eye = normal(7, 3, 3, 3)
first, second = normal(7).abs(), normal(7).abs()
out["eye"], out["eye_first"], out["eye_second"] = eye, first, second


def looked(x):
    return torch.log1p(torch.exp(F.conv2d(x, eye, stride=2, padding=1))).mean((2, 3))


def dime(x, power):
    losses = []
    for i in (0, 2):
        f = looked(x[i : i + 2])
        for mine, theirs in ((f.mean(0), first), ((f * f).mean(0), second)):
            gap = mine - theirs
            losses.append(gap.abs().mean() if power == 1 else (gap * gap).sum())
    return (losses[0] + losses[1] + losses[2] + losses[3]) / 2


for name, power in (("dime", 1), ("dime_squared", 2)):
    ws = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1)
    put(name, dime(synthesis(ws), power), g, "G.")

write(sys.argv[1], out)
