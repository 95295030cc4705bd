"""Whether the kernel has loaded the right driver."""

import os
from dataclasses import dataclass

from hailo_vision.doctor.finding import Finding, failed, ok, skipped
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.machine import Machine

RIGHT = "hailo1x_pci"  # the 10H's; hailo_pci is the Hailo-8's, and drove both in releases before 5.1
OTHER = "hailo_pci"
_BLACKLIST = f"`echo blacklist {OTHER} | sudo tee /etc/modprobe.d/blacklist-{OTHER}.conf`, then reboot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A loaded kernel module; some have no version."""

    name: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


def loaded(machine: Machine) -> tuple[Module, ...]:
    """The loaded Hailo drivers, by /proc/modules or, when built into the kernel, by /sys/module alone."""
    listed_names = {line.partition(" ")[0] for line in (machine.text("/proc/modules") or "").splitlines()}
    return tuple(
        Module(name=name, version=machine.text(f"/sys/module/{name}/version"))
        for name in (RIGHT, OTHER)
        if name in listed_names or os.path.isdir(machine.path(f"/sys/module/{name}"))
    )


def in_use(modules: tuple[Module, ...]) -> Module | None:
    """The driver that works with a 10H: it has the right name, or a version from 5 on."""
    return next((module for module in modules if module.name == RIGHT or (module.version or "").startswith("5.")), None)


def look(installation: Installation) -> Finding:
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} needs no driver")
    modules = loaded(installation.machine)
    saw = " and ".join(map(str, modules))
    if in_use(modules) is None:
        if installation.has_none_on_the_bus:
            return skipped(f"no Hailo device to drive{f'; {saw} is loaded' if saw else ''}")
        if modules:
            return failed(
                f"{saw} is loaded, which is the driver of the Hailo-8",
                f"Install the one of the 10H (`sudo apt install hailo-h10-all`) and keep the other away: {_BLACKLIST}.",
            )
        return _none(installation.machine)
    if len(modules) > 1:
        return failed(f"{saw} are loaded and get in each other's way", f"Keep the Hailo-8's away: {_BLACKLIST}.")
    return ok(f"{saw} is loaded")


def _none(machine: Machine) -> Finding:
    kernel = os.uname().release
    built = machine.text(f"/lib/modules/{kernel}/modules.dep")
    if built is not None and f"{RIGHT}.ko" in built:
        return failed(
            f"no driver is loaded, but {RIGHT} is there for kernel {kernel}",
            f"`sudo modprobe {RIGHT}`; if that fails, `sudo dmesg | grep -i hailo` says why.",
        )
    if any(
        RIGHT in (machine.text(f"/lib/modules/{other}/modules.dep") or "") for other in machine.names("/lib/modules")
    ):
        return failed(
            f"no driver is loaded, and it was not built for kernel {kernel}, only for another",
            "`sudo dkms autoinstall`, then reboot. An upgrade of the kernel does that.",
        )
    return failed("no driver is loaded, and none is installed", "`sudo apt install hailo-h10-all`, then reboot.")
