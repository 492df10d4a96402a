"""A small StyleGAN2 generator (16x16, z and w of 16, widths 8 8 6) in PyTorch, in two vocabularies, with random weights.

`values(seed)` makes its tensors under rosinality's names, `nvlabs()` renames them, `image()` draws. Nothing is shared
with the code that is tested: layers are written from the papers' formulas, convolutions are torch's own.
"""
import numpy as np
import torch
import torch.nn.functional as F

SIZE, W_DIM, LAYERS, WIDTHS = 16, 16, 2, (8, 8, 6)   # 4x4, 8x8, 16x16
BLOCKS = len(WIDTHS)
WS = 2 * BLOCKS
FILTER = torch.tensor([1., 3., 3., 1.])
FILTER = torch.outer(FILTER, FILTER) / 64


def values(seed=1, rgb=3):
    """All tensors of a generator under rosinality's names, in the order of its module tree."""
    g = torch.Generator().manual_seed(seed)
    n = lambda *s: torch.randn(*s, generator=g)
    t = {}
    for i in range(1, LAYERS + 1):
        t[f"style.{i}.weight"], t[f"style.{i}.bias"] = n(W_DIM, W_DIM) * 100, n(W_DIM) * 5
    t["input.input"] = n(1, WIDTHS[0], 4, 4)

    def conv(name, ci, co, k, up=False, noise=True):
        t[f"{name}.conv.weight"] = n(1, co, ci, k, k)
        if up:
            t[f"{name}.conv.blur.kernel"] = FILTER * 4
        t[f"{name}.conv.modulation.weight"], t[f"{name}.conv.modulation.bias"] = n(ci, W_DIM), 1 + .1 * n(ci)
        if noise:
            t[f"{name}.noise.weight"], t[f"{name}.activate.bias"] = n(1) * .2, n(co) * .2

    def to_rgb(name, ci, up):
        if up:
            t[f"{name}.upsample.kernel"] = FILTER * 4
        conv(name, ci, rgb, 1, noise=False)
        t[f"{name}.bias"] = n(1, rgb, 1, 1) * .2

    conv("conv1", WIDTHS[0], WIDTHS[0], 3)
    to_rgb("to_rgb1", WIDTHS[0], False)
    for b in range(1, BLOCKS):
        conv(f"convs.{2 * b - 2}", WIDTHS[b - 1], WIDTHS[b], 3, up=True)
        conv(f"convs.{2 * b - 1}", WIDTHS[b], WIDTHS[b], 3)
    for b in range(1, BLOCKS):
        to_rgb(f"to_rgbs.{b - 1}", WIDTHS[b], True)
    for i in range(WS - 1):
        r = 2 ** ((i + 5) // 2)
        t[f"noises.noise_{i}"] = n(1, 1, r, r)
    return t


def upsample(x, gain=4):
    c = x.shape[1]
    y = torch.zeros(x.shape[0], c, 2 * x.shape[2], 2 * x.shape[3])
    y[:, :, ::2, ::2] = x
    return F.conv2d(F.pad(y, (2, 1, 2, 1)), (FILTER * gain).expand(c, 1, 4, 4), groups=c)


def lrelu(x):
    return F.leaky_relu(x, .2) * 2 ** .5


def mapping(t, z):
    x = z * torch.rsqrt((z ** 2).mean(1, keepdim=True) + 1e-8)
    for i in range(1, LAYERS + 1):
        x = lrelu(F.linear(x, t[f"style.{i}.weight"] * (.01 / x.shape[1] ** .5), t[f"style.{i}.bias"] * .01))
    return x


def synthesis(t, ws):
    """`ws` is [n, WS, W_DIM]."""
    def style(name, w):
        return F.linear(w, t[f"{name}.conv.modulation.weight"] / W_DIM ** .5, t[f"{name}.conv.modulation.bias"])

    def conv(name, x, w, index, up):
        s = style(name, w)
        weight = t[f"{name}.conv.weight"][0]
        weight = weight / (9 * weight.shape[1]) ** .5
        d = torch.rsqrt((weight[None] * s[:, None, :, None, None]).square().sum((2, 3, 4)) + 1e-8)
        x = x * s[:, :, None, None]
        if up:
            c = weight.shape[0]
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1)), (FILTER * 4).expand(c, 1, 4, 4), groups=c)
        else:
            x = F.conv2d(x, weight, padding=1)
        x = x * d[:, :, None, None] + t[f"{name}.noise.weight"] * t[f"noises.noise_{index}"]
        return lrelu(x + t[f"{name}.activate.bias"].view(1, -1, 1, 1))

    def rgb(name, x, w):
        weight = t[f"{name}.conv.weight"][0] / x.shape[1] ** .5
        return F.conv2d(x * style(name, w)[:, :, None, None], weight) + t[f"{name}.bias"]

    x = t["input.input"].repeat(ws.shape[0], 1, 1, 1)
    x = conv("conv1", x, ws[:, 0], 0, False)
    img = rgb("to_rgb1", x, ws[:, 1])
    for b in range(1, BLOCKS):
        x = conv(f"convs.{2 * b - 2}", x, ws[:, 2 * b - 1], 2 * b - 1, True)
        x = conv(f"convs.{2 * b - 1}", x, ws[:, 2 * b], 2 * b, False)
        img = upsample(img) + rgb(f"to_rgbs.{b - 1}", x, ws[:, 2 * b + 1])
    return img


def z_of(seeds):
    return torch.tensor(np.concatenate([np.random.RandomState(s).randn(1, W_DIM) for s in seeds]).astype(np.float32))


def image(t, seeds=(0, 1), psi=1.0, mean=None):
    """What the generator draws for NumPy's z of these seeds, as float32 [n, 3, H, W]."""
    t = {k: v.float() for k, v in t.items()}
    w = mapping(t, z_of(seeds))
    if psi != 1:
        w = mean + psi * (w - mean)
    return synthesis(t, w[:, None].repeat(1, WS, 1)).numpy()


def nvlabs(t):
    """The same generator under NVlabs' names (a clampless skip net); the small change of the 1e-8 is below 1e-5."""
    o = {}
    for i in range(LAYERS):
        o[f"mapping.fc{i}.weight"], o[f"mapping.fc{i}.bias"] = t[f"style.{i + 1}.weight"], t[f"style.{i + 1}.bias"]
    for b in range(BLOCKS):
        p = f"synthesis.b{4 << b}"
        if b == 0:
            o[f"{p}.const"] = t["input.input"][0]
        o[f"{p}.resample_filter"] = FILTER
        for index in ((1,) if b == 0 else (0, 1)):
            name, noise = ("conv1", 0) if b == 0 else (f"convs.{2 * b - 2 + index}", 2 * b - 1 + index)
            q = f"{p}.conv{index}"
            o[f"{q}.weight"] = t[f"{name}.conv.weight"][0]
            o[f"{q}.noise_strength"] = t[f"{name}.noise.weight"][0]
            o[f"{q}.bias"] = t[f"{name}.activate.bias"]
            o[f"{q}.resample_filter"] = FILTER
            o[f"{q}.noise_const"] = t[f"noises.noise_{noise}"][0, 0]
            o[f"{q}.affine.weight"], o[f"{q}.affine.bias"] = (t[f"{name}.conv.modulation.{x}"] for x in ("weight", "bias"))
        name = "to_rgb1" if b == 0 else f"to_rgbs.{b - 1}"
        o[f"{p}.torgb.weight"], o[f"{p}.torgb.bias"] = t[f"{name}.conv.weight"][0], t[f"{name}.bias"].flatten()
        o[f"{p}.torgb.affine.weight"], o[f"{p}.torgb.affine.bias"] = (t[f"{name}.conv.modulation.{x}"] for x in ("weight", "bias"))
    return o
