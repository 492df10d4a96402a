"""The generator in PyTorch, in several ways of writing the same arithmetic.

Runtimes differ in which way suits them, so each is timed with its best.
"""
import torch
from torch import nn
from torch.nn import functional as F

import separable_forms
from network import TAPS, phases, rgb_phases

# name: (modulation, doubling)
#   act      scales a layer's input by the style and its output by the demodulation
#   weight   makes the sample's own weights first, as the paper writes it
#   convt    transposed convolution, then the low-pass as 4x4 depthwise convolution
#   convts   the same with the low-pass as 4x1 and 1x4
#   poly     both folded into one 3x3 convolution to four times the channels, then pixel shuffle
FORMS = {
    "act-convt": ("act", "convt"),
    "act-convts": ("act", "convts"),
    "act-poly": ("act", "poly"),
    "weight-convt": ("weight", "convt"),
    "weight-poly": ("weight", "poly"),
}


class Forms:
    """The ways of writing one network: of `constants`, StyleGAN2's or MobileStyleGAN's."""

    def __init__(self, constants):
        self.constants = constants
        separable = "blocks" in constants
        self.module = separable_forms.SeparableGenerator if separable else Generator
        self.names = list(separable_forms.FORMS if separable else FORMS)

    def generator(self, form, sample_weights=True):
        return self.module(self.constants, form, sample_weights).eval()


class Generator(nn.Module):
    """z [1, 512] -> image [1, 3, size, size], noise constant."""

    def __init__(self, constants, form, sample_weights=True):
        """sample_weights: toRGB makes weights for the sample, which ncnn cannot."""
        super().__init__()
        self.modulation, self.doubling = FORMS[form]
        self.sample_weights = sample_weights
        self.layers, self.rgbs = len(constants["convs"]), len(constants["rgbs"])
        self.keep("const", constants["const"])
        for i, (weight, bias) in enumerate(constants["mapping"]):
            self.keep(f"mapping{i}", weight, bias)
        for i, layer in enumerate(constants["convs"]):
            weight = layer["weight"]
            outputs, inputs = weight.shape[:2]
            if i % 2 == 1 and self.doubling == "poly":
                weight = phases(weight).reshape(4 * outputs, inputs, 3, 3)
            elif i % 2 == 1:
                weight = weight.transpose(1, 0, 2, 3)
            self.keep(f"conv{i}", weight, layer["energy"], layer["noise"])
            self.keep(f"bias{i}", layer["bias"].reshape(1, -1, 1, 1))
            self.keep(f"style{i}", *layer["style"])
            taps = torch.tensor(TAPS)
            self.keep(f"low{i}", torch.outer(taps, taps).repeat(outputs, 1, 1, 1))
            self.keep(f"rows{i}", taps.reshape(4, 1).repeat(outputs, 1, 1, 1))
            self.keep(f"columns{i}", taps.repeat(outputs, 1, 1, 1))
        for i, layer in enumerate(constants["rgbs"]):
            self.keep(f"rgb{i}", layer["weight"].reshape(3, -1, 1, 1), layer["bias"])
            self.keep(f"rgbstyle{i}", *layer["style"])
        self.keep("image", rgb_phases().reshape(12, 3, 3, 3))

    def keep(self, name, *values):
        for i, value in enumerate(values):
            self.register_buffer(f"{name}_{i}", torch.as_tensor(value).contiguous().float())

    def kept(self, name, count):
        return [getattr(self, f"{name}_{i}") for i in range(count)]

    def double(self, x, weight, i, outputs):
        if self.doubling == "poly":
            return F.pixel_shuffle(F.conv2d(x, weight, padding=1), 2)
        x = F.conv_transpose2d(x, weight, stride=2)
        if self.doubling == "convt":
            return F.conv2d(x, *self.kept(f"low{i}", 1), padding=1, groups=outputs)
        x = F.conv2d(x, *self.kept(f"rows{i}", 1), padding=(1, 0), groups=outputs)
        return F.conv2d(x, *self.kept(f"columns{i}", 1), padding=(0, 1), groups=outputs)

    def layer(self, i, x, w):
        weight, energy, noise = self.kept(f"conv{i}", 3)
        outputs, inputs = energy.shape
        s = F.linear(w, *self.kept(f"style{i}", 2))
        # The last factor is the activation's gain.
        d = torch.rsqrt(F.linear(s * s, energy) + 1e-8) * 2**0.5
        up = i % 2 == 1
        if self.modulation == "act":
            x = x * s.view(1, inputs, 1, 1)
        elif up and self.doubling == "poly":
            each = d.view(outputs, 1).expand(outputs, 4).reshape(4 * outputs, 1, 1, 1)
            weight = weight * s.view(1, inputs, 1, 1) * each
        elif up:
            weight = weight * s.view(inputs, 1, 1, 1) * d.view(1, outputs, 1, 1)
        else:
            weight = weight * s.view(1, inputs, 1, 1) * d.view(outputs, 1, 1, 1)
        x = self.double(x, weight, i, outputs) if up else F.conv2d(x, weight, padding=1)
        if self.modulation == "act":
            x = x * d.view(1, outputs, 1, 1)
        return F.leaky_relu(x + noise + self.kept(f"bias{i}", 1)[0], 0.2)

    def to_rgb(self, i, x, w, image):
        weight, bias = self.kept(f"rgb{i}", 2)
        s = F.linear(w, *self.kept(f"rgbstyle{i}", 2)).view(1, -1, 1, 1)
        y = F.conv2d(x, weight * s, bias) if self.sample_weights else F.conv2d(x * s, weight, bias)
        if image is None:
            return y
        return y + F.pixel_shuffle(F.conv2d(image, self.kept("image", 1)[0], padding=1), 2)

    def forward(self, z):
        w = z * torch.rsqrt(torch.mean(z * z, dim=1, keepdim=True) + 1e-8)
        for i in range(8):
            w = F.leaky_relu(F.linear(w, *self.kept(f"mapping{i}", 2)), 0.2)
        x = self.layer(0, *self.kept("const", 1), w)
        image = self.to_rgb(0, x, w, None)
        for i in range(1, self.rgbs):
            x = self.layer(2 * i, self.layer(2 * i - 1, x, w), w)
            image = self.to_rgb(i, x, w, image)
        return image
