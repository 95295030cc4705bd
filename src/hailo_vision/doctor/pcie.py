"""Whether the PCIe bus has a Hailo-10H, and how fast its link runs."""

from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import HAILO_10H, Installation

# hailort-drivers, linux/pcie/src: PCI_DEVICE_ID_HAILO_HAILO10H and its neighbours
_NAMES = {HAILO_10H: "Hailo-10H", "0x2864": "Hailo-8", "0x43a2": "Hailo-15L"}


def npu(installation: Installation) -> Finding:
    saw = ", ".join(
        f"{_NAMES.get(chip.device, f'device {chip.device}')} at {chip.address}" for chip in installation.chips
    )
    has_10h = any(chip.device == HAILO_10H for chip in installation.chips)
    if not installation.drives_the_chip:
        setting = installation.settings.device.runtime
        auto_choice = f", here {installation.runtime}" if setting == "auto" else ""
        runtime = f"device.runtime is {setting}{auto_choice}, which needs no NPU"
        if has_10h:
            return warning(f"{runtime}, and there is a {saw}", "To use the chip, set device.runtime to hailo.")
        return skipped(runtime)
    if has_10h:
        return ok(saw)
    if saw:
        return failed(saw, "The models need a Hailo-10H, such as on the AI HAT+ 2.")
    if not installation.has_none_on_the_bus:
        return skipped("the PCIe bus can't be seen from here")
    return failed(
        "no Hailo device on the PCIe bus",
        "Without the chip set device.runtime to simulated. With it: power off, seat the HAT and both ends of its "
        "flat cable, update the bootloader (`sudo rpi-eeprom-update -a`), then see whether `lspci` lists it.",
    )


def link(installation: Installation) -> Finding:
    """The speed of the link decides how long a model of 2 GB takes to load, and hardly anything else."""
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} has no link")
    if not installation.chips:
        return skipped("no Hailo device on the PCIe bus")
    folder = f"/sys/bus/pci/devices/{installation.chips[0].address}"
    names = ("current_link_speed", "max_link_speed", "current_link_width")
    speed, fastest, width = (installation.machine.text(f"{folder}/{name}") for name in names)
    if speed is None or fastest is None:
        return skipped("the kernel does not report the link's speed")
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
