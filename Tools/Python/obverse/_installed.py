"""Models that came along."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ._library import ObverseError, location
from ._model import Model


def _folders() -> Iterator[Path]:
    """Where models lie: in this package, else where the library was installed, else in usual places."""
    yield Path(__file__).parent
    library = location()
    # lib, or lib/x86_64-linux-gnu, beside share.
    for above in list(library.parents)[1:3] if library else ():
        yield above / "share/obverse"
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    # Who has no HOME, and no entry among the system's users, keeps nothing there.
    if os.path.isabs(data):
        yield Path(data) / "obverse"
    yield Path("/usr/local/share/obverse")
    yield Path("/usr/share/obverse")


def faces(name: str = "faces", *, threads: int = 0, isa: Optional[str] = None, precision: str = "float32") -> Model:
    """Opens a model that came along.

    Args:
        name: The model's name without ``.obv``: ``"faces"``, for research and other non-commercial use, or
            ``"avatars"``, drawn portraits that anyone may use for anything.
        threads, isa, precision: As for `Model`.

    Raises:
        ObverseError: There is no such model; the sentence says where it was looked for.
    """
    searched = [folder / f"{name}.obv" for folder in _folders()]
    for path in searched:
        if path.is_file():
            return Model(path, threads=threads, isa=isa, precision=precision)
    places = ", ".join(f"'{path}'" for path in searched)
    raise ObverseError("file-missing", f"no model '{name}': there is none of {places}")
