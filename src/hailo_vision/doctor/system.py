"""What the machine is: board, operating system, kernel, Python."""

import os
import platform
import sys

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, failed, ok, warning

OLDEST_PYTHON = (3, 11)


def look(case: Case) -> Finding:
    machine = case.machine
    board = machine.text("/proc/device-tree/model") or platform.machine()
    release = _pretty_name(machine.text("/etc/os-release") or "")
    saw = f"{board}, {release}, Linux {os.uname().release}, Python {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        return failed(saw, f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or later.")
    if case.drives_the_chip and platform.machine() not in ("aarch64", "x86_64"):
        return warning(saw, "HailoRT exists for 64-bit systems alone: install the 64-bit Raspberry Pi OS.")
    return ok(saw)


def _pretty_name(text: str) -> str:
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'")
    return "an unknown system"
