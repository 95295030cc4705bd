"""The long benchmarks of a loaded daemon, in short: they run, and what they hold true holds."""

import subprocess
import sys

import pytest

from harness import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("load.py", ("--connections", "1", "10", "--requests", "12")),
        ("soak.py", ("--requests", "1000")),
        ("restarts.py", ("--workers", "5", "--daemons", "5")),
    ],
)
def test_it_runs_in_short(script: str, words: tuple[str, ...]) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
