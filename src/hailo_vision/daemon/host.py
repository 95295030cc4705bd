"""The board's own temperature and throttling, from /sys alone; None where the kernel does not report them."""

from dataclasses import dataclass
from pathlib import Path

# Of the firmware's bits those that say "now": low voltage, capped frequency, throttled, soft temperature limit.
# (Raspberry Pi's documentation of vcgencmd get_throttled; the file is in their kernels. Not seen on a Pi 5 by us.)
_NOW_BITS = 0b1111
_THROTTLED = "devices/platform/soc*/*firmware/get_throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    temperature_c: float | None
    is_throttled: bool | None


class Host:
    """Reads small files of the kernel's, which answer at once."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self._zone = sys / "class/thermal/thermal_zone0/temp"
        self._throttled = next(iter(sorted(sys.glob(_THROTTLED))), None)

    def read(self) -> HostReading:
        millidegrees = _number(self._zone, 10)
        bits = None if self._throttled is None else _number(self._throttled, 16)
        return HostReading(
            temperature_c=None if millidegrees is None else millidegrees / 1000,
            is_throttled=None if bits is None else bool(bits & _NOW_BITS),
        )


def _number(file: Path, base: int) -> int | None:
    try:
        return int(file.read_text(), base)
    except (OSError, ValueError):
        return None
