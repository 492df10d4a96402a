#!/usr/bin/env python3
"""A small TorchScript program, and the same tensors as a state dict.

    python3 make.py FOLDER      (made with torch 2.11)

Like CLIP's files it has an image tower behind `visual.`, in 16 bits, with attention whose weights lie in one
tensor; beside these a buffer, a tensor that two modules share, a transposed one, numbers, texts and lists.
"""

import os
import sys

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.randn(12, 4))
        self.in_proj_bias = nn.Parameter(torch.randn(12))
        self.out_proj = nn.Linear(4, 4)

    def forward(self, x):
        q, k, v = (x @ self.in_proj_weight.t() + self.in_proj_bias).chunk(3, 2)
        return self.out_proj((q @ k.transpose(1, 2)).softmax(2) @ v)


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 2, stride=2, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(4))
        self.ln_pre = nn.LayerNorm(4)
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4))
        self.attn = Attention()
        self.proj = nn.Parameter(torch.randn(4, 3).t().contiguous().t())

    def forward(self, x):
        x = self.conv1(x).flatten(2).permute(2, 0, 1)
        x = self.ln_pre(torch.cat([self.class_embedding.expand(1, x.shape[1], 4), x]))
        x = x + self.layers(self.attn(x))
        return x[0] @ self.proj


class Program(nn.Module):
    sizes: list[int]
    names: dict[str, float]

    def __init__(self):
        super().__init__()
        self.visual = Tower()
        self.again = nn.Linear(4, 6)
        self.again.weight = self.visual.layers[0].weight
        self.register_buffer("steps", torch.arange(5))
        self.sizes = [224, 7]
        self.names = {"scale": 0.5}
        self.title = "a program"
        self.count = 3

    def forward(self, x):
        return self.visual(x) * self.names["scale"] + self.sizes[0] + self.count


torch.manual_seed(1)
program = Program().half().eval()
folder = sys.argv[1]
torch.jit.script(program).save(os.path.join(folder, "program.pt"))
torch.save(program.state_dict(), os.path.join(folder, "state.pt"))
