"""A Pi for each test."""

from pathlib import Path

import pytest

from doctor.pi import MODEL, Pi


@pytest.fixture
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pi:
    """One with all in order: its file for the model is where the settings of its config say."""
    pi = Pi(tmp_path)
    pi.origin("5.1.1")
    monkeypatch.setenv("PATH", pi.environment["PATH"])  # `models` finds dpkg-query there
    assert (pi.root / MODEL).is_file()
    return pi
