"""build_networks.py FOLDER NETWORK [WHAT...]: writes what the contestants read, skips what is there.

NETWORK.pt (a rosinality checkpoint), .npz (the same for TensorFlow), .z.npy (one latent), .image.npy
(PyTorch's image of it); for WHAT of openvino, ort and ncnn the graphs of every form. Where two forms
give different images it ends with 1. A file gets its name when it is whole, so a run that was stopped
can go on. Where NETWORK.obv is there already, the network is that file's, and neither .pt nor .npz is
written.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

# NumPy's matrix product was seen to hang on two threads beside the threads of PyTorch and OpenVINO.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import torch

from model_file import constants
from network import NETWORKS, folded, mapped, random_state
from torch_forms import Forms

# Forms sum in different orders; values are about 1.
AGREE = 1e-4


def save_image(image, base):
    np.save(f"{base}.part.npy", image)
    os.replace(f"{base}.part.npy", f"{base}.image.npy")


def checkpoint(base):
    """Random weights as a checkpoint of rosinality's, and as arrays."""
    state = random_state(os.path.basename(base))
    many = np.random.default_rng(4).standard_normal((4096, 512)).astype(np.float32)
    average = torch.from_numpy(mapped(folded(state), many).mean(0))
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    torch.save({"g_ema": tensors, "latent_avg": average}, f"{base}.pt")
    np.savez(f"{base}.npz", **state)


def first_image(base, forms):
    """One latent and PyTorch's image of it; the image comes last and says that all is whole."""
    z = np.random.default_rng(3).standard_normal((1, 512)).astype(np.float32)
    if not os.path.exists(f"{base}.image.npy"):
        np.save(f"{base}.z.npy", z)
        image = forms.generator(forms.names[0])(torch.from_numpy(z))
        save_image(image.numpy(), base)
        print(f"{base}: image {float(image.min()):.2f} to {float(image.max()):.2f}", flush=True)
    return torch.from_numpy(z)


def onnx(generator, z, path):
    torch.onnx.export(
        generator, (z,), path + ".part", opset_version=17, input_names=["z"],
        output_names=["image"], dynamo=False)
    os.replace(path + ".part", path)


def ir(source, stem):
    import openvino

    openvino.save_model(openvino.convert_model(source), stem + ".part.xml", compress_to_fp16=False)
    os.replace(stem + ".part.bin", stem + ".bin")
    os.replace(stem + ".part.xml", stem + ".xml")


def ncnn(generator, z, base):
    """Through pnnx, which leaves many files beside the two that are kept."""
    with tempfile.TemporaryDirectory() as folder:
        torch.jit.trace(generator, z).save(folder + "/g.pt")
        pnnx = os.path.join(os.path.dirname(sys.executable), "pnnx")
        subprocess.run(
            [pnnx, "g.pt", "inputshape=[1,512]f32", "fp16=0"], cwd=folder, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.move(folder + "/g.ncnn.bin", base + ".bin")
        shutil.move(folder + "/g.ncnn.param", base + ".param")


def main():
    folder, name, *wanted = sys.argv[1:]
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    base = f"{folder}/{name}"
    if name in NETWORKS and not os.path.exists(f"{base}.npz"):
        checkpoint(base)
    forms = Forms(constants(folder, name))
    z = first_image(base, forms)
    reference = torch.from_numpy(np.load(f"{base}.image.npy"))
    for form in forms.names:
        stem = f"{base}.{form}"
        if {"openvino", "ort"} & set(wanted) and not os.path.exists(stem + ".onnx"):
            generator = forms.generator(form)
            difference = float((generator(z) - reference).abs().max())
            print(f"{stem}: max difference {difference:.1e}", flush=True)
            if not difference <= AGREE:
                sys.exit(f"{stem}: PyTorch's forms disagree by {difference}")
            onnx(generator, z, stem + ".onnx")
        if "openvino" in wanted and not os.path.exists(stem + ".xml"):
            ir(stem + ".onnx", stem)
        is_new = not os.path.exists(stem + ".ncnn.param")
        # ncnn has no weights that are computed for a sample.
        if "ncnn" in wanted and form.startswith("act-") and is_new:
            ncnn(forms.generator(form, sample_weights=False), z, stem + ".ncnn")


main()
