"""The board's sensors, from a tree like /sys."""

from pathlib import Path

import pytest

from hailo_vision.daemon.host import Host, HostReading


def tree(root: Path, **files: str) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


ZONE = "class/thermal/thermal_zone0/temp"
THROTTLED = "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


@pytest.mark.parametrize(("bits", "throttled"), [("0\n", False), ("50000\n", False), ("50005\n", True), ("4\n", True)])
def test_only_what_is_now_counts_as_throttled(tmp_path: Path, bits: str, throttled: bool) -> None:
    host = Host(tree(tmp_path, **{ZONE: "61234\n", THROTTLED: bits}))
    assert host.read() == HostReading(temperature_c=61.234, is_throttled=throttled)


def test_what_a_machine_does_not_tell_is_none(tmp_path: Path) -> None:
    assert Host(tmp_path).read() == HostReading(temperature_c=None, is_throttled=None)


def test_a_sensor_that_talks_nonsense_is_none(tmp_path: Path) -> None:
    host = Host(tree(tmp_path, **{ZONE: "hot", THROTTLED: ""}))
    assert host.read() == HostReading(temperature_c=None, is_throttled=None)
