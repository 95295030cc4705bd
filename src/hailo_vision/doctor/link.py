"""How fast the PCIe link runs; it decides how long a model of 2 GB takes to load, and hardly anything else."""

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, ok, skipped, warning


def look(case: Case) -> Finding:
    if not case.drives_the_chip:
        return skipped(f"the runtime {case.runtime} has no link")
    if not case.chips:
        return skipped("no Hailo device on the PCIe bus")
    folder = f"/sys/bus/pci/devices/{case.chips[0].address}"
    names = ("current_link_speed", "max_link_speed", "current_link_width")
    speed, fastest, width = (case.machine.text(f"{folder}/{name}") for name in names)
    if speed is None or fastest is None:
        return skipped("the kernel does not tell the link's speed")
    saw = f"{speed}, {width or '?'} lane{'' if width == '1' else 's'}; the chip can do {fastest}"
    current, best = _gigatransfers(speed), _gigatransfers(fastest)
    if current is None or best is None or current >= best:
        return ok(saw)
    return warning(
        saw,
        "The model loads slower than it could. On a Pi 5 set dtparam=pciex1_gen=3 in /boot/firmware/config.txt and "
        "reboot; if it is set, check both ends of the flat cable.",
    )


def _gigatransfers(text: str) -> float | None:
    """`8.0 GT/s PCIe` is 8.0."""
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return None
