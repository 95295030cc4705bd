"""Workers killed and daemons restarted over and over: what they leave behind.

.venv/bin/python benchmarks/restarts.py [--workers 200] [--daemons 20]

Ends with 1 when a descriptor, a thread, a child, a file or a piece of shared memory is left.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from report import machine

from harness import Daemon, ask, photo

BODY = ask("What is it?", photo("coffee-cup.jpg"), max_tokens=5)


def state(daemon: Daemon) -> dict[str, int]:
    process = Path(f"/proc/{daemon.process.pid}")
    return {
        "descriptors": len(list((process / "fd").iterdir())),
        "threads": len(list((process / "task").iterdir())),
        "children": len((process / "task" / process.name / "children").read_text().split()),
    }


def kill_workers(daemon: Daemon, times: int) -> bool:
    def works() -> bool:
        return daemon.post(BODY)[0] == 200

    daemon.wait_until_ready()
    assert works()
    daemon.wait_for(lambda: daemon.get("/health")[1]["chip"])
    before = state(daemon)
    for number in range(1, times + 1):
        daemon.kill_worker()
        daemon.wait_for(lambda number=number: daemon.get("/health")[1]["worker_restarts"] == number)
        daemon.wait_until_ready()
        assert works()
    daemon.wait_for(lambda: all(now <= before[name] for name, now in state(daemon).items()))
    print(f"{times} workers killed: before {before}, after {state(daemon)}", flush=True)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--daemons", type=int, default=20)
    arguments = parser.parse_args()
    print(f"{machine()}\n")
    shared = set(os.listdir("/dev/shm"))
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder))
        try:
            kill_workers(daemon, arguments.workers)
        finally:
            daemon.stop()
        files = {path.name for path in Path(folder).rglob("*")}
        for _ in range(arguments.daemons):
            daemon = Daemon(Path(folder)).wait_until_ready()
            assert daemon.post(BODY)[0] == 200
            assert daemon.stop() == 0, daemon.log
        left = {path.name for path in Path(folder).rglob("*")} - files
    left |= {name for name in set(os.listdir("/dev/shm")) - shared if "hailo" in name or "psm" in name}
    print(f"{arguments.daemons} daemons restarted: left in tmp and /dev/shm: {sorted(left) or 'nothing'}")
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
