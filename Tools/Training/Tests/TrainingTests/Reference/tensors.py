"""Writes tensors as a safetensors file, for the references beside this file."""

import array
import json
import struct


def write(path, tensors):
    """All of them as float32."""
    header, blobs, end = {}, [], 0
    for name, value in tensors.items():
        blob = array.array("f", value.detach().float().flatten().tolist()).tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [end, end + len(blob)]}
        blobs.append(blob)
        end += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
