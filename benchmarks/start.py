"""Time from exec to the bound port, and resident memory of daemon and worker when idle with the model loaded.

.venv/bin/python benchmarks/start.py [--runs 10]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from report import machine

from harness import Daemon, ask, photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="starts to time (default: %(default)s)")
    runs = parser.parse_args().runs
    bound: list[float] = []
    ready: list[float] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            daemon = Daemon(Path(folder))  # returns when the port is bound and logged
            bound.append(time.perf_counter() - started)
            daemon.wait_until_ready()
            ready.append(time.perf_counter() - started)
            idle = daemon.get("/health")[1]["memory"]
            daemon.post(ask("Describe.", photo("launch-pad.jpg")))
            used = daemon.get("/health")[1]["memory"]
            daemon.stop()
    print(f"{runs} starts; {machine()}\n")
    print("| what | median | max |\n|---|---|---|")
    print(f"| exec to bound port, s | {statistics.median(bound):.3f} | {max(bound):.3f} |")
    print(f"| exec to ready with load_s 0, s | {statistics.median(ready):.3f} | {max(ready):.3f} |")
    for name, memory in (("idle", idle), ("after one photo", used)):
        daemon_mb, worker_mb = memory["daemon_bytes"] / 1e6, memory["worker_bytes"] / 1e6
        print(f"\nResident memory {name}: daemon {daemon_mb:.0f} MB + worker {worker_mb:.0f} MB", end="")
        print(f" = {daemon_mb + worker_mb:.0f} MB")


if __name__ == "__main__":
    main()
