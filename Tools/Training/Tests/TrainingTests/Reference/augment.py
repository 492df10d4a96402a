#!/usr/bin/env python3
"""Pictures changed by NVlabs' own augmentation, and gradients through it: augment.safetensors.

    PYTHONPATH=STYLEGAN2_ADA python3 augment.py augment.safetensors

STYLEGAN2_ADA is a clone of stylegan2-ada-pytorch, or of code that contains it, with numpy, scipy, Pillow, requests
and setuptools; torch 2.11, CPU. `debug_percentile` q makes every random choice: uniforms are q, normals their
quantile as that code computes it (erfinv(2q - 1)), turns after the change of aspect are left out.
"""

import sys
import warnings

warnings.filterwarnings("ignore")

import torch

from training.augment import AugmentPipe

from tensors import write

torch.manual_seed(5)
torch.set_num_threads(1)
blits = dict(xflip=1, rotate90=1, xint=1)
geometry = dict(scale=1, rotate=1, aniso=1, xfrac=1)
colour = dict(brightness=1, contrast=1, lumaflip=1, hue=1, saturation=1)
out = {"images": torch.randn(2, 3, 16, 16), "grey": torch.randn(2, 1, 16, 16), "weights": torch.randn(2, 3, 16, 16)}
for q in (0.3, 0.55, 0.85):
    out[f"normal.{q}"] = torch.erfinv(torch.tensor(2 * q - 1))
    for name, kinds in {"blits": blits, "geometry": geometry, "colour": colour, "all": blits | geometry | colour}.items():
        x = out["images"].clone().requires_grad_()
        y = AugmentPipe(**kinds)(x, debug_percentile=q)
        (slope,) = torch.autograd.grad((y * out["weights"]).sum(), x)
        out[f"{name}.{q}"], out[f"{name}.{q}.slope"] = y.detach(), slope
    out[f"grey.{q}"] = AugmentPipe(**(blits | geometry | colour))(out["grey"], debug_percentile=q)

write(sys.argv[1], out)
