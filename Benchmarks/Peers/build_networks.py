"""build_networks.py FOLDER NETWORK [WHAT...]: writes what the contestants read, skips what is there.

NETWORK.pt (a rosinality checkpoint), .npz (the same for TensorFlow), .z.npy (one latent), .image.npy
(PyTorch's image of it); for WHAT of openvino, ort and ncnn the graphs of every form. Where two forms
give different images it ends with 1. A file gets its name when it is whole, so a run that was stopped
can go on. random-face is no network of PyTorch's: its two IR files are in FOLDER/random-face, and its
image is OpenVINO's.
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

from network import folded, mapped, random_state
from torch_forms import FORMS, Generator

# The forms that ncnn can read.
NCNN = ["act-convt", "act-convts", "act-poly"]
# Forms sum in different orders; values are about 1.
AGREE = 1e-4


def save_image(image, base):
    np.save(f"{base}.part.npy", image)
    os.replace(f"{base}.part.npy", f"{base}.image.npy")


def first_files(base):
    """The checkpoint, the latent and PyTorch's image; the image comes last and says all are whole."""
    state = random_state(os.path.basename(base))
    constants = folded(state)
    z = np.random.default_rng(3).standard_normal((1, 512)).astype(np.float32)
    many = np.random.default_rng(4).standard_normal((4096, 512)).astype(np.float32)
    if not os.path.exists(f"{base}.image.npy"):
        average = torch.from_numpy(mapped(constants, many).mean(0))
        tensors = {key: torch.from_numpy(value) for key, value in state.items()}
        torch.save({"g_ema": tensors, "latent_avg": average}, f"{base}.pt")
        np.savez(f"{base}.npz", **state)
        np.save(f"{base}.z.npy", z)
        image = Generator(constants, "act-convt")(torch.from_numpy(z))
        save_image(image.numpy(), base)
        print(f"{base}.pt: image {float(image.min()):.2f} to {float(image.max()):.2f}", flush=True)
    return constants, torch.from_numpy(z)


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


def random_face(base):
    import openvino

    z = np.random.default_rng(3).standard_normal((1, 512)).astype(np.float32)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    x = z
    for name in ("MappingNetwork", "SynthesisNetwork"):
        model = openvino.Core().compile_model(f"{base}/{name}.xml", "CPU", settings)
        x = model.create_infer_request().infer({0: x})[0]
    np.save(f"{base}.z.npy", z)
    save_image(x, base)


def main():
    folder, name, *wanted = sys.argv[1:]
    if name == "random-face":
        return random_face(f"{folder}/{name}")
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    base = f"{folder}/{name}"
    constants, z = first_files(base)
    reference = torch.from_numpy(np.load(f"{base}.image.npy"))
    for form in FORMS:
        stem = f"{base}.{form}"
        if {"openvino", "ort"} & set(wanted) and not os.path.exists(stem + ".onnx"):
            generator = Generator(constants, form).eval()
            difference = float((generator(z) - reference).abs().max())
            print(f"{stem}: max difference {difference:.1e}", flush=True)
            if not difference <= AGREE:
                sys.exit(f"{stem}: PyTorch's forms disagree by {difference}")
            onnx(generator, z, stem + ".onnx")
        if "openvino" in wanted and not os.path.exists(stem + ".xml"):
            ir(stem + ".onnx", stem)
        if "ncnn" in wanted and form in NCNN and not os.path.exists(stem + ".ncnn.param"):
            ncnn(Generator(constants, form, rgb_weights=False).eval(), z, stem + ".ncnn")


main()
