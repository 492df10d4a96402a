#!/usr/bin/env python3
"""Faces from the program itself, as a co-process: for those who would rather not link.

    python3 faces.py OBVERSE MODEL.obv FOLDER SEED...

OBVERSE is the program. Each seed goes down the pipe as a line, and its picture comes back as raw RGB
bytes before the next is asked for. Writes FOLDER/seedNNNN.ppm.
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
        self.process = subprocess.Popen(
            [program, "generate", "-q", "-m", model, "--trunc", str(psi),
             "--seeds", "-", "--format", "rgb", "-o", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def face(self, seed):
        """The RGB bytes of a seed's face."""
        self.process.stdin.write(b"%d\n" % seed)
        self.process.stdin.flush()
        size = 3 * self.width * self.height
        pixels = self.process.stdout.read(size)
        if len(pixels) != size:
            raise RuntimeError(f"obverse ended with {self.process.wait()}")
        return pixels

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"obverse ended with {self.process.wait()}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip().splitlines()[2].strip())
    faces = Faces(sys.argv[1], sys.argv[2])
    os.makedirs(sys.argv[3], exist_ok=True)
    for seed in map(int, sys.argv[4:]):
        with open(f"{sys.argv[3]}/seed{seed:04d}.ppm", "wb") as file:
            file.write(b"P6\n%d %d\n255\n" % (faces.width, faces.height) + faces.face(seed))
    faces.close()
