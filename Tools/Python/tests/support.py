"""What the tests share. MODEL is an unconditional RGB model with a w average and stored noise.

OBVERSE_TEST_MODEL=MODEL.obv python3 -m unittest discover -s Tools/Python/tests
"""

import os
import unittest

import obverse

MODEL = os.environ["OBVERSE_TEST_MODEL"]
# The program, to compare with; its tests are left out where it is not named.
PROGRAM = os.environ.get("OBVERSE_TEST_PROGRAM")


def bytes_of(image):
    return bytes(image.pixels)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = obverse.Model(MODEL, threads=2)

    @classmethod
    def tearDownClass(cls):
        cls.model.close()
