"""Writes StyleGAN2 generators as NVlabs' TensorFlow code pickled them, and draws them with NVlabs' own converter.

    python make.py write NET.pkl [--resolution 16] [--channels 3] [--labels 0] [--fmap-base 64] ...
    python make.py draw STYLEGAN2_ADA_PYTORCH NET.pkl IMAGE.npy [--seeds 0,1] [--psi 0.7]

`write` needs numpy alone. Variables are random: the file is one of G, D and Gs, each an object of
`dnnlib.tflib.network.Network` with the state that `Network.__getstate__` gives (version 4). `draw` imports
`legacy` from a clone of NVlabs' stylegan2-ada-pytorch (with torch, click, requests) and draws float32 on the CPU:
images [n, channels, size, size] of NumPy's seeds with constant noise; of a conditional network seed k has label
k mod labels. Here are
    skip              16x16, the options' values
    conditional-1ch   --architecture resnet, labels, one channel
    orig              --architecture orig
    wide-256          --resolution 256 --latent 24 --dlatent 20 --layers 3 --fmap-base 512 --fmap-max 11
                      --repeat-noise, drawn with --every 15
    narrow-1024       --resolution 1024 --fmap-base 1024 --fmap-max 5 --conv-clamp 256 --repeat-noise,
                      drawn with --every 61
all drawn with --psi 0.7. A name that ends with .gz is compressed.
"""
import argparse
import gzip
import pickle
import sys
import types

import numpy as np


class Network:
    """Stands for the class of the same name: only its module, its name and its state reach the file."""

    def __init__(self, name, static_kwargs, variables, components=None):
        self.name, self.static_kwargs, self.variables, self.components = name, static_kwargs, variables, components or {}

    def __getstate__(self):
        return {
            "version": 4, "name": self.name, "static_kwargs": dict(self.static_kwargs),
            "components": dict(self.components), "build_module_src": "# the source text of the networks\n",
            "build_func_name": "G_main", "variables": list(self.variables.items()),
        }


def generator(name, args, seed):
    rng = np.random.RandomState(seed)
    normal = lambda *shape: rng.randn(*shape).astype(np.float32)
    w, layers = args.dlatent, args.layers
    mapping = {}
    if args.labels:
        mapping["LabelEmbed/weight"], mapping["LabelEmbed/bias"] = normal(args.labels, w), normal(w)
    for i in range(layers):
        rows = args.latent + (w if args.labels else 0) if i == 0 else w
        mapping[f"Dense{i}/weight"], mapping[f"Dense{i}/bias"] = normal(rows, w) * 100, normal(w) * 5

    width = lambda r: int(np.clip(args.fmap_base * 2 // r, 1, args.fmap_max))
    synthesis = {}

    def layer(path, ci, co, kernel, noise=True):
        synthesis[f"{path}/weight"] = normal(kernel, kernel, ci, co)
        synthesis[f"{path}/bias"] = normal(co) * .2
        synthesis[f"{path}/mod_weight"], synthesis[f"{path}/mod_bias"] = normal(w, ci), normal(ci) * .1
        if noise:
            synthesis[f"{path}/noise_strength"] = np.float32(rng.randn() * .2)

    synthesis["4x4/Const/const"] = normal(1, width(4), 4, 4)
    blocks = [4 << i for i in range(int(np.log2(args.resolution)) - 1)]
    for r in blocks:
        before = width(r // 2)
        if r == 4:
            layer("4x4/Conv", width(4), width(4), 3)
        else:
            layer(f"{r}x{r}/Conv0_up", before, width(r), 3)
            layer(f"{r}x{r}/Conv1", width(r), width(r), 3)
            if args.architecture == "resnet":
                synthesis[f"{r}x{r}/Skip/weight"] = normal(1, 1, before, width(r))
        if args.architecture == "skip" or r == args.resolution:
            layer(f"{r}x{r}/ToRGB", width(r), args.channels, 1, noise=False)
    for i in range(2 * len(blocks) - 1):
        r = 2 ** ((i + 5) // 2)
        plane = normal(1, 1, r, r)
        # A few numbers over and over, and one array for both layers of a size: what is random would make a large
        # network's file as large as its noise.
        if args.repeat_noise:
            plane = synthesis.get(f"noise{i - 1}") if i % 2 == 0 and i else np.resize(plane.flat[:61], (1, 1, r, r))
        synthesis[f"noise{i}"] = plane
    kwargs = {
        "num_channels": args.channels, "resolution": args.resolution, "label_size": args.labels,
        "latent_size": args.latent, "dlatent_size": w, "mapping_layers": layers, "fmap_base": args.fmap_base,
        "fmap_max": args.fmap_max, "architecture": args.architecture,
    }
    if args.conv_clamp:
        kwargs["conv_clamp"] = args.conv_clamp
    if args.mapping_lrmul:
        kwargs["mapping_lrmul"] = args.mapping_lrmul
    own = {"dlatent_avg": normal(w) * .5}
    return Network(name, kwargs, own, {
        "synthesis": Network("G_synthesis", kwargs, synthesis), "mapping": Network("G_mapping", kwargs, mapping)})


def write(args):
    package = types.ModuleType("dnnlib.tflib.network")
    for name in ("dnnlib", "dnnlib.tflib", "dnnlib.tflib.network"):
        sys.modules[name] = package
    package.Network = Network
    Network.__module__ = "dnnlib.tflib.network"
    discriminator = Network("D", {"resolution": args.resolution}, {"4x4/Dense0/weight": np.zeros((2, 2), np.float32)})
    # Of G nothing is drawn.
    first = argparse.Namespace(**{**vars(args), "resolution": 16}) if args.repeat_noise else args
    with (gzip.open if args.file.endswith(".gz") else open)(args.file, "wb") as file:
        pickle.dump((generator("G", first, 1), discriminator, generator("Gs", args, 2)), file, args.protocol)


def draw(args):
    sys.path.insert(0, args.repository)
    import torch
    import legacy
    with (gzip.open if args.file.endswith(".gz") else open)(args.file, "rb") as file:
        networks = legacy._LegacyUnpickler(file).load()
    g = legacy.convert_tf_generator(networks[2])
    images = []
    for seed in map(int, args.seeds.split(",")):
        z = torch.from_numpy(np.random.RandomState(seed).randn(1, g.z_dim)).float()
        label = torch.zeros(1, g.c_dim)
        if g.c_dim:
            label[0, seed % g.c_dim] = 1
        images.append(g(z, label, truncation_psi=args.psi, noise_mode="const", force_fp32=True).numpy())
    np.save(args.image, np.ascontiguousarray(np.concatenate(images)[:, :, ::args.every, ::args.every]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    w = commands.add_parser("write")
    w.set_defaults(run=write)
    w.add_argument("file")
    for name, default in dict(resolution=16, channels=3, labels=0, latent=16, dlatent=16, layers=2, fmap_base=64,
                              fmap_max=8, conv_clamp=0, mapping_lrmul=0., protocol=4).items():
        w.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    w.add_argument("--repeat-noise", action="store_true")
    w.add_argument("--architecture", default="skip", choices=["skip", "resnet", "orig"])
    d = commands.add_parser("draw")
    d.set_defaults(run=draw)
    d.add_argument("repository"), d.add_argument("file"), d.add_argument("image")
    d.add_argument("--every", type=int, default=1, metavar="N", help="keep one row and one column of N")
    d.add_argument("--seeds", default="0,1"), d.add_argument("--psi", type=float, default=1)
    args = parser.parse_args()
    args.run(args)
