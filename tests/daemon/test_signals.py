"""Signals to stop that come after the end: the daemon has stopped well, and its exit code says so."""

import signal
import subprocess
import sys

import pytest

from harness import PATIENCE_S

STOPPED = """
import asyncio, os, signal, sys
from hailo_vision.daemon.signals import Signals

async def main():
    signals = Signals()
    os.kill(os.getpid(), signal.SIGTERM)
    await signals.stop.wait()
    signals.end()
    os.kill(os.getpid(), int(sys.argv[1]))
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_after_the_end_leaves_the_exit_code_0(number: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED, str(int(number))], timeout=PATIENCE_S, check=False)
    assert done.returncode == 0
