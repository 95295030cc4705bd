"""Facts about the process for /health: its uptime and its memory."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from hailo_vision.engines.chip.probe import ChipProbe
from hailo_vision.engines.contract import DrivenEngine
from hailo_vision.http_api.web.services import Chip, Health

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class HealthProbe:
    """Reads /proc, which never blocks, and never the device. Figures of workers are sums over all engines."""

    def __init__(self, engines: Sequence[DrivenEngine], probe: ChipProbe | None, runtime_reason: str) -> None:
        self._engines = engines
        self._probe = probe
        self._runtime_reason = runtime_reason
        self._started_at = time.monotonic()

    def __call__(self) -> Health:
        chip = self._probe.reading if self._probe is not None else None
        pids = [engine.worker_pid for engine in self._engines]
        workers = [size for pid in pids if pid is not None and (size := resident_bytes(pid)) is not None]
        return Health(
            uptime_s=time.monotonic() - self._started_at,
            daemon_memory_bytes=resident_bytes(os.getpid()) or 0,
            worker_memory_bytes=sum(workers) if workers else None,
            worker_restarts=sum(engine.restarts for engine in self._engines),
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
