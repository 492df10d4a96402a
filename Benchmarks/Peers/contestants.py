"""Runs contestants one after another, each in a process of its own, and reads what they measured."""
import array
import json
import math
import os
import resource
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Forms of the graph that a peer is tried with; see torch_forms.py and separable_forms.py.
STYLEGAN2 = ["act-convt", "act-convts", "act-poly", "weight-convt", "weight-poly"]
SEPARABLE = ["act-haart", "act-shuffle", "act-sums", "weight-haart", "weight-shuffle"]
PEERS = ["openvino", "openvino-default", "ort", "ncnn", "litert", "torch"]
# Ourselves in bfloat16, beside those whose default that is.
OURS_BF16 = "obverse-bf16"
# MobileStyleGAN; of the others each layer is a whole convolution.
SEPARABLE_NETWORKS = ["faces", "faces-r91", "faces-r96", "faces-r99", "random-face"]
# An eighth of one step of an 8-bit image, whose values -1 to 1 have 255 steps.
AGREE = 1e-3
# As people run it: the runtime chooses the precision, and may choose bfloat16.
ROUGH = {"openvino-default": 1, OURS_BF16: 1}


def forms(peer, network):
    """The forms in which a peer can have a network."""
    if network not in SEPARABLE_NETWORKS:
        found = ["act-convt", "act-poly"] if peer == "litert" else STYLEGAN2
    elif peer == "litert":
        found = ["act-sums"]
    else:
        found = SEPARABLE
    if peer == "ncnn":
        found = [form for form in found if form.startswith("act-")]
    if network == "random-face" and peer.startswith("openvino"):
        found = ["as-shipped", *found]
    return found


class Failed(Exception):
    """A contestant that could not be timed; the text says why."""


def run(words, seconds, environment=None):
    """Standard output, wall seconds, and how many cores other processes kept busy meanwhile."""
    busy, own, start = machine_seconds(), children_seconds(), time.time()
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=180 + 20 * seconds,
            env={**os.environ, **(environment or {}), "STARTED": repr(start)})
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {180 + 20 * seconds:.0f} s") from None
    wall = time.time() - start
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Failed(f"ended with {done.returncode}: {said}")
    others = (machine_seconds() - busy - children_seconds() + own) / wall
    return done.stdout, wall, max(others, 0)


def machine_seconds():
    """Processor time that the whole machine has spent on work."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft = map(int, file.readline().split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def summary(samples):
    """Median and tenth percentile of times in ms."""
    ordered = sorted(samples)
    return {"median_ms": statistics.median(ordered), "p10_ms": ordered[(len(ordered) - 1) // 10]}


class Peer:
    """One of the runtimes people use, in Python as its makers ship it."""

    def __init__(self, name, python, folder):
        self.name, self.python, self.folder = name, python, folder

    def forms(self, network):
        return forms(self.name, network)

    def measure(self, network, form, threads, seconds):
        script = os.path.join(HERE, "time_one.py")
        words = [self.name, self.folder, network, form, str(threads), str(seconds)]
        text, _, others = run([self.python, script, *words], seconds)
        found = json.loads(text.strip().splitlines()[-1])
        # Python and its imports are not the runtime's: they are in neither figure.
        return {
            **summary(found["samples_ms"]),
            "cold_ms": 1e3 * (found["load_s"] + found["first_s"]),
            "cold_with_python_ms": 1e3 * found["cold_s"],
            "memory_bytes": found["peak_bytes"] - found["python_bytes"],
            "memory_with_python_bytes": found["peak_bytes"],
            "max_difference": found["max_difference"], "others": others,
        }


class Ours:
    """The program of this repository, as a user runs it."""

    def __init__(self, program, folder, name="obverse"):
        self.program, self.folder, self.name = program, folder, name
        self.precision = "bf16" if name == OURS_BF16 else "float32"
        self.estimate = {}  # seconds a face, by network and threads
        self.facts = {}  # what `bench` says of each network

    def forms(self, network):
        return ["-"] if self.precision == "float32" or network in SEPARABLE_NETWORKS else []

    def measure(self, network, form, threads, seconds):
        base = f"{self.folder}/{network}"
        how = ["-m", f"{base}.obv", "-t", str(threads), "--precision", self.precision]
        words = [self.program, "generate", *how, "--latents", f"{base}.z.npy"]
        words += ["--trunc", "1", "--format", "f32", "-o", f"{base}.ours.f32"]
        _, cold, _ = run(words, seconds)
        each = self.estimate.get((network, threads), 1)
        warm, count = min(1, seconds / 4) / each, seconds / each
        words = [self.program, "bench", *how]
        words += ["--warmup", str(int(warm) + 2), "-r", str(int(count) + 5), "--format", "json"]
        text, _, others = run(words, seconds)
        facts = json.loads(text)
        self.facts[network] = {**facts["model"]["network"], "isa": facts["isa"]}
        result = facts["runs"][0]
        self.estimate[network, threads] = result["median_ns"] / 1e9
        return {
            **summary([sample / 1e6 for sample in result["samples_ns"]]), "cold_ms": 1e3 * cold,
            "memory_bytes": result["peak_bytes"], "others": others,
            "max_difference": difference(f"{base}.ours.f32", f"{base}.image.npy"),
        }


def difference(raw, npy):
    """The largest difference of float32 planes and a .npy file of as many values."""
    with open(raw, "rb") as file:
        ours = array.array("f", file.read())
    with open(npy, "rb") as file:
        data = file.read()
    header = 10 + int.from_bytes(data[8:10], "little")
    theirs = array.array("f", data[header:])
    if b"'<f4'" not in data[:header] or len(ours) != len(theirs):
        raise Failed(f"{len(ours)} values, not the {len(theirs)} of {npy}")
    differences = [abs(a - b) for a, b in zip(ours, theirs)]
    # max() passes over what is no number, a sum does not.
    return max(differences) if math.isfinite(sum(differences)) else math.inf
