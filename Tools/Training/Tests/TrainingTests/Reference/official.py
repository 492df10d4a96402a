#!/usr/bin/env python3
"""Losses and gradients by the authors' own code of NICKEL & DiME, of small networks: official.safetensors.

    PYTHONPATH=NICKEL_AND_DIME python3 official.py official.safetensors

NICKEL_AND_DIME is a clone of the authors' repository (commit 053331a was used), with numpy, PyWavelets, Pillow,
requests and setuptools; torch 2.11, CPU. Their loss class runs as it is, all four phases. CLIP and DINO, which it
is handed, are replaced by a small network each, and what it draws at random by numbers of the file. Its networks
work in float32, so their roundings are in the numbers too.
"""

import math
import sys
import types
import warnings

# Imported by the authors' module and used by nothing that runs here.
sys.modules["torchvision"] = types.ModuleType("torchvision")
sys.modules["torchvision"].transforms = None
warnings.filterwarnings("ignore")

import torch
import torch.nn.functional as F

from training.loss_DD import StyleGAN2Loss
from training.networks_DD import Discriminator, Generator

from tensors import write

torch.manual_seed(11)
torch.set_num_threads(1)
Z, N, SIDE, CHANNELS, RATIO = 16, 4, 256, 8, 0.5
out = {}


def moved(network):
    """With biases, which begin as zeros, and no noise, which would be as large as the rest of the file."""
    for name, value in network.named_parameters():
        if name.endswith("bias"):
            value.data += 0.2 * torch.randn_like(value)
    return network.requires_grad_(False)


def generator(ratio):
    return moved(
        Generator(
            Z, 0, Z, SIDE, 3, pruning_ratio=ratio, mapping_kwargs={"num_layers": 2},
            synthesis_kwargs={"channel_base": CHANNELS * SIDE, "channel_max": CHANNELS}))


def discriminator():
    return moved(Discriminator(0, SIDE, 3, channel_base=CHANNELS * SIDE, channel_max=CHANNELS))


class Eye(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, images):
        return F.softplus(F.conv2d(images, self.weight, stride=2, padding=1)).mean((2, 3))

    encode_image = forward


networks = {"S": generator(RATIO), "T": generator(0), "D": discriminator(), "DT": discriminator()}
for prefix, network in networks.items():
    for name, value in network.named_parameters():
        out[f"{prefix}.{name}"] = value.detach().clone()
out["z"] = torch.randn(N, Z)
out["real"], out["directions"] = torch.randn(N, 3, 8, 8), torch.randn(N // 2, 3, 8, 8)
out["dino"], out["clip"] = torch.randn(7, 3, 3, 3), torch.randn(7, 3, 3, 3)
moments = {f"global_{eye}_{order}": torch.rand(7) for eye in ("dino", "clip") for order in ("first", "second")}
out.update(moments)


def tiled(small):
    """Each number as a square of 32x32 pixels."""
    return small.repeat_interleave(32, 2).repeat_interleave(32, 3)


torch.randn_like = lambda like: tiled(out["directions"]) if like.ndim == 4 else None
S, T, D, DT = networks.values()
clip = types.SimpleNamespace(module=Eye(out["clip"]))
loss = StyleGAN2Loss(
    "cpu", SIDE, S.mapping, S.synthesis, D, T.mapping, T.synthesis, clip, Eye(out["dino"]), DT,
    style_mixing_prob=0, r1_gamma=1)
for phase, learners in {"Gmain": ["S"], "Greg": ["S"], "Dmain": ["D", "DT"], "Dreg": ["D", "DT"]}.items():
    for prefix in learners:
        networks[prefix].requires_grad_(True)
    loss.accumulate_gradients(
        phase, tiled(out["real"]), torch.zeros(N, 0), out["z"], torch.zeros(N, 0), True, 1, moments)
    for prefix in learners:
        for name, value in networks[prefix].named_parameters():
            gradient = torch.zeros_like(value) if value.grad is None else value.grad
            out[f"grad.{phase}.{prefix}.{name}"] = gradient
        networks[prefix].requires_grad_(False)
        networks[prefix].zero_grad(set_to_none=True)

write(sys.argv[1], out)
