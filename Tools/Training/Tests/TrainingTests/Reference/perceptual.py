#!/usr/bin/env python3
"""What VGG16, LPIPS and a face parser make of random pictures: perceptual.safetensors.

VGG16 is torchvision's, LPIPS is PyPI's lpips 0.1.4, the parser's ResNet-18 is torchvision's and the rest
of it PyTorch's modules, all in float64 with random weights: the normals that LibTorch draws in float32
after a seed made of the tensor's name, which the test draws again.

    python3 perceptual.py perceptual.safetensors      (made with torch 2.11, torchvision 0.26, CPU)
"""

import sys

import lpips
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

from tensors import write

torch.set_num_threads(1)


def drawn(name, shape):
    """The tensor of a random network: fan-in for kernels, small shifts, positive variances."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 % 2**32
    torch.manual_seed(seed)
    x = torch.randn(shape)
    if name.endswith("running_var"):
        return (0.5 + x * x).double()
    if len(shape) == 1:
        return (x * 0.2 + (1 if name.endswith(".weight") else 0)).double()
    fan = 1
    for size in shape[1:]:
        fan *= size
    return (x * (1.5 / fan) ** 0.5).double()


def filled(network, renamed=lambda name: name):
    network = network.double().eval()
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            value.copy_(drawn(renamed(name), list(value.shape)))
    return network


torch.manual_seed(7)
images = torch.randn(2, 3, 32, 32) * 0.5
out = {"images": images}
images = images.double()

# VGG16: some of each stage's last map.
vgg = filled(torchvision.models.vgg16(weights=None).features, lambda name: "features." + name)


def maps(x, last):
    found = []
    for i, layer in enumerate(vgg[: last + 1]):
        x = layer(x)
        if i in (3, 8, 15, 22, 29):
            found.append(x)
    return found


for i, x in enumerate(maps(images, 29)):
    step = max(x.shape[2] // 4, 1)
    out[f"vgg.{i}"] = x[:, ::16, ::step, ::step]


def put(name, distance):
    a = images[:1].clone().requires_grad_()
    loss = distance(a, images[1:])
    out[f"{name}.loss"] = loss
    (out[f"{name}.gradient"],) = torch.autograd.grad(loss, a)


# GAN Slimming's perceptual loss, the Gram matrices as sums over pixels.
def perceptual(a, b):
    a, b = maps((a + 1) / 2, 22), maps((b + 1) / 2, 22)
    loss = F.l1_loss(a[0], b[0])
    for x, y in zip(a, b):
        size = x[0].numel()
        loss = loss + 1e5 * F.mse_loss(
            torch.einsum("nchw,ndhw->ncd", x, x) / size, torch.einsum("nchw,ndhw->ncd", y, y) / size)
    return loss


put("perceptual", perceptual)

# Heads are positive, as trained ones are.
distance = lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False).double().eval()
for name, value in distance.state_dict().items():
    if name.startswith("net.slice"):
        value.copy_(drawn("features." + name.split(".", 2)[2], list(value.shape)))
    elif name.startswith("lin") and not name.startswith("lins"):
        value.copy_(drawn(name, list(value.shape)).abs())
put("lpips", lambda a, b: distance(a, b).mean())


# The face parser.
class Unit(nn.Module):
    def __init__(self, a, b, size=3):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(a, b, size, padding=size // 2, bias=False), nn.BatchNorm2d(b)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Refine(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.conv = Unit(a, 128)
        self.conv_atten, self.bn_atten = nn.Conv2d(128, 128, 1, bias=False), nn.BatchNorm2d(128)

    def forward(self, x):
        x = self.conv(x)
        return x * torch.sigmoid(self.bn_atten(self.conv_atten(F.adaptive_avg_pool2d(x, 1))))


class Context(nn.Module):
    def __init__(self):
        super().__init__()
        self.resnet = torchvision.models.resnet18(weights=None)
        del self.resnet.fc
        self.arm16, self.arm32 = Refine(256), Refine(512)
        self.conv_head32, self.conv_head16 = Unit(128, 128), Unit(128, 128)
        self.conv_avg = Unit(512, 128, 1)

    def forward(self, x):
        r = self.resnet
        x = r.layer1(r.maxpool(r.relu(r.bn1(r.conv1(x)))))
        at8 = r.layer2(x)
        at16 = r.layer3(at8)
        at32 = r.layer4(at16)
        x = self.arm32(at32) + self.conv_avg(F.adaptive_avg_pool2d(at32, 1))
        x = self.arm16(at16) + self.conv_head32(F.interpolate(x, scale_factor=2))
        return at8, self.conv_head16(F.interpolate(x, scale_factor=2))


class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.convblk = Unit(256, 256, 1)
        self.conv1 = nn.Conv2d(256, 64, 1, bias=False)
        self.conv2 = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, a, b):
        x = self.convblk(torch.cat([a, b], 1))
        weights = torch.sigmoid(self.conv2(F.relu(self.conv1(F.adaptive_avg_pool2d(x, 1)))))
        return x + x * weights


class Parser(nn.Module):
    def __init__(self):
        super().__init__()
        self.cp, self.ffm = Context(), Fusion()
        self.conv_out = nn.ModuleDict(
            {"conv": Unit(256, 256), "conv_out": nn.Conv2d(256, 19, 1, bias=False)})

    def forward(self, x):
        x = self.conv_out["conv_out"](self.conv_out["conv"](self.ffm(*self.cp(x))))
        return F.interpolate(x, size=(512, 512), mode="bilinear", align_corners=True)


with torch.no_grad():
    x = F.interpolate(
        ((images + 1) / 2).clamp(0, 1), size=(512, 512), mode="bilinear", align_corners=False)
    x = torchvision.transforms.functional.normalize(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    scores = filled(Parser())(x)
    out["scores"] = scores[:, :, 5::64, 5::64]
    # Random scores have one label everywhere: the masks are those of a pattern.
    y, x = torch.meshgrid(torch.arange(512), torch.arange(512), indexing="ij")
    labels = ((x // 9 + 7 * (y // 11)) % 19)[None]
    content = ((labels != 0) & (labels != 16)).double()[:, None]
    out["mask"] = (
        F.interpolate(content, size=(32, 32), mode="bilinear", align_corners=False) > 0.5).double()
    out["mask_nearest"] = F.interpolate(content, size=(32, 32), mode="nearest")

write(sys.argv[1], out)
