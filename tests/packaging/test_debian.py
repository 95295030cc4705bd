"""What stands twice in the packaging is the same twice."""

import re
import tomllib
from pathlib import Path

from hailo_vision import __version__

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "packaging" / "debian"
NAMES = {"pillow": "python3-pil", "pyyaml": "python3-yaml"}


def test_the_changelog_has_the_version_of_the_code() -> None:
    assert (DEBIAN / "changelog").read_text().startswith(f"hailo-vision ({__version__}) ")


def test_debian_asks_for_what_pyproject_asks_for() -> None:
    """dh_python3 drops the lower bounds; with them, apt refuses on Debian 12 instead of a traceback at the start."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {NAMES.get(name, f"python3-{name}"): bound for name, bound in (need.split(">=") for need in asked)}
    control = (DEBIAN / "control").read_text()
    found = re.findall(r"^ (python3-\S+) \(>= (?:\d+:)?([\d.]+)\),$", control, re.M)
    assert dict(found) == wanted
    needs = control.partition("Standards-Version")[0]
    assert all(f" {name},\n" in needs for name in wanted), "the manuals are made from code that imports all of them"


def test_render_and_reload_do_the_same() -> None:
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    start, again = re.findall(r"/usr/libexec/hailo-vision/render-config ([^;\n]+)", unit)
    assert start == again


def test_the_sandbox_names_no_device_by_its_path() -> None:
    """The node has two names; the class of its driver has one."""
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    assert re.findall(r"^DeviceAllow=(.*)$", unit, re.M) == ["char-hailo* rw"]
