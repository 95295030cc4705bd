"""Where the Python package xllamacpp is: in Python's path, or in the folder of `hailo-vision engines install llama`."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from hailo_vision.config.data_folder import SYSTEM_FOLDER, data_folder

PACKAGE: Final = "xllamacpp"
INSTALL: Final = "hailo-vision engines install llama"


def folder(environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FOLDER) -> Path | None:
    """Where the command installs it; None for a user without a home."""
    data = data_folder(environ, system)
    return None if data is None else data / "engines" / "llama"


def import_path(installed: Path | None) -> str | None:
    """What a child has to add to sys.path, None where Python finds the package itself. Raises ModuleNotFoundError."""
    if importlib.util.find_spec(PACKAGE) is not None:
        return None
    if installed is not None and (installed / PACKAGE).is_dir():
        return str(installed)
    raise ModuleNotFoundError(PACKAGE)


def version(path: str | None) -> str:
    """The version of the package, by its metadata; `path` is the result of import_path()."""
    packages = metadata.distributions(name=PACKAGE, path=sys.path if path is None else [path])
    return next((package.version for package in packages), "unknown")
