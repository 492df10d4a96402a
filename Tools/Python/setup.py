"""Puts the C library and two models into the package.

OBVERSE_LIBRARY names a library that is built already; without it, Tools/library builds one, which needs
Swift. OBVERSE_PLATFORM is the platform tag of a wheel, such as manylinux_2_34_x86_64.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution
from wheel.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "Sources/CObverse/include/obverse.h"


def version() -> str:
    return re.search(r'#define OBV_VERSION "(.*)"', HEADER.read_text())[1]


def library() -> Path:
    given = os.environ.get("OBVERSE_LIBRARY")
    if given:
        return Path(given)
    if not shutil.which("swift"):
        raise SystemExit(
            "obverse: building the library needs Swift 6.2 or later; "
            "OBVERSE_LIBRARY can name one that is built already"
        )
    built = subprocess.run([ROOT / "Tools/library"], stdout=subprocess.PIPE, check=True, text=True)
    return Path(built.stdout.strip())


class Build(build_py):
    def run(self):
        super().run()
        folder = Path(self.build_lib) / "obverse"
        for source, name in (
            (library(), "libobverse.so.0"),
            (ROOT / "Models/faces.obv", "faces.obv"),
            (ROOT / "Models/avatars.obv", "avatars.obv"),
            (ROOT / "Models/README.md", "MODELS.md"),
            (ROOT / "LICENSE", "LICENSE"),
        ):
            shutil.copyfile(source, folder / name)


class Wheel(bdist_wheel):
    """One wheel for every Python: the library is loaded, not compiled against."""

    def get_tag(self):
        platform = os.environ.get("OBVERSE_PLATFORM") or super().get_tag()[2]
        return "py3", "none", platform


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=version(),
    cmdclass={"build_py": Build, "bdist_wheel": Wheel},
    distclass=Binary,
)
