#!/usr/bin/env python3
"""Draws a face with the Python package.

    python3 face.py SEED FILE.png [MODEL.obv]
"""

import sys

import obverse

if len(sys.argv) not in (3, 4) or not sys.argv[1].isdecimal():
    sys.exit("usage: python3 face.py SEED FILE.png [MODEL.obv]")
try:
    with obverse.Model(sys.argv[3]) if len(sys.argv) == 4 else obverse.faces() as model:
        model.face(int(sys.argv[1]), psi=0.7).save(sys.argv[2])
except (obverse.ObverseError, OSError, ValueError) as error:
    sys.exit(f"face.py: {error}")
