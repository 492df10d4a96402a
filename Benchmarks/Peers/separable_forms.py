"""MobileStyleGAN in PyTorch, in several ways of writing the same arithmetic, as torch_forms.py."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from network import grouped, parted

# name: (modulation, doubling)
#   act      scales a layer's input by the style
#   weight   makes the sample's own weights first; the pointwise ones never change
#   haart    the inverse Haar transform as grouped transposed convolution with stride 2
#   shuffle  as grouped 1x1 convolution, then pixel shuffle
#   sums     as sums of the four parts, which are then interleaved
FORMS = {
    "act-haart": ("act", "haart"),
    "act-shuffle": ("act", "shuffle"),
    "act-sums": ("act", "sums"),
    "weight-haart": ("weight", "haart"),
    "weight-shuffle": ("weight", "shuffle"),
}
# Rows are low-pass and three details, columns the pixels (0, 0), (0, 1), (1, 0), (1, 1).
HAAR = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], np.float32) / 2


class SeparableGenerator(nn.Module):
    """z [1, 512] -> image [1, 3, size, size], noise constant."""

    def __init__(self, constants, form, sample_weights=True):
        """sample_weights: the last 1x1 makes weights for the sample, which ncnn cannot."""
        super().__init__()
        self.modulation, self.doubling = FORMS[form]
        self.sample_weights = sample_weights
        self.slope, self.count = constants["slope"], len(constants["blocks"])
        self.depth = len(constants["mapping"])
        for i, (weight, bias) in enumerate(constants["mapping"]):
            self.keep(f"mapping{i}", weight, bias)
        order = parted if self.doubling == "sums" else grouped
        first = constants["first"]
        channels = first["weight"].shape[0]
        # Whoever makes what an inverse Haar transform reads, makes it in the order that suits it.
        rows = order(channels)
        self.keep("const", constants["const"])
        self.keep("first", first["weight"][rows], first["noise"], column(first["bias"][rows]))
        self.keep("firststyle", *first["style"])
        for i, block in enumerate(constants["blocks"]):
            self.keep_haar(f"up{i}", channels, [value[rows] for value in block["up"]])
            last = i + 1 == self.count
            channels = block["conv2"]["pointwise"].shape[0]
            rows = list(range(channels)) if last else order(channels)
            self.keep_separable(f"conv{i}a", block["conv1"], slice(None))
            self.keep_separable(f"conv{i}b", block["conv2"], rows)
        image = constants["image"]
        parts = order(image["weight"].shape[0])
        self.keep("image", image["weight"][parts][:, :, None, None], image["bias"][parts])
        self.keep("imagestyle", *image["style"])
        self.keep_haar("imageup", len(parts))

    def keep_haar(self, name, channels, style=()):
        self.keep(f"{name}style", *style)
        weight = np.tile(HAAR.reshape(4, 1, 2, 2), (channels // 4, 1, 1, 1))
        if self.doubling == "shuffle":
            weight = np.tile(HAAR.T.reshape(4, 4, 1, 1), (channels // 4, 1, 1, 1))
        self.keep(name, weight)

    def keep_separable(self, name, layer, rows):
        pointwise = layer["pointwise"][rows][:, :, None, None]
        self.keep(name, layer["depthwise"], pointwise, layer["noise"], column(layer["bias"][rows]))
        self.keep(f"{name}style", *layer["style"])

    def keep(self, name, *values):
        for i, value in enumerate(values):
            self.register_buffer(f"{name}_{i}", torch.as_tensor(value).contiguous().float())

    def kept(self, name, count):
        return [getattr(self, f"{name}_{i}") for i in range(count)]

    def style(self, name, w):
        return F.linear(w, *self.kept(f"{name}style", 2))

    def doubled(self, x, name, s):
        """The inverse Haar transform of x scaled by s [1, C], or of x where s is None."""
        weight = self.kept(name, 1)[0]
        groups = x.shape[1] // 4
        if s is not None and self.modulation == "weight" and self.doubling == "haart":
            weight = weight * s.view(-1, 1, 1, 1)
        elif s is not None:
            x = x * s.view(1, -1, 1, 1)
        if self.doubling == "haart":
            return F.conv_transpose2d(x, weight, stride=2, groups=groups)
        if self.doubling == "shuffle":
            return F.pixel_shuffle(F.conv2d(x, weight, groups=groups), 2)
        low, a, b, d = (0.5 * part for part in x.split(groups, 1))
        sums, differences = (low + a, b + d), (low - a, b - d)
        rows = [
            torch.stack((one + two, one - two), 4).flatten(3) for one, two in (sums, differences)
        ]
        return torch.stack(rows, 3).flatten(2, 3)

    def separable(self, name, x, w):
        depthwise, pointwise, noise, bias = self.kept(name, 4)
        s = self.style(name, w)
        if self.modulation == "weight":
            depthwise = depthwise * s.view(-1, 1, 1, 1)
        else:
            x = x * s.view(1, -1, 1, 1)
        x = F.conv2d(x, depthwise, padding=1, groups=depthwise.shape[0])
        return F.leaky_relu(F.conv2d(x, pointwise) + noise + bias, self.slope)

    def forward(self, z):
        w = z * torch.rsqrt(torch.mean(z * z, dim=1, keepdim=True) + 1e-8)
        for i in range(self.depth):
            w = F.leaky_relu(F.linear(w, *self.kept(f"mapping{i}", 2)), 0.2)
        weight, noise, bias = self.kept("first", 3)
        # The input is a constant, so that scaling it costs nothing either way.
        x = self.kept("const", 1)[0] * self.style("first", w).view(1, -1, 1, 1)
        x = F.leaky_relu(F.conv2d(x, weight, padding=1) + noise + bias, self.slope)
        for i in range(self.count):
            x = self.doubled(x, f"up{i}", self.style(f"up{i}", w))
            x = self.separable(f"conv{i}a", x, w)
            x = self.separable(f"conv{i}b", x, w)
        weight, bias = self.kept("image", 2)
        s = self.style("image", w).view(1, -1, 1, 1)
        if self.sample_weights and self.modulation == "weight":
            x = F.conv2d(x, weight * s, bias)
        else:
            x = F.conv2d(x * s, weight, bias)
        return self.doubled(x, "imageup", None)


def column(values):
    return values.reshape(1, -1, 1, 1)
