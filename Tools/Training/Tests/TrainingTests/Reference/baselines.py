#!/usr/bin/env python3
"""Terms of the methods that NICKEL & DiME is compared with, and their gradients: baselines.safetensors.

The networks are those of losses.safetensors. Cosines, divergences, eigenvectors and unit vectors are
PyTorch's own.

    python3 baselines.py baselines.safetensors      (made with torch 2.11, CPU, one thread)
"""

import math
import sys

import torch
import torch.nn.functional as F

from stylegan2 import (
    D_WIDTHS, G_WIDTHS, N, SIZE, W, blocks, convs, d, dense, discriminate, g, lrelu, mapping, normal,
    out, put, real, synthesis, z)
from tensors import write


def drawn(ws=None):
    ws = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1) if ws is None else ws
    features = []
    return synthesis(ws, features), features, ws


# CAGC: pixels under a mask that both images share.
theirs = (normal(N, 3, SIZE, SIZE) * 0.5).float().double()
mask = (normal(N, 1, SIZE, SIZE) > 0).double()
out["theirs"], out["mask"] = theirs, mask
image, _, _ = drawn()
put("pixel", (mask * image - mask * theirs).abs().mean(), g, "G.")

# StyleKD: relations between four images and four that are shifted, at 16x16.
shift = normal(N, W)
maps = normal(2 * N, 7, SIZE, SIZE)
out["shift"], out["maps"] = shift, maps
w = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1)
_, features, _ = drawn(torch.cat([w, w + shift[:, None]]))


def cosines(x):
    x = x.flatten(1)
    return F.cosine_similarity(x[:N, None], x[None, N:], dim=2)


relation = F.kl_div(
    F.log_softmax(cosines(features[2]), 1), F.softmax(cosines(maps), 1), reduction="batchmean")
put("relation", relation, g, "G.")
directions = []
for block in ("b8", "b16"):
    a = [g[f"synthesis.{block}.{conv}.affine.weight"].detach() for conv in ("conv0", "conv1")]
    a = torch.cat(a).t()
    a = a / a.norm(dim=0, keepdim=True)
    values, vectors = torch.linalg.eigh(a @ a.t())
    directions.append(vectors.t()[values.argsort(descending=True)[:5]])
out["directions"] = torch.cat(directions)

# DCP-GAN: what the weights that read a channel have to do with a step of all w.
w = mapping(z)[:, None].repeat(1, len(G_WIDTHS), 1)
steps = (drawn(w + shift[:1])[0] - drawn(w)[0]).abs().sum()
for i, name in enumerate(convs + ["b16.torgb"]):
    (slope,) = torch.autograd.grad(steps, g[f"synthesis.{name}.weight"], retain_graph=True)
    out[f"slopes.{i}"] = slope.abs().mean((0, 2, 3))

# GAN Slimming: styles of every layer.
_, _, ws = drawn()
sparsity, layer = 0.0, 0
for name in convs:
    p = f"synthesis.{name}"
    sparsity = sparsity + dense(ws[:, layer], g, f"{p}.affine").mean(0).abs().sum()
    layer += 1
    if name.endswith("conv1"):
        p = f"synthesis.{name.split('.')[0]}.torgb"
        gain = 1 / math.sqrt(g[f"{p}.weight"].shape[1])
        sparsity = sparsity + (dense(ws[:, layer], g, f"{p}.affine") * gain).mean(0).abs().sum()
put("sparsity", sparsity, g, "G.")

# GCC: a map of the generator through a 1x1 convolution, one of a discriminator as it is.
projection = normal(6, G_WIDTHS[3], 1, 1).requires_grad_()
map8, map4 = normal(N, 6, 8, 8), normal(N, D_WIDTHS[0], 4, 4)
out["projection"], out["map8"], out["map4"] = projection, map8, map4


def gram(x):
    n, c, h, w = x.shape
    return torch.einsum("nchw,ndhw->ncd", x, x) / (c * h * w)


image, features, _ = drawn()
pairs = [(F.conv2d(features[1], projection), map8), (blocks(image), map4)]
both = dict(g, projection=projection)
put("content", sum(F.mse_loss(a, b) ** 0.5 for a, b in pairs), both, "G.")
image, features, _ = drawn()
pairs = [(F.conv2d(features[1], projection), map8), (blocks(image), map4)]
put("gram", sum(F.mse_loss(gram(a), gram(b)) ** 0.5 for a, b in pairs), both, "G.")


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return (x > 0.1).to(x.dtype)

    @staticmethod
    def backward(context, slope):
        return slope


gates = {16: torch.tensor([1.0, 0.05, 0.7, 0.2, 0.0, 0.11]), 8: torch.tensor([0.3, 1, 0, 0.09, 1])}
gates = {size: x.float().double().requires_grad_() for size, x in gates.items()}
table = dict(d, **{f"b{size}.gate": x for size, x in gates.items()})
for size, x in gates.items():
    out[f"gates.b{size}.gate"] = x
opened = {size: Gate.apply(x) for size, x in gates.items()}
fake = image.detach()
scores = discriminate(fake, opened)
put(
    "gated", F.softplus(scores).mean() + F.softplus(-discriminate(real, opened)).mean(), table, "D.")
opened = {size: Gate.apply(x) for size, x in gates.items()}
scores = discriminate(fake, opened)
put(
    "balance", ((F.softplus(-scores) - F.softplus(scores)).abs() - 0.4).abs().mean(), table, "D.")

# ITGC: an energy model for images of 8x8, with the vectors that its power iterations begin with.
e, u = {}, {}


def spectral(name, shape, scale):
    e[f"{name}.weight"] = (normal(*shape) * scale).float().double()
    e[f"{name}.bias"] = normal(shape[0]) * 0.2
    u[f"{name}.u"] = normal(1, shape[0])


spectral("from_images", [4, 6, 3, 3], 1)
for i, (a, b) in enumerate([(4, 8), (8, 16)]):
    spectral(f"block{i}.conv1", [a, a, 3, 3], 1)
    spectral(f"block{i}.conv2", [b, a, 3, 3], 0.02 if i == 0 else 1)  # below 1, and above
    spectral(f"block{i}.shortcut", [b, a, 3, 3], 1)
spectral("out", [1, 16], 1)
for name in e:
    e[name] = e[name].float().double().requires_grad_()
for name, value in list(e.items()) + list(u.items()):
    out["E." + name] = value.clone()


def used(name, bounded=False):
    weight = e[f"{name}.weight"]
    matrix = weight.detach().flatten(1)
    right = F.normalize(u[f"{name}.u"] @ matrix, dim=1, eps=1e-12)
    u[f"{name}.u"] = F.normalize(right @ matrix.t(), dim=1, eps=1e-12)
    sigma = (u[f"{name}.u"] @ matrix @ right.t()).item()
    return weight / (sigma + 1e-6) * min(1, sigma + 1e-6) if bounded else weight / sigma


def layer(x, name, bounded=False):
    return F.conv2d(x, used(name, bounded), e[f"{name}.bias"], padding=1)


def energy(a, b):
    x = F.avg_pool2d(torch.cat([a, b], 1), 3, 2, 1)
    x = F.leaky_relu(layer(x, "from_images"), 0.01)
    for i in range(2):
        y = F.leaky_relu(layer(x, f"block{i}.conv1"), 0.01)
        y = layer(y, f"block{i}.conv2", bounded=True)
        x = F.leaky_relu(F.avg_pool2d(layer(x, f"block{i}.shortcut") + y, 2), 0.01)
    return F.linear(F.relu(x).mean((2, 3)), used("out"), e["out.bias"])


def langevin(b):
    x = b.detach()
    for _ in range(10):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(energy(x, b.detach()).sum(), x)
        noise = torch.randn(x.shape, dtype=torch.float32).double()
        x = x.detach() - 50 * slope + 0.005 * noise
    return x


a, b = normal(N, 3, 8, 8) * 0.5, normal(N, 3, 8, 8) * 0.5
a, b = a.float().double(), b.float().double()
out["teacher8"], out["student8"] = a, b
torch.manual_seed(21)
sample = langevin(b)
out["sample8"] = sample
positive, negative = energy(a, b), energy(sample, b)
put(
    "energy",
    positive.mean() - negative.mean() + 0.05 * (positive**2 + negative**2).mean(), e, "E.")
for name, value in u.items():
    out["E_after." + name] = value.clone()

# The generator's side, from where the model stands now.
b = b.requires_grad_()
torch.manual_seed(22)
sample = langevin(b)
put("information", (energy(a, b) - energy(sample, b)).mean(), {"student8": b}, "")

write(sys.argv[1], out)
