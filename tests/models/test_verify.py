"""Whether what is on the disk is what it should be."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from hailo_vision.models import records
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.events import Event, Hashed
from hailo_vision.models.records import Origin
from hailo_vision.models.store import ModelPath, model_path
from hailo_vision.models.verify import verify
from models.mirror import hef

BODY = hef(100_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
ORIGIN = Origin(model="tiny", release="5.1.1", url="https://x/Tiny.hef", size_bytes=len(BODY), sha256=SHA256)
FILE = ModelFile(
    model="tiny", release="5.1.1", file="Tiny.hef", url="https://x/Tiny.hef", licence="none", listed_bytes=len(BODY)
)


@pytest.fixture
def tiny(tmp_path: Path) -> ModelPath:
    """A file as a pull leaves it."""
    one = model_path(tmp_path, "Tiny.hef")
    one.path.write_bytes(BODY)
    records.write(one.note, ORIGIN)
    return one


def faults(one: ModelPath, *catalogue: ModelFile) -> tuple[str, ...]:
    return verify(one, catalogue, lambda event: None).faults


def test_a_file_as_it_was_pulled_is_good(tiny: ModelPath) -> None:
    verdict = verify(tiny, [FILE], lambda event: None)
    assert (verdict.faults, verdict.sha256, verdict.compared_with) == ((), SHA256, "what was pulled")


def test_a_bit_that_turned_since_the_pull_is_found(tiny: ModelPath) -> None:
    tiny.path.write_bytes(BODY[:-1] + bytes([BODY[-1] ^ 1]))
    assert faults(tiny, FILE) == ("has another hash than what was pulled",)


def test_a_file_that_was_cut_short_is_found_by_all_three(tiny: ModelPath) -> None:
    tiny.path.write_bytes(BODY[:-1])
    assert faults(tiny, FILE) == (
        "is shorter than its header says: 99,999 bytes instead of 100,000",
        "has 99,999 bytes instead of 100,000",
        "has another hash than what was pulled",
    )


def test_the_catalogues_size_and_hash_count_too(tiny: ModelPath) -> None:
    assert faults(tiny, replace(FILE, size_bytes=len(BODY), sha256=SHA256)) == ()
    assert faults(tiny, replace(FILE, size_bytes=5)) == ()  # by itself it is no proof: vendors replace files
    assert faults(tiny, replace(FILE, size_bytes=5, sha256=SHA256)) == ("has 100,000 bytes instead of 5",)
    assert faults(tiny, replace(FILE, sha256="0" * 64)) == ("has another hash than the catalogue",)


def test_another_releases_size_and_hash_do_not(tiny: ModelPath) -> None:
    assert faults(tiny, replace(FILE, release="5.2.0", size_bytes=5, sha256="0" * 64)) == ()


def test_of_a_file_that_was_not_pulled_the_header_is_looked_at(tiny: ModelPath) -> None:
    tiny.note.unlink()
    verdict = verify(tiny, [FILE], lambda event: None)
    assert (verdict.faults, verdict.origin, verdict.compared_with) == ((), None, None)
    tiny.path.write_bytes(b"<html>")
    assert faults(tiny, FILE) == ("is a page for browsers and no model",)


def test_it_says_how_far_it_has_read(tiny: ModelPath) -> None:
    events: list[Event] = []
    verify(tiny, [], events.append)
    assert events[-1] == Hashed(done_bytes=len(BODY), size_bytes=len(BODY))
