"""A small StyleGAN2 pair in PyTorch, for the references beside this file.

Written for the tests from the papers' formulas: weights are modulated image by image in one grouped
convolution, filters insert zeros, pad and convolve. None of this is how Networks computes.
"""

import math

import torch
import torch.nn.functional as F

torch.manual_seed(87)  # with 85 R1 is so small that float32 agrees in its gradients to 4e-4 only
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)  # rounded to float32 when written
Z, W, LAYERS, SIZE, N, GROUP = 8, 10, 2, 16, 4, 2
G_WIDTHS = [6, 5, 7, 4, 3, 5]
D_WIDTHS = [5, 6, 4]  # at 4, 8, 16; at 4 as many as the generator has there, for NICKEL


def normal(*shape):
    return torch.randn(*shape).float().double()


tap = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
FIR = torch.outer(tap, tap)


def fir(x, before, after, up=1, down=1, gain=1.0):
    n, c, h, w = x.shape
    if up == 2:
        y = x.new_zeros(n, c, 2 * h, 2 * w)
        y[:, :, ::2, ::2] = x
        x = y
    x = F.pad(x, (before, after, before, after))
    x = torch.cat([F.conv2d(x[:, i : i + 1], FIR[None, None] * gain) for i in range(c)], 1)
    return x[:, :, ::down, ::down]


def lrelu(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


g, noise = {}, {}
for i in range(LAYERS):
    g[f"mapping.fc{i}.weight"] = normal(W, Z if i == 0 else W) * 100
    g[f"mapping.fc{i}.bias"] = normal(W) * 20
g["synthesis.b4.const"] = normal(G_WIDTHS[0], 4, 4)
convs = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"]
for i, name in enumerate(convs):
    a, b, p = G_WIDTHS[i], G_WIDTHS[i + 1], f"synthesis.{name}"
    g[f"{p}.weight"] = normal(b, a, 3, 3)
    g[f"{p}.affine.weight"], g[f"{p}.affine.bias"] = normal(a, W), 1 + 0.2 * normal(a)
    g[f"{p}.bias"], g[f"{p}.noise_strength"] = 0.2 * normal(b), 0.3 * normal(1)[0]
    size = int(name.split(".")[0][1:])
    noise[f"{p}.noise_const"] = normal(size, size)
for size, width in [(4, G_WIDTHS[1]), (8, G_WIDTHS[3]), (16, G_WIDTHS[5])]:
    p = f"synthesis.b{size}.torgb"
    g[f"{p}.weight"], g[f"{p}.bias"] = normal(3, width, 1, 1), 0.2 * normal(3)
    g[f"{p}.affine.weight"], g[f"{p}.affine.bias"] = normal(width, W), 1 + 0.2 * normal(width)
d = {"b16.fromrgb.weight": normal(D_WIDTHS[2], 3, 1, 1), "b16.fromrgb.bias": 0.2 * normal(4)}
for size, a, b in [(16, D_WIDTHS[2], D_WIDTHS[1]), (8, D_WIDTHS[1], D_WIDTHS[0])]:
    d[f"b{size}.conv0.weight"], d[f"b{size}.conv0.bias"] = normal(a, a, 3, 3), 0.2 * normal(a)
    d[f"b{size}.conv1.weight"], d[f"b{size}.conv1.bias"] = normal(b, a, 3, 3), 0.2 * normal(b)
    d[f"b{size}.skip.weight"] = normal(b, a, 1, 1)
c = D_WIDTHS[0]
d["b4.conv.weight"], d["b4.conv.bias"] = normal(c, c + 1, 3, 3), 0.2 * normal(c)
d["b4.fc.weight"], d["b4.fc.bias"] = normal(c, c * 16), 0.2 * normal(c)
d["b4.out.weight"], d["b4.out.bias"] = normal(1, c), 0.2 * normal(1)
for table in (g, d):
    for name in table:
        table[name] = table[name].float().double().requires_grad_()


def dense(x, table, name, rate=1.0):
    w = table[f"{name}.weight"]
    return x @ w.t() * (rate / math.sqrt(w.shape[1])) + table[f"{name}.bias"] * rate


def mapping(z):
    x = z / torch.sqrt((z * z).mean(1, keepdim=True) + 1e-8)
    for i in range(LAYERS):
        x = lrelu(dense(x, g, f"mapping.fc{i}", 0.01))
    return x


def modulated(x, weight, style, demodulate, up):
    n, size = x.shape[0], x.shape[2]
    w = weight[None] * style[:, None, :, None, None]
    if demodulate:
        w = w / torch.sqrt((w * w).sum((2, 3, 4), keepdim=True) + 1e-8)
    o, i, k = w.shape[1], w.shape[2], w.shape[3]
    x = x.reshape(1, n * i, size, size)
    if up:
        w = w.transpose(1, 2).reshape(n * i, o, k, k)
        y = F.conv_transpose2d(x, w, stride=2, groups=n)
        return fir(y.reshape(n, o, 2 * size + 1, 2 * size + 1), 1, 1, gain=4.0)
    y = F.conv2d(x, w.reshape(n * o, i, k, k), padding=k // 2, groups=n)
    return y.reshape(n, o, size, size)


def synthesis(ws, features=None):
    x = g["synthesis.b4.const"][None].repeat(ws.shape[0], 1, 1, 1)
    image, layer = None, 0
    for name in convs:
        p = f"synthesis.{name}"
        style = dense(ws[:, layer], g, f"{p}.affine")
        y = modulated(x, g[f"{p}.weight"], style, True, name.endswith("conv0"))
        y = y + noise[f"{p}.noise_const"] * g[f"{p}.noise_strength"]
        x = lrelu(y + g[f"{p}.bias"][None, :, None, None])
        layer += 1
        if name.endswith("conv1"):
            if features is not None:
                features.append(x)
            t = f"synthesis.{name.split('.')[0]}.torgb"
            style = dense(ws[:, layer], g, f"{t}.affine") / math.sqrt(x.shape[1])
            rgb = modulated(x, g[f"{t}.weight"], style, False, False)
            rgb = rgb + g[f"{t}.bias"][None, :, None, None]
            image = rgb if image is None else fir(image, 2, 1, up=2, gain=4.0) + rgb
    return image


def conv(x, name, down=False, linear=False):
    w = d[f"{name}.weight"]
    k = w.shape[2]
    w = w / math.sqrt(w.shape[1] * k * k)
    if not down:
        y = F.conv2d(x, w, padding=k // 2)
    elif k == 1:
        y = fir(F.conv2d(x, w), 1, 1, down=2)
    else:
        y = F.conv2d(fir(x, 2, 2), w, stride=2)
    return y if linear else lrelu(y + d[f"{name}.bias"][None, :, None, None])


def blocks(x, gates=None):
    x = conv(x, "b16.fromrgb")
    for size in (16, 8):
        y = conv(conv(x, f"b{size}.conv0"), f"b{size}.conv1", down=True)
        x = (y + conv(x, f"b{size}.skip", down=True, linear=True)) * math.sqrt(0.5)
        if gates is not None:
            x = x * gates[size][None, :, None, None]
    return x


def discriminate(x, gates=None):
    n = x.shape[0]
    x = blocks(x, gates)
    groups = n // GROUP
    channel = x.new_zeros(n, 1, 4, 4)
    for i in range(groups):
        members = x[i::groups]
        deviation = torch.sqrt(members.var(0, unbiased=False) + 1e-8).mean()
        channel[i::groups] = deviation
    x = conv(torch.cat([x, channel], 1), "b4.conv").reshape(n, -1)
    return dense(lrelu(dense(x, d, "b4.fc")), d, "b4.out")[:, 0]


z, real = normal(N, Z), (normal(N, 3, SIZE, SIZE) * 0.5).float().double()
out = {}


def put(loss_name, loss, table, prefix):
    out[f"loss.{loss_name}"] = loss
    gradients = torch.autograd.grad(loss, list(table.values()), allow_unused=True)
    for (name, value), gradient in zip(table.items(), gradients):
        gradient = torch.zeros_like(value) if gradient is None else gradient
        out[f"grad.{loss_name}.{prefix}{name}"] = gradient
