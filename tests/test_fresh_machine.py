"""scripts/fresh-machine sums up what the suite said, and scripts/packages names what is missing in one line."""

import os
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from harness import ROOT

SAID = """
scripts/setup: installing what test needs (a minute the first time)
........s.F. [100%]
=========================== short test summary info ============================
SKIPPED [2] tests/documents/test_readme.py:59: no curl here: sudo apt install curl
SKIPPED [1] tests/end_to_end/test_vision.py:234: no curl here: sudo apt install curl
SKIPPED [1] tests/console/test_files.py:0: Skipped: playwright is missing: scripts/setup browser gets it
FAILED tests/a.py::test_one - assert 1 == 2
ERROR tests/b.py::test_two
=== 1 failed, 8 passed, 4 skipped, 1 error in 393.42s (0:06:33) ===
"""


@pytest.fixture
def fresh_machine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "system_test"))
    spec = spec_from_file_location("fresh_machine", ROOT / "scripts" / "fresh_machine.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_summary_has_what_failed_and_the_reasons_of_what_was_skipped(fresh_machine: ModuleType) -> None:
    assert fresh_machine.summary(SAID).splitlines() == [
        "scripts/setup: installing what test needs (a minute the first time)",
        "FAILED tests/a.py::test_one - assert 1 == 2",
        "ERROR tests/b.py::test_two",
        "skipped     3  no curl here: sudo apt install curl",
        "skipped     1  playwright is missing: scripts/setup browser gets it",
        "8 passed, 2 failed, 4 skipped",
    ]


def test_a_run_that_never_got_to_its_tests_has_none(fresh_machine: ModuleType) -> None:
    assert (
        fresh_machine.summary("scripts/setup: no network\n")
        == "scripts/setup: no network\n0 passed, 0 failed, 0 skipped\n"
    )


def packages(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """scripts/packages where there is no apt-get, and so nothing can be installed."""
    return subprocess.run(
        ["/bin/bash", ROOT / "scripts" / "packages", *words],
        env={**os.environ, "PACKAGES_ARE_NAMED": "", "PATH": str(folder), **variables},  # scripts/test sets it
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_what_is_missing_is_named_in_one_line_with_the_one_command_that_brings_it(tmp_path: Path) -> None:
    done = packages(tmp_path, "--for", "some tests", "curl", "libgomp1")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("scripts/packages: some tests are skipped")
    assert line.endswith("sudo apt install --no-install-recommends curl libgomp1")


def test_what_was_named_already_is_not_named_again(tmp_path: Path) -> None:
    done = packages(tmp_path, "chromium", PACKAGES_ARE_NAMED="1")
    assert (done.returncode, done.stderr) == (1, "")
