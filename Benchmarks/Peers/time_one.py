"""time_one.py PEER FOLDER NETWORK FORM THREADS SECONDS: one contestant in a process of its own.

Prints one JSON object. Seconds of 0: the image alone. STARTED in the environment is the clock
(time.time) when this process was asked for.
"""
import json
import os
import sys
import time

began = float(os.environ.get("STARTED", time.time()))
peer, folder, network, form, threads, seconds = sys.argv[1:]
threads, seconds = int(threads), float(seconds)
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)
# NumPy is not timed, and was seen to hang with more.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

base, stem = f"{folder}/{network}", f"{folder}/{network}.{form}"
z = np.load(f"{base}.z.npy")


def resident(key):
    """VmRSS or VmHWM in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))


# A loader imports its runtime, says when that is done, and returns the function that draws z.


def openvino(imported, precision="f32"):
    import openvino

    imported()
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
    }
    # Without the hint the CPU may choose bfloat16.
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    names = ["MappingNetwork", "SynthesisNetwork"] if form == "as-shipped" else [None]
    paths = [f"{base}/{name}.xml" if name else f"{stem}.xml" for name in names]
    requests = [core.compile_model(path, "CPU", settings).create_infer_request() for path in paths]

    def draw():
        x = z
        for request in requests:
            x = request.infer({0: x})[0]
        return x

    return draw


def openvino_default(imported):
    return openvino(imported, precision=None)


def ort(imported):
    import onnxruntime

    imported()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(
        f"{stem}.onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"z": z})[0]


def ncnn(imported):
    import ncnn

    imported()
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for kind in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{kind}", False)
    net.load_param(f"{stem}.ncnn.param")
    net.load_model(f"{stem}.ncnn.bin")
    values = z[0].copy()  # a Mat over an array does not keep it alive; its clone owns the numbers
    latent = ncnn.Mat(values).clone()

    def draw():
        extractor = net.create_extractor()
        extractor.input("in0", latent)
        status, image = extractor.extract("out0")
        if status != 0:
            sys.exit(f"ncnn: status {status}")
        return np.array(image)[None]

    return draw


def litert(imported):
    from ai_edge_litert.interpreter import Interpreter

    imported()
    interpreter = Interpreter(f"{stem}.tflite", num_threads=threads)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]

    def draw():
        interpreter.set_tensor(source, z)
        interpreter.invoke()
        return interpreter.get_tensor(result).transpose(0, 3, 1, 2)

    return draw


def pytorch(imported):
    import torch

    from model_file import constants
    from torch_forms import Forms

    imported()
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    generator = Forms(constants(folder, network)).generator(form)
    latent = torch.from_numpy(z)
    return lambda: generator(latent).numpy()


def main():
    before, marks = resident("VmRSS"), []
    load = {
        "openvino": openvino, "openvino-default": openvino_default, "ort": ort, "ncnn": ncnn,
        "litert": litert, "torch": pytorch,
    }
    draw = load[peer](lambda: marks.append(time.time()))
    loaded = time.time()
    image = draw()
    first = time.time()
    result = {
        "cold_s": first - began, "load_s": loaded - marks[0], "first_s": first - loaded,
        "python_bytes": before,
    }
    if not np.isfinite(image).all():
        sys.exit(f"{peer}: the image is not finite")
    reference = np.load(f"{base}.image.npy")
    if image.shape != reference.shape:
        sys.exit(f"{peer}: the image is {image.shape}, not {reference.shape}")
    result["max_difference"] = float(np.abs(image - reference).max())
    if seconds > 0:
        warm, end = 0, time.time() + min(1.0, seconds / 4)
        while warm < 2 or time.time() < end:
            draw()
            warm += 1
        samples, end = [], time.time() + seconds
        while len(samples) < 5 or time.time() < end:
            start = time.perf_counter()
            draw()
            samples.append(time.perf_counter() - start)
        result["samples_ms"] = [round(1e3 * sample, 4) for sample in samples]
        result["peak_bytes"] = resident("VmHWM")
    print(json.dumps(result), flush=True)
    os._exit(0)  # some runtimes hang or crash while Python takes them down


main()
