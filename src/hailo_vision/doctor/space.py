"""Free space on the disk, in memory, and in the kernel's contiguous memory (CMA)."""

import os
from pathlib import Path

from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.machine import Machine

LITTLE_DISK_MB = 500
NO_DISK_MB = 50
LITTLE_MEMORY_MB = 400  # a load sends the model's file through buffers of up to 128 MiB (contract 6)
LITTLE_CMA_MB = 64
_CMDLINE = "/boot/firmware/cmdline.txt"
_CMA_ADVICE = (
    f"Remove `cma=` from {_CMDLINE}, put `dtoverlay=cma,cma-512` into /boot/firmware/config.txt (512 MB is the most "
    "that a Pi 5 can reserve), then reboot."
)


def disk(installation: Installation) -> Finding:
    folder = installation.machine.path(installation.settings.model.hef).parent
    # A folder that is closed to the one who looks counts as missing, as its disk is that of its parent.
    while not os.path.isdir(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        free_mb = _free_mb(folder)
    except OSError as error:
        return failed(f"{folder} can't be asked for its free space: {error.strerror}", "Check the disk.")
    saw = f"{free_mb:,.0f} MB are free on the disk of {folder}"
    if free_mb < NO_DISK_MB:
        return failed(saw, "Make room: `sudo apt clean`, `sudo journalctl --vacuum-size=50M`.")
    if free_mb < LITTLE_DISK_MB:
        return warning(saw, "Make room, above all before an upgrade or another model of 2.3 GB.")
    return ok(saw)


def memory(installation: Installation) -> Finding:
    available_bytes = meminfo(installation.machine, "MemAvailable")
    if available_bytes is None:
        return skipped("the kernel does not report how much memory there is")
    available_mb = available_bytes / 1e6
    saw = f"{available_mb:,.0f} MB are available"
    if available_mb < LITTLE_MEMORY_MB:
        return warning(saw, "End other programs: loading the model may fail or be slow.")
    if not has_memory_cgroup(installation.machine):
        return warning(
            f"{saw}; the memory cgroup is off, so systemd's limits (MemoryMax=) do nothing",
            f"Raspberry Pi OS starts so. To have them, add cgroup_enable=memory to the line in {_CMDLINE} and reboot.",
        )
    return ok(saw)


def cma(installation: Installation) -> Finding:
    """HailoRT's driver takes its buffers from contiguous memory; without it a load ends with status 81."""
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} needs no contiguous memory")
    total_bytes = meminfo(installation.machine, "CmaTotal")
    if total_bytes is None:
        return skipped("this kernel reports no contiguous memory (CmaTotal)")
    if total_bytes == 0:
        return warning(
            "the kernel has reserved no contiguous memory: a `cma=` that is too large has this effect", _CMA_ADVICE
        )
    total_mb = total_bytes / (1 << 20)
    saw = f"{total_mb:,.0f} MB of contiguous memory are reserved"
    if total_mb < LITTLE_CMA_MB:
        return warning(f"{saw}; 64 to 512 MB are normal", _CMA_ADVICE)
    return ok(saw)


def _free_mb(folder: Path) -> float:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize / 1e6


def meminfo(machine: Machine, key: str) -> int | None:
    """A figure of the kernel's, in bytes."""
    for line in (machine.text("/proc/meminfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name == key and value.split()[:1] and value.split()[0].isdecimal():
            return int(value.split()[0]) * 1024
    return None


def has_memory_cgroup(machine: Machine) -> bool:
    """Whether systemd's limits of memory hold; yes where it can't be told."""
    controllers = machine.text("/sys/fs/cgroup/cgroup.controllers")
    return controllers is None or "memory" in controllers.split()
