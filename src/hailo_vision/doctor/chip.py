"""What the chip says of itself: which it is, its firmware, how hot it is."""

from collections.abc import Callable
from typing import Any

from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.models.catalogue import release_in

ARCHITECTURE = "HAILO10H"
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
    return _of_an_answer(installation, _firmware)


def temperature(installation: Installation) -> Finding:
    return _of_an_answer(installation, _temperature)


def _firmware(facts: dict[str, Any]) -> Finding:
    version, runtime = str(facts.get("firmware")), str(facts.get("runtime_version"))
    if (release_in(version) or version) != (release_in(runtime) or runtime):
        return warning(
            f"{version}, but HailoRT is {runtime}",
            "Power the board off and on: the chip loads its firmware only then. A reboot is not enough.",
        )
    return ok(version)


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
