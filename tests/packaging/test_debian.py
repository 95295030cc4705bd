"""What stands twice in the packaging is the same twice."""

import re
import tomllib
from pathlib import Path

from hailo_vision import __version__
from hailo_vision.cli import BAD_CONFIG, NO_DEVICE

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


def test_every_start_and_reload_render_the_same() -> None:
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    commands = re.findall(r"/usr/libexec/hailo-vision/render-config ([^;&\n]+)", unit)
    assert len(commands) == 3
    assert len({command.strip() for command in commands}) == 1


def test_systemd_starts_what_found_no_chip_when_the_node_appears_and_leaves_it_alone_until_then() -> None:
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    assert f"\nRestartPreventExitStatus={NO_DEVICE} {BAD_CONFIG}\n" in unit
    rules = (DEBIAN / "hailo-vision.udev").read_text()
    assert 'ENV{SYSTEMD_WANTS}+="hailo-vision.service"' in rules
    assert set(re.findall(r'SUBSYSTEM=="([^"]+)"', rules)) == {"hailo_chardev|hailo1x"}


def test_the_package_starts_and_stops_the_service_itself_and_restarts_it_after_an_upgrade() -> None:
    """`dh_installsystemd --no-start` alone would stop it before an upgrade, and leave it running after a removal."""
    assert "dh_installsystemd --no-start --restart-after-upgrade hailo-vision.service" in (DEBIAN / "rules").read_text()
    assert "deb-systemd-invoke start hailo-vision.service" in (DEBIAN / "hailo-vision.postinst").read_text()
    stop = "deb-systemd-invoke stop hailo-vision.socket hailo-vision.service"
    assert stop in (DEBIAN / "hailo-vision.prerm").read_text()


def test_a_start_that_fails_for_another_reason_is_tried_again_at_a_growing_pause() -> None:
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    assert re.findall(r"^(Restart\w*)=(.*)$", unit, re.M)[:4] == [
        ("Restart", "always"),
        ("RestartSec", "5"),
        ("RestartSteps", "6"),
        ("RestartMaxDelaySec", "2min"),
    ]


def test_the_sandbox_names_no_device_by_its_path() -> None:
    """The node has two names; the class of its driver has one."""
    unit = (ROOT / "systemd" / "hailo-vision.service").read_text()
    assert re.findall(r"^DeviceAllow=(.*)$", unit, re.M) == ["char-hailo* rw"]
