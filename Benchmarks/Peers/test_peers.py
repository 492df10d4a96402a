"""python3 Benchmarks/Peers/test_peers.py: what needs neither packages nor built networks."""
import array
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from contestants import OURS_BF16, Failed, Ours, difference, run, summary  # noqa: E402
from table import markdown, merged  # noqa: E402


def written(folder, ours, theirs, kind="<f4"):
    """A raw file and an .npy file."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({len(theirs)},), }}\n"
    raw, npy = os.path.join(folder, "a.f32"), os.path.join(folder, "b.npy")
    with open(raw, "wb") as file:
        file.write(array.array("f", ours).tobytes())
    with open(npy, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(array.array("f", theirs).tobytes())
    return raw, npy


class Differences(unittest.TestCase):
    def of(self, *words, **more):
        with tempfile.TemporaryDirectory() as folder:
            return difference(*written(folder, *words, **more))

    def test_is_the_largest(self):
        self.assertEqual(self.of([1, 2, 3], [1, 2.5, 2.75]), 0.5)

    def test_sees_what_is_no_number_anywhere(self):
        for place in range(3):
            values = [1.0, 2.0, 3.0]
            values[place] = math.nan
            self.assertEqual(self.of(values, [1, 2, 3]), math.inf)

    def test_refuses_other_sizes_and_types(self):
        for words, more in [(([1, 2], [1]), {}), (([1], [1]), {"kind": "<f8"})]:
            with self.assertRaises(Failed):
                self.of(*words, **more)


class Processes(unittest.TestCase):
    def test_failure_says_the_last_line(self):
        with self.assertRaisesRegex(Failed, "ended with 3: no model"):
            run(["sh", "-c", "echo first >&2; echo no model >&2; exit 3"], 1)


class Table(unittest.TestCase):
    def test_summary(self):
        self.assertEqual(summary([5, 1, 9, 3]), {"median_ms": 4, "p10_ms": 1})

    def test_passes_merge_to_medians_and_the_worst_doubt(self):
        passes = [{"median_ms": m, "others": o} for m, o in [(4, 0.1), (9, 0.5), (5, 0)]]
        self.assertEqual(merged(passes), {"median_ms": 5, "others": 0.5})

    def test_compares_with_the_fastest_peer(self):
        def one(time):
            return {"median_ms": time, "p10_ms": time, "memory_bytes": time * 1e6, "cold_ms": time}

        found = {"obverse": one(5), "ort": one(20), "ncnn": one(10)}
        # 10^8 products are 0.2 GFLOP: in 5 ms 40 GFLOP/s.
        text = markdown(
            {("p90", 1): found}, ["obverse", "ort", "ncnn"], {"p90": {"macs": 10**8}}, [80.0])
        row = text.splitlines()[-1]
        self.assertEqual(
            row, "| p90 | 1 | 5.00 (5.00) | 20.0 (20.0) | 10.0 (10.0) | 2.00 | 50 / 25 | 5 / 10"
            " | 5 / 10 |")


    def test_ratios_are_between_equals(self):
        def one(time):
            return {"median_ms": time, "p10_ms": time, "memory_bytes": 1e6, "cold_ms": 1}

        names = ["obverse", "obverse-bf16", "openvino", "openvino-default"]
        found = dict(zip(names, map(one, [5, 2, 10, 3])))
        row = markdown({("faces", 2): found}, names, {"faces": {"macs": 1}}, [1, 1]).splitlines()[-1]
        self.assertIn("| 5.00 (5.00) | 2.00 (2.00) | 10.0 (10.0) | 3.00 (3.00) | 2.00 |", row)


class Contestants(unittest.TestCase):
    def test_bf16_is_for_separable_networks(self):
        ours = Ours("obverse", "/", OURS_BF16)
        self.assertEqual((ours.precision, ours.forms("faces"), ours.forms("p90")), ("bf16", ["-"], []))
        self.assertEqual(Ours("obverse", "/").forms("p90"), ["-"])


class Words(unittest.TestCase):
    def test_wrong_words_end_with_64(self):
        script = os.path.join(os.path.dirname(HERE), "peers")
        for words in (["--peers", "tvm"], ["--threads", "0"], ["--seconds", "nan"], ["--isa", "mmx"],
                      ["--no"]):
            done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (64, 1), words)

    def test_says_what_flatc_comes_with_before_anything_is_fetched(self):
        script = os.path.join(os.path.dirname(HERE), "peers")
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run([sys.executable, script, "--work", os.path.join(empty, "work")],
                                  env={"PATH": empty}, capture_output=True, text=True)
            self.assertEqual(os.listdir(empty), [])
        self.assertEqual(done.returncode, 1)
        self.assertIn("flatbuffers-compiler", done.stderr)


if __name__ == "__main__":
    unittest.main()
