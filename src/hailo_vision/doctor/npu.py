"""Whether there is a Hailo-10H at all: what the PCIe bus has."""

from hailo_vision.doctor.case import HAILO_10H, Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning

# hailort-drivers, linux/pcie/src: PCI_DEVICE_ID_HAILO_HAILO10H and its neighbours
_NAMES = {HAILO_10H: "Hailo-10H", "0x2864": "Hailo-8", "0x43a2": "Hailo-15L"}


def look(case: Case) -> Finding:
    saw = ", ".join(f"{_NAMES.get(chip.device, f'device {chip.device}')} at {chip.address}" for chip in case.chips)
    has_10h = any(chip.device == HAILO_10H for chip in case.chips)
    if not case.drives_the_chip:
        wanted = case.settings.device.runtime
        chosen = f", here {case.runtime}" if wanted == "auto" else ""
        runtime = f"device.runtime is {wanted}{chosen}, which needs no NPU"
        if has_10h:
            return warning(f"{runtime}, and there is a {saw}", "To use the chip, set device.runtime to hailo.")
        return skipped(runtime)
    if has_10h:
        return ok(saw)
    if saw:
        return failed(saw, "The models need a Hailo-10H, such as on the AI HAT+ 2.")
    if not case.has_none_on_the_bus:
        return skipped("the PCIe bus can't be seen from here")
    return failed(
        "no Hailo device on the PCIe bus",
        "Without the chip set device.runtime to simulated. With it: power off, seat the HAT and both ends of its "
        "flat cable, update the bootloader (`sudo rpi-eeprom-update -a`), then see whether `lspci` lists it.",
    )
