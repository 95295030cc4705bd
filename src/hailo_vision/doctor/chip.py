"""What the chip says of itself: which it is, its firmware, how hot it is."""

from collections.abc import Callable
from typing import Any

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.models.catalogue import release_in

ARCHITECTURE = "HAILO10H"
HOT_C = 85.0  # a cautious guess: the vendor publishes no limit for the 10H that we know of


def identified(case: Case) -> Finding:
    if reason := _nothing_to_ask(case):
        return skipped(reason)
    told = case.chip
    if told.facts is None:
        return failed(
            f"the chip gave no answer: {told.trouble}",
            "If nothing above is wrong, power the board off and on; a reboot does not restart the chip's own system.",
        )
    architecture = str(told.facts.get("architecture"))
    if ARCHITECTURE not in architecture.replace("-", "").upper():
        return failed(f"the chip is a {architecture}", "The models need a Hailo-10H, such as on the AI HAT+ 2.")
    return ok(architecture if case.drives_the_chip else f"{architecture}, simulated")


def firmware(case: Case) -> Finding:
    return _of_an_answer(case, _firmware)


def temperature(case: Case) -> Finding:
    return _of_an_answer(case, _temperature)


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


def _of_an_answer(case: Case, judge: Callable[[dict[str, Any]], Finding]) -> Finding:
    if reason := _nothing_to_ask(case):
        return skipped(reason)
    if case.chip.facts is None:
        return skipped("the chip gave no answer")
    return judge(case.chip.facts)


def _nothing_to_ask(case: Case) -> str | None:
    if case.module is None:
        return f"the runtime {case.runtime} has no chip"
    if case.drives_the_chip and case.node is None:
        return "there is no device node to ask through"
    if case.bindings.facts is None:
        return "without HailoRT's Python package the chip can't be asked"
    return None
