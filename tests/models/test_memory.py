"""A model that does not fit into the memory that is free is not started, and the figures say why."""

from pathlib import Path

import pytest

from hailo_vision.config.settings import Llama
from hailo_vision.models.memory import Claims, free_bytes, shortage
from models.gguf_head import SHAPE, head


def meminfo(folder: Path, kilobytes: int) -> Path:
    path = folder / "meminfo"
    path.write_text(f"MemTotal:       {2 * kilobytes} kB\nMemAvailable:   {kilobytes} kB\n")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file of 10 MB whose context takes 28 kB a token."""
    path = tmp_path / "m.gguf"
    path.write_bytes(head(SHAPE).ljust(10_000_000, b"\0"))
    return path


def test_a_model_that_fits_is_started(tmp_path: Path, model: Path) -> None:
    settings = Llama(model=str(model), mmproj=None, context=1000)
    assert shortage(settings, meminfo(tmp_path, 100_000)) is None


def test_files_and_context_together_must_fit(tmp_path: Path, model: Path) -> None:
    settings = Llama(model=str(model), mmproj=None, context=1000)
    short = shortage(settings, meminfo(tmp_path, 20_000))
    assert short is not None
    assert "files 10.0 MB, its context 28.7 MB" in short
    assert "llama.context" in short
    assert shortage(Llama(model=str(model), mmproj=None, context=256), meminfo(tmp_path, 20_000)) is None
    assert shortage(Llama(model=str(model), mmproj=None, context=256, slots=4), meminfo(tmp_path, 20_000)) is not None


def test_where_it_cannot_be_told_the_model_is_tried(tmp_path: Path, model: Path) -> None:
    settings = Llama(model=str(model), mmproj=None)
    assert shortage(settings, tmp_path / "none") is None
    (tmp_path / "odd").write_text("nonsense")
    assert free_bytes(tmp_path / "odd") is None
    assert shortage(Llama(model=str(tmp_path / "missing.gguf"), mmproj=None), meminfo(tmp_path, 1)) is None


def test_what_other_models_have_claimed_is_not_available(tmp_path: Path, model: Path) -> None:
    settings, other = Llama(model=str(model), mmproj=None, context=256), object()
    claims, free = Claims(), meminfo(tmp_path, 25_000)
    assert shortage(settings, free, claimed_bytes=claims.claim(other, settings)) is None
    short = shortage(settings, free, claimed_bytes=claims.claim(self := object(), settings))
    assert short is not None
    assert "25.6 MB are available, 10.0 MB of them taken by other models" in short
    claims.release(self)
    claims.release(other)
    assert shortage(settings, free, claimed_bytes=claims.claim(self, settings)) is None
