#!/usr/bin/env python3
"""Makes the checkpoints of this folder that have a line here, and what they draw.

    python3 make.py FOLDER      (made with torch 2.11 and NumPy)
"""
import collections
import os
import pickle
import re
import sys
import zipfile

import numpy as np
import torch
from torch import nn

import mini

folder = sys.argv[1]


def place(name, file):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    return os.path.join(folder, name, file)


def draw(name, tensors, **how):
    np.save(place(name, "image.npy"), mini.image(tensors, **how))


class Module(nn.Module):
    """A module tree with these tensors as parameters, as a state dict's names have it."""

    def __init__(self, tensors):
        super().__init__()
        for key, value in tensors.items():
            at = self
            *path, leaf = key.split(".")
            for part in path:
                if part not in at._modules:
                    at.add_module(part, Module({}))
                at = at._modules[part]
            at.register_parameter(leaf, nn.Parameter(value, requires_grad=False))

    def at(self, path):
        for part in path.split("."):
            self = self._modules[part]
        return self


def paddle(tensors):
    """As PaddleGAN holds them: dense layers [in, out]."""
    return {k: (v.T if v.ndim == 2 and k.endswith("weight") else v).contiguous().numpy() for k, v in tensors.items()}


t = mini.values(1)

# PaddlePaddle's `paddle.save`: a table of names beside the arrays, or a pair of name and array for each.
state = paddle(t)
with open(place("paddle-table", "net.pdparams"), "wb") as file:
    pickle.dump({**state, "StructuredToParameterName@@": {k: f"linear_{i}.w_0" for i, k in enumerate(state)}}, file, 2)
draw("paddle-table", t)
with open(place("paddle-pairs", "epoch.pdparams"), "wb") as file:
    pickle.dump({"epoch": 3, "gen_ema": {k: (f"p_{i}", v) for i, (k, v) in enumerate(state.items())}}, file, 4)
draw("paddle-pairs", t)

# A mask of torch.ao's sparsifier, kept as a parametrization; and weight_norm, which is no mask.
class FakeSparsity(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, x):
        return self.mask * x


net = Module(t)
masked = dict(t)
for key in ("convs.1.conv.weight", "to_rgbs.0.conv.modulation.weight"):
    path, leaf = key.rsplit(".", 1)
    mask = torch.rand(t[key].shape, generator=torch.Generator().manual_seed(5)) < 0.5
    nn.utils.parametrize.register_parametrization(net.at(path), leaf, FakeSparsity(mask))
    masked[key] = t[key] * mask
torch.save({"g_ema": net.state_dict()}, place("parametrized-mask", "net.pt"))
draw("parametrized-mask", masked)
net = Module(t)
nn.utils.parametrizations.weight_norm(net.at("convs.1.conv"))
torch.save({"g_ema": net.state_dict()}, place("weight-norm", "net.pt"))

# A whole module in the container of old torch, which sends classes with their source.
torch.save(Module(t), place("whole-module-legacy", "g_ema.pt"), _use_new_zipfile_serialization=False)
draw("whole-module-legacy", t)

# Rows of a mean w that differ; types that nobody reads; a checksum that was not written.
rows = torch.randn(mini.WS, mini.W_DIM, generator=torch.Generator().manual_seed(6))
torch.save({"g_ema": t, "latent_avg": rows}, place("wavg-rows-differ", "net.pt"))
torch.save({"g_ema": {**t, "conv1.conv.weight": t["conv1.conv.weight"].to(torch.float8_e4m3fn)}},
           place("weights-fp8", "net.pt"))
quantized = torch.quantize_per_tensor(t["conv1.conv.weight"], 0.01, 0, torch.qint8)
torch.save({"g_ema": {**t, "conv1.conv.weight": quantized}}, place("weights-qint8", "net.pt"))
torch.save({"g_ema": {k: v.to("meta") for k, v in t.items()}}, place("weights-meta", "net.pt"))
torch.serialization.set_crc32_options(False)
torch.save({"g_ema": t}, place("no-checksums", "net.pt"))
torch.serialization.set_crc32_options(True)
draw("no-checksums", t)

# State dicts in a subclass of dict, and in an object that averages; the classes are not run.
class Averager:
    def __init__(self, shadow):
        self.decay, self.shadow, self.owner = 0.999, shadow, self


torch.save(collections.defaultdict(dict, generator=mini.values(2), ema=Averager(t)), place("object-average", "net.pt"))
draw("object-average", t)

# Wrappers between a generator's own names: FSDP around blocks.
wrapped = {"_fsdp_wrapped_module." + k.replace("synthesis.b4.", "synthesis.b4._fsdp_wrapped_module."): v
           for k, v in mini.nvlabs(t).items()}
torch.save({"G": mini.nvlabs(mini.values(2)), "G_ema": wrapped}, place("wrapped-fsdp", "net.pt"))
draw("wrapped-fsdp", t)


def basicsr(tensors):
    """The same network under BasicSR's names."""
    names = {}
    for key, value in tensors.items():
        if "kernel" in key:
            continue
        key = re.sub(r"^style\.", "style_mlp.", key).replace("input.input", "constant_input.weight")
        key = re.sub(r"^conv1\.", "style_conv1.", re.sub(r"^convs\.", "style_convs.", key))
        key = key.replace("noises.noise_", "noises.noise").replace(".noise.weight", ".weight")
        names[key.replace(".conv.", ".modulated_conv.")] = value
    return names


torch.save({"params": basicsr(mini.values(2)), "params_ema": basicsr(t)}, place("family-basicsr", "net_g.pth"))
draw("family-basicsr", t)

# NumPy: a text and an object beside the arrays; numbers where arrays of one number were.
np.savez_compressed(place("arrays-and-texts", "net.npz"), note=np.array("a note"), facts=np.array({"kimg": 1}, dtype=object),
                    **{k: v.numpy() for k, v in t.items()})
draw("arrays-and-texts", t)
torch.save({"g_ema": {k: v.numpy() if v.numel() > 1 else np.float32(v.item()) for k, v in t.items()}},
           place("numbers-for-arrays", "net.pt"))
draw("numbers-for-arrays", t)

# A history of small containers: more values than are kept (deflated to stay small).
history = [{"step": 5, "loss": (0.5, float(i % 4))} for i in range(42_000)]
torch.save({"g_ema": t, "history": history, "by_step": {i: [0.25] for i in range(25_000)}}, place("many-containers", "big.pt"))
with zipfile.ZipFile(place("many-containers", "big.pt")) as old:
    with zipfile.ZipFile(place("many-containers", "train.pt"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED, 9)
os.remove(place("many-containers", "big.pt"))
draw("many-containers", t)
