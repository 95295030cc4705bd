"""What the machine is (board, operating system, kernel, Python), and whether its clock can be right."""

import os
import platform
import sys
from datetime import UTC, datetime

from hailo_vision.doctor.finding import Finding, failed, ok, warning
from hailo_vision.doctor.installation import Installation

OLDEST_PYTHON = (3, 11)


def look(installation: Installation) -> Finding:
    machine = installation.machine
    board = machine.text("/proc/device-tree/model") or platform.machine()
    release = _pretty_name(machine.text("/etc/os-release") or "")
    saw = f"{board}, {release}, Linux {os.uname().release}, Python {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        return failed(saw, f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or later.")
    if installation.drives_the_chip and platform.machine() not in ("aarch64", "x86_64"):
        return warning(saw, "HailoRT exists for 64-bit systems alone: install the 64-bit Raspberry Pi OS.")
    return ok(saw)


def _pretty_name(text: str) -> str:
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'")
    return "an unknown system"


WRITTEN_IN = 2026


def clock(installation: Installation) -> Finding:
    """Certificates and logs depend on the clock, and a Pi may lose it with the power."""
    return judge_clock(datetime.now(tz=UTC), _synchronised(installation))


def judge_clock(now: datetime, synchronised: bool | None) -> Finding:
    saw = now.strftime("%Y-%m-%d %H:%M UTC")
    if not WRITTEN_IN <= now.year < WRITTEN_IN + 50:
        return failed(
            f"{saw}, which can't be",
            "Connect to a network and wait, or `sudo date --set='...'`: https fails like this.",
        )
    if synchronised is False:
        return warning(f"{saw}, not synchronised", "`sudo timedatectl set-ntp true`, and a way to a time server.")
    return ok(f"{saw}, synchronised" if synchronised else f"{saw}; whether it is synchronised is not known here")


def _synchronised(installation: Installation) -> bool | None:
    """systemd-timesyncd's mark, else the answer of timedatectl; None if neither is available."""
    if os.path.exists(installation.machine.path("/run/systemd/timesync/synchronized")):
        return True
    output = installation.machine.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    if output is None or output.code != 0:
        return None
    return {"yes": True, "no": False}.get(output.stdout.strip())
