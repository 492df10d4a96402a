#!/usr/bin/env python3
"""Writes walk.json: walks through key frames as NVlabs' gen_video.py interpolates them, with SciPy.

    python3 make.py > walk.json

Loops: key frames laid end to end, two copies on each side, scipy.interpolate.interp1d over
-2K ... 3K - 1. Open walks: the key frames alone; interp1d wants four points for a cubic, so CubicSpline,
which makes the same spline where both can, stands in for two and three.
"""
import json

import numpy as np
import scipy
from scipy.interpolate import CubicSpline, interp1d

WRAPS, FRAMES, WIDTH = 2, 5, 3
random = np.random.RandomState(85)
cases = []
for count in (1, 2, 3, 4, 7):
    keys = random.randn(count, WIDTH).astype(np.float32)
    for kind in ("cubic", "linear"):
        for loops in (True, False):
            if loops:
                x = np.arange(-count * WRAPS, count * (WRAPS + 1))
                y = np.tile(keys, [2 * WRAPS + 1, 1])
                times = np.arange(count * FRAMES) / FRAMES
            else:
                x, y = np.arange(count), keys
                times = np.arange((count - 1) * FRAMES + 1) / FRAMES
            if count == 1 and not loops:
                frames = keys.astype(np.float64)
            elif kind == "cubic" and len(x) < 4:
                frames = CubicSpline(x, y.astype(np.float64), axis=0, bc_type="not-a-knot")(times)
            else:
                frames = interp1d(x, y, kind=kind, axis=0)(times)
            cases.append(
                {
                    "interpolation": kind,
                    "loops": loops,
                    "keys": keys.astype(np.float64).tolist(),
                    "frames": np.asarray(frames).tolist(),
                }
            )
print(json.dumps({"scipy": scipy.__version__, "framesPerKey": FRAMES, "cases": cases}))
