"""Which HailoRT is installed, without importing it: its import can crash, and sets up its log files."""

import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata

from hailo_vision.config.settings import Settings
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.catalogue import release_in

# hailort/libhailort/bindings/python/platform/setup.py: name="hailort"
_DISTRIBUTION = "hailort"
# Raspberry Pi's packages, then Hailo's own; the Python binding before the library, as it is what the worker imports.
_DEBIAN_PACKAGES = ("python3-h10-hailort", "python3-hailort", "h10-hailort", "hailort")
_DPKG_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of HailoRT, and where its number was read."""

    version: str
    source: str


def runtime_release(settings: Settings, named: str | None = None) -> Release:
    """Returns the release that models must fit: the one that is named, the simulator's, or the installed one."""
    if named is not None:
        if version := release_in(named):
            return Release(version=version, source="--release")
        raise ModelError(ModelFault.UNKNOWN_RELEASE, f"{named!r} is no release of HailoRT, such as 5.1.1.")
    if settings.device.runtime == "simulated":
        return Release(version=settings.simulator.version, source="simulator.version")
    if release := _python_package() or _debian_package():
        return release
    raise ModelError(
        ModelFault.UNKNOWN_RELEASE,
        "No HailoRT is installed, so it can't be told which file fits. Install it (sudo apt install hailo-h10-all), "
        "or name its release: --release 5.1.1.",
    )


def _python_package() -> Release | None:
    try:
        version = release_in(metadata.version(_DISTRIBUTION))
    except metadata.PackageNotFoundError:
        return None
    return Release(version=version, source=f"the Python package {_DISTRIBUTION}") if version else None


def _debian_package() -> Release | None:
    if not (program := shutil.which("dpkg-query")):
        return None
    command = [program, "--show", "--showformat=${Package} ${db:Status-Status} ${Version}\\n", *_DEBIAN_PACKAGES]
    # It ends with 1 when one of them is unknown, and prints the others all the same.
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_DPKG_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    versions: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        package, _, rest = line.partition(" ")
        status, _, version = rest.partition(" ")
        if status == "installed":
            versions[package.partition(":")[0]] = version
    for package in _DEBIAN_PACKAGES:
        if release := release_in(versions.get(package, "")):
            return Release(version=release, source=f"the Debian package {package}")
    return None
