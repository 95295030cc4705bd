"""What the process knows of itself: its age and its memory."""

import os
import time
from pathlib import Path

from hailo_vision.daemon.engines import Driven
from hailo_vision.http_api.services import Chip, Health
from hailo_vision.supervisor.probe import ChipProbe

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class HealthProbe:
    """Reads /proc, which answers at once; never the device."""

    def __init__(self, engine: Driven, probe: ChipProbe | None, runtime_reason: str) -> None:
        self._engine = engine
        self._probe = probe
        self._runtime_reason = runtime_reason
        self._started_at = time.monotonic()

    def __call__(self) -> Health:
        worker, chip = self._engine.worker_pid, self._probe.reading if self._probe is not None else None
        return Health(
            uptime_s=time.monotonic() - self._started_at,
            daemon_memory_bytes=resident_bytes(os.getpid()) or 0,
            worker_memory_bytes=None if worker is None else resident_bytes(worker),
            worker_restarts=self._engine.restarts,
            runtime_reason=self._runtime_reason,
            chip=None
            if chip is None
            else Chip(temperature_c=chip.temperature_c, firmware=chip.firmware, architecture=chip.architecture),
        )


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process; None when it has just ended."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return None
    return int(fields[1]) * _PAGE_BYTES
