#!/usr/bin/env python3
"""Faces from the program itself, as a co-process: for those who would rather not link.

    python3 faces.py OBVERSE MODEL.obv FOLDER SEED...

OBVERSE is the program. Each seed goes down the pipe as a line, and its picture comes back as raw RGB
bytes before the next is asked for. Writes FOLDER/seedNNNN.ppm; .pgm where a picture is gray, and .pam
where it has alpha.
"""

import json
import os
import subprocess
import sys


class Faces:
    def __init__(self, program, model, psi=0.7):
        # Raw bytes do not say how large the picture is; the model does.
        facts = subprocess.run([program, "inspect", "--json", model], check=True, stdout=subprocess.PIPE)
        network = json.loads(facts.stdout)["network"]
        self.width, self.height = network["width"], network["height"]
        self.channels = network["channels"]
        self.process = subprocess.Popen(
            [program, "generate", "-q", "-m", model, "--trunc", str(psi),
             "--seeds", "-", "--format", "rgb", "-o", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def face(self, seed):
        """The bytes of a seed's face, one for each channel of each pixel."""
        self.process.stdin.write(b"%d\n" % seed)
        self.process.stdin.flush()
        size = self.channels * self.width * self.height
        pixels = self.process.stdout.read(size)
        if len(pixels) != size:
            raise RuntimeError(f"obverse ended with {self.process.wait()}")
        return pixels

    def header(self):
        """What a file of such a face begins with, and the name's suffix (netpbm.sourceforge.net/doc)."""
        if self.channels in (1, 3):
            kind, suffix = (5, "pgm") if self.channels == 1 else (6, "ppm")
            return b"P%d\n%d %d\n255\n" % (kind, self.width, self.height), suffix
        kind = b"GRAYSCALE_ALPHA" if self.channels == 2 else b"RGB_ALPHA"
        return (b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n"
                % (self.width, self.height, self.channels, kind)), "pam"

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"obverse ended with {self.process.wait()}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip().splitlines()[2].strip())
    # A path from the root: a name that begins with '-' is no option.
    faces = Faces(sys.argv[1], os.path.abspath(sys.argv[2]))
    os.makedirs(sys.argv[3], exist_ok=True)
    header, suffix = faces.header()
    for seed in map(int, sys.argv[4:]):
        with open(f"{sys.argv[3]}/seed{seed:04d}.{suffix}", "wb") as file:
            file.write(header + faces.face(seed))
    faces.close()
