"""Which HailoRT is installed: by a Python distribution and by Debian's package list, each as it is found on a Pi."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hailo_vision.config.settings import Device, Settings, Simulator
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.release import Release, runtime_release

Dpkg = Callable[[str], None]


@pytest.fixture(autouse=True)
def dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dpkg:
    """A dpkg-query that knows what the test tells it; nothing at first, and it ends with 1 as the real one does."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def knows(lines: str) -> None:
        program = tmp_path / "dpkg-query"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\nexit 1\n")
        program.chmod(0o755)

    knows("")
    return knows


def test_the_python_package_tells_first(dpkg: Dpkg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dpkg("h10-hailort installed 5.1.1")
    installed = tmp_path / "hailort-5.2.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: hailort\nVersion: 5.2.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert runtime_release(Settings()) == Release(version="5.2.0", source="the Python package hailort")


@pytest.mark.parametrize(
    ("lines", "version", "package"),
    [
        ("h10-hailort installed 5.1.1\npython3-h10-hailort installed 5.1.1-1", "5.1.1", "python3-h10-hailort"),
        ("h10-hailort installed 5.1.1", "5.1.1", "h10-hailort"),
        ("hailort installed 5.2.0", "5.2.0", "hailort"),
        ("h10-hailort config-files 5.1.1\nhailort installed 5.2.0", "5.2.0", "hailort"),
        ("python3-hailort:arm64 installed 5.3.0-2", "5.3.0", "python3-hailort"),
    ],
)
def test_debians_packages_tell_next(dpkg: Dpkg, lines: str, version: str, package: str) -> None:
    dpkg(lines)
    assert runtime_release(Settings()) == Release(version=version, source=f"the Debian package {package}")


@pytest.mark.parametrize("lines", ["", "h10-hailort not-installed ", "hailort installed unknown", "nonsense"])
def test_where_nothing_is_installed_the_next_step_is_told(dpkg: Dpkg, lines: str) -> None:
    dpkg(lines)
    with pytest.raises(ModelError) as caught:
        runtime_release(Settings())
    assert caught.value.fault is ModelFault.UNKNOWN_RELEASE
    assert "--release 5.1.1" in str(caught.value)


def test_without_dpkg_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(ModelError, match="No HailoRT is installed"):
        runtime_release(Settings())


def test_the_simulators_release_is_its_setting(dpkg: Dpkg) -> None:
    dpkg("h10-hailort installed 5.1.1")
    settings = Settings(device=Device(runtime="simulated"), simulator=Simulator(version="5.2.0"))
    assert runtime_release(settings).version == "5.2.0"


def test_a_named_release_goes_before_all(dpkg: Dpkg) -> None:
    dpkg("h10-hailort installed 5.1.1")
    assert runtime_release(Settings(), "v5.2.0") == Release(version="5.2.0", source="--release")


def test_a_named_release_that_is_none_is_refused() -> None:
    with pytest.raises(ModelError, match="'newest' is no release"):
        runtime_release(Settings(), "newest")
