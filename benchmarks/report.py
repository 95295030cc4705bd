"""What the benchmarks share: the way to the daemon of the tests, figures, and the line about the machine."""

import platform
import statistics
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))


def machine() -> str:
    """Where and when."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith(("model name", "Model"))]
    cores = sum(line.startswith("processor") for line in lines)
    name = names[0] if names else platform.machine()
    return f"{name}, {cores} cores, Python {platform.python_version()}, {date.today().isoformat()}"


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
