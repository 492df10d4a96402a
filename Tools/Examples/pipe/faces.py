#!/usr/bin/env python3
"""Faces from the program itself, as a co-process: for those who would rather not link.

    python3 faces.py OBVERSE MODEL.obv SIDE SEED...

OBVERSE is the program, SIDE the model's resolution. Each seed goes down the pipe as a line, and its
picture comes back as SIDE x SIDE x 3 bytes before the next is asked for. Writes seedNNNN.ppm.
"""

import subprocess
import sys


class Faces:
    def __init__(self, program, model, side, psi=0.7):
        self.side = side
        self.process = subprocess.Popen(
            [program, "generate", "-q", "-m", model, "--trunc", str(psi),
             "--seeds", "-", "--format", "rgb", "-o", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def face(self, seed):
        """The RGB bytes of a seed's face."""
        self.process.stdin.write(b"%d\n" % seed)
        self.process.stdin.flush()
        size = 3 * self.side * self.side
        pixels = self.process.stdout.read(size)
        if len(pixels) != size:
            raise RuntimeError(f"obverse ended with {self.process.wait()}")
        return pixels

    def close(self):
        self.process.stdin.close()
        if self.process.stdout.read(1) or self.process.wait() != 0:
            raise RuntimeError(f"obverse ended with {self.process.wait()}; is SIDE right?")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip().splitlines()[2].strip())
    faces = Faces(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    for seed in map(int, sys.argv[4:]):
        with open(f"seed{seed:04d}.ppm", "wb") as file:
            file.write(b"P6\n%d %d\n255\n" % (faces.side, faces.side) + faces.face(seed))
    faces.close()
