"""A probe of the chip's temperature and firmware: `python -m hailo_vision.worker.probe RUNTIME` prints one JSON object.

Its control connection is its own and disturbs no generation, but each call holds the interpreter lock for up to 10 s
(contract 5). So it is a process of its own, which the daemon can kill.
"""

import json
import sys
from typing import Any

from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.parent import die_with_parent
from hailo_vision.worker.runtime import import_runtime
from hailo_vision.worker.statuses import PROBING, unavailable


def read(name: str) -> dict[str, str | float]:
    """Returns temperature in degrees Celsius (of the hotter sensor), firmware, architecture and runtime version.

    Raises DeviceUnavailable.
    """
    runtime = import_runtime(name)
    try:
        device = runtime.root.Device()  # kept by name: a collected one closes its connection (contract 1.3)
        try:
            board = device.control.identify()
            chip = device.control.get_chip_temperature()
            return {
                "temperature_c": round(max(float(chip.ts0_temperature), float(chip.ts1_temperature)), 1),
                "firmware": _version(board.firmware_version),
                "architecture": str(board.device_architecture),
                "runtime_version": runtime.version,
            }
        finally:
            device.release()
    except runtime.errors as error:
        raise unavailable(error, "Asking the chip", PROBING) from error


def _version(value: Any) -> str:
    return ".".join(str(number) for number in value[:3]) if isinstance(value, tuple) else str(value)


def main() -> int:
    die_with_parent()
    try:
        print(json.dumps(read(sys.argv[1])))
    except DeviceUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
