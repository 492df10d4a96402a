"""What must be there before anything is timed: packages, networks in every form, our models."""
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# The models that come with this repository, timed with their own weights.
SHIPPED = ["faces", "faces-r91", "faces-r96", "faces-r99", "faces64"]
REQUIREMENTS = {
    "openvino": ["openvino==2026.4.1", "onnx==1.23.2"],
    "openvino-default": ["openvino==2026.4.1", "onnx==1.23.2"],
    "ort": ["onnxruntime==1.31.1", "onnx==1.23.2"],
    "ncnn": ["ncnn==1.0.20261020", "pnnx==20261020"],
    "litert": ["ai-edge-litert==2.3.0"],
    "torch": [],
}
ALWAYS = ["numpy", "flatbuffers==25.12.19", os.environ.get("PEERS_TORCH", "torch==2.11.0")]
TENSORFLOW = ["tensorflow-cpu==2.21.0"]
WHEEL = "random_face-2021.7.21.1-py3-none-any.whl"
WHEEL_HASH = "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5"


def say(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


def command(words, what):
    say(what)
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except OSError as error:
        sys.exit(f"peers: failed: {what}: {error}")
    if done.returncode != 0:
        sys.exit(f"peers: failed: {what}")


def need_flatc():
    """Asked first, before anything takes minutes."""
    if shutil.which("flatc") is None:
        sys.exit("peers: flatc is not here; on Debian: apt-get install flatbuffers-compiler")


def requirements(peers):
    return ALWAYS + sum((REQUIREMENTS[peer] for peer in peers), [])


def environment(folder, packages):
    """The Python of a virtual environment with these packages; pip runs where the list changed."""
    python, note = os.path.join(folder, "bin", "python"), os.path.join(folder, "requirements.txt")
    packages = sorted(set(packages))
    text = "\n".join(packages) + "\n"
    if os.path.exists(note) and open(note).read() == text:
        return python
    if not os.path.exists(python):
        command([sys.executable, "-m", "venv", folder], f"making {folder}")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command([*pip, *packages], f"installing {' '.join(packages)}")
    with open(note, "w") as file:
        file.write(text)
    return python


def fetch_random_face(python, work):
    path = os.path.join(work, WHEEL)
    if not os.path.exists(path):
        pip = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work]
        command([*pip, "random-face==2021.7.21.1"], "fetching random-face (37 MB)")
    with open(path, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != WHEEL_HASH:
            sys.exit(f"peers: {path} is another file than the one this script knows; not used")
    folder = os.path.join(work, "random-face")
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(path) as wheel:
        for name in ("MappingNetwork", "SynthesisNetwork"):
            for suffix in (".xml", ".bin"):
                data = wheel.read(f"random_face/data/{name}{suffix}")
                with open(os.path.join(folder, name + suffix), "wb") as file:
                    file.write(data)
    return path


def model_before(python, work, network, program):
    """Our file of a network that begins as one; others begin as random weights."""
    model = os.path.join(work, f"{network}.obv")
    if network == "random-face":
        wheel = fetch_random_face(python, work)
        command([program, "convert", "--quiet", wheel, "-o", model], f"converting {network}")
    elif network in SHIPPED:
        source = os.path.join(ROOT, "Models", f"{network}.obv")
        if not os.path.exists(source):
            sys.exit(f"peers: {source} is not there")
        image = os.path.join(work, f"{network}.image.npy")
        if os.path.exists(image) and os.path.getmtime(image) < os.path.getmtime(source):
            say(f"{source} is newer than the graphs, which are written anew")
            for name in os.listdir(work):
                if name.startswith(f"{network}."):
                    os.remove(os.path.join(work, name))
        if os.path.lexists(model):
            os.remove(model)
        os.symlink(source, model)


def build(chosen, python, program):
    """Writes every graph and our model, for the networks that were asked for."""
    work = chosen.work
    schema = os.path.join(ROOT, "Sources", "ModelFile", "schema.fbs")
    generated = os.path.join(work, "generated")
    command(["flatc", "--python", "-o", generated, schema], "writing what reads .obv (flatc)")
    if "litert" in chosen.peers:
        tensorflow = environment(os.path.join(work, "venv-tf"), TENSORFLOW)
    for network in chosen.models:
        model_before(python, work, network, program)
        script = os.path.join(HERE, "build_networks.py")
        wanted = [peer.removesuffix("-default") for peer in chosen.peers]
        command([python, script, work, network, *wanted], f"building {network}")
        if "litert" in chosen.peers:
            script = os.path.join(HERE, "build_litert.py")
            command([tensorflow, script, work, network], f"building {network} for LiteRT")
        model = os.path.join(work, f"{network}.obv")
        if network != "random-face" and network not in SHIPPED:
            checkpoint = os.path.join(work, f"{network}.pt")
            command([program, "convert", "--quiet", checkpoint, "-o", model], f"converting {network}")
