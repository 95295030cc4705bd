"""Where models lie by default: in the package's folder, or in the user's own where no package is installed."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hailo_vision.config.settings import Settings

SYSTEM_FOLDER: Final = Path("/var/lib/hailo-vision")  # the package's, made by systemd or by its installation


def in_data_folder(
    settings: Settings, environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FOLDER
) -> Settings:
    """The same settings, with the default paths of models under $XDG_DATA_HOME where the package is not installed.

    A path that the file names is never changed. A user without a home keeps the package's folder.
    """
    folder = user_folder(environ)
    if system.is_dir() or folder is None:
        return settings
    default = Settings()
    llama = settings.llama
    return replace(
        settings,
        model=replace(settings.model, hef=_moved(settings.model.hef, default.model.hef, folder)),
        llama=replace(
            llama,
            model=_moved(llama.model, default.llama.model, folder),
        ),
    )


def data_folder(environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FOLDER) -> Path | None:
    """The package's folder where the package is installed, else the user's; None for a user without a home."""
    return system if system.is_dir() else user_folder(environ)


def user_folder(environ: Mapping[str, str]) -> Path | None:
    """$XDG_DATA_HOME/hailo-vision, by default ~/.local/share/hailo-vision; None for a user without a home."""
    home = environ.get("HOME", "")
    base = environ.get("XDG_DATA_HOME", "")  # the specification says that a relative one is to be ignored
    if not os.path.isabs(base):
        base = os.path.join(home, ".local", "share") if os.path.isabs(home) else ""
    return Path(base) / "hailo-vision" if base else None


def _moved(path: str, default: str, folder: Path) -> str:
    return str(folder / Path(path).relative_to(SYSTEM_FOLDER)) if path == default else path
