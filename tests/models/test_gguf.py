"""The first bytes of a GGUF file."""

import struct

import pytest

from hailo_vision.models.verify import header_fault


def head(version: int = 3) -> bytes:
    return struct.pack("<4sIQQ", b"GGUF", version, 10, 20)


@pytest.mark.parametrize("version", [2, 3])
def test_a_good_one_has_no_fault(version: int) -> None:
    assert header_fault("one.gguf", head(version), 1000) is None
    assert header_fault("one.gguf", head(version)) is None


@pytest.mark.parametrize(
    ("start", "size_bytes", "fault"),
    [
        (b"", 0, "is empty"),
        (b"<!doctype html>" * 9, 1000, "is no GGUF"),
        (b"\x01HEF" + bytes(60), 1000, "is no GGUF"),
        (head()[:20], 20, "ends within its header"),
        (head(), 24, "ends within its header"),
        (head(1), 1000, "is a GGUF of version 1"),
        (head(99), 1000, "is a GGUF of version 99"),
    ],
)
def test_what_is_none_is_told(start: bytes, size_bytes: int, fault: str) -> None:
    assert (header_fault("one.gguf", start, size_bytes) or "").startswith(fault)


def test_a_file_is_held_against_its_own_kind() -> None:
    assert (header_fault("one.hef", head(), 1000) or "").startswith("is no HEF")
