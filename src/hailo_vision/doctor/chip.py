"""What the chip reports of itself: its architecture, its firmware, its temperature."""

import re
from collections.abc import Callable
from typing import Any

from hailo_vision.doctor import driver
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.models.catalogue import release_in

ARCHITECTURE = "HAILO10H"
_FIRMWARE = re.compile(r"^Firmware Version:\s*(\S+)", re.MULTILINE)
IDENTIFY_COMMAND = ("hailortcli", "fw-control", "identify")
HOT_C = 85.0  # a cautious guess: the vendor publishes no limit for the 10H that we know of


def identified(installation: Installation) -> Finding:
    if reason := _nothing_to_ask(installation):
        return skipped(reason)
    reply = installation.chip
    if reply.facts is None:
        return failed(
            f"the chip gave no answer: {reply.trouble}",
            "If nothing above is wrong, power the board off and on; a reboot does not restart the chip's own system.",
        )
    architecture = str(reply.facts.get("architecture"))
    if ARCHITECTURE not in architecture.replace("-", "").upper():
        return failed(f"the chip is a {architecture}", "The models need a Hailo-10H, such as on the AI HAT+ 2.")
    return ok(architecture if installation.drives_the_chip else f"{architecture}, simulated")


def firmware(installation: Installation) -> Finding:
    """Compare the firmware's release with those of the driver and of HailoRT.

    A driver that is newer than the firmware refuses the device (status 36), so HailoRT's Python package gets no answer.
    The vendor's own command is asked then.
    """
    if reason := _nothing_to_ask(installation):
        return skipped(reason)
    facts = installation.chip.facts or {}
    version = str(facts["firmware"]) if "firmware" in facts else _identified_version(installation)
    if version is None:
        return skipped("the chip gave no answer, and `hailortcli fw-control identify` shows no firmware version")
    release = release_in(version) or version
    others = {name: other for name, other in _host_versions(installation, facts).items() if other != release}
    if others:
        listing = " and ".join(f"{name} is {other}" for name, other in others.items())
        return warning(
            f"{version}, but {listing}",
            "Power the board off and on: the chip loads its firmware only then. A reboot is not enough.",
        )
    return ok(version)


def temperature(installation: Installation) -> Finding:
    return _of_an_answer(installation, _temperature)


def _host_versions(installation: Installation, facts: dict[str, Any]) -> dict[str, str]:
    """The releases on the host's side that the firmware must have too, as far as they are known."""
    runtime = facts.get("runtime_version") or (installation.release and installation.release.version)
    module = driver.in_use(driver.loaded(installation.machine)) if installation.drives_the_chip else None
    versions = {"HailoRT": runtime, "the driver": module and module.version}
    return {name: release_in(str(version)) or str(version) for name, version in versions.items() if version}


def _identified_version(installation: Installation) -> str | None:
    if not installation.drives_the_chip:
        return None
    output = installation.machine.run(IDENTIFY_COMMAND)
    match = _FIRMWARE.search(output.stdout) if output is not None else None
    return match and match[1]


def _temperature(facts: dict[str, Any]) -> Finding:
    celsius = float(facts.get("temperature_c", "nan"))
    saw = f"{celsius:.1f} °C"
    if celsius >= HOT_C:
        return warning(saw, "Give it air: a fan, a heat sink, an open case.")
    return ok(saw)


def _of_an_answer(installation: Installation, judge: Callable[[dict[str, Any]], Finding]) -> Finding:
    if reason := _nothing_to_ask(installation):
        return skipped(reason)
    if installation.chip.facts is None:
        return skipped("the chip gave no answer")
    return judge(installation.chip.facts)


def _nothing_to_ask(installation: Installation) -> str | None:
    if installation.module is None:
        return f"the runtime {installation.runtime} has no chip"
    if installation.drives_the_chip and installation.node is None:
        return "there is no device node to ask through"
    if installation.bindings.facts is None:
        return "without HailoRT's Python package the chip can't be asked"
    return None
