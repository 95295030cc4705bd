"""The header of a HEF against the vendor's layout: 56 bytes, big-endian, sizes that add up."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.models.hef import HEADER_BYTES, fault_in
from models.mirror import hef


def header(version: int = 3, *, description: int = 10, weights: int = 20, additional: int = 30, own: int = 0) -> bytes:
    return struct.pack(">4sIIQQIQQQ", b"\x01HEF", version, description, 1, weights, 4, additional, own, 0)


def test_the_header_has_the_size_of_the_vendors_packed_structure() -> None:
    assert len(header()) == HEADER_BYTES == 3 * 4 + 8 + 8 + 4 + 3 * 8


def test_a_file_as_long_as_its_header_says_is_right() -> None:
    assert fault_in(header(), HEADER_BYTES + 10 + 20 + 30) is None


def test_without_a_size_only_the_header_is_looked_at() -> None:
    assert fault_in(header()) is None


@pytest.mark.parametrize("own", [0, 99])
def test_a_shorter_file_is_wrong_in_any_case(own: int) -> None:
    assert fault_in(header(own=own), HEADER_BYTES + 59) == ("is shorter than its header says: 115 bytes instead of 116")


def test_a_longer_file_is_wrong_where_the_vendors_library_compares_the_sizes() -> None:
    assert "is longer than its header says" in (fault_in(header(), HEADER_BYTES + 61) or "")
    assert fault_in(header(own=99), HEADER_BYTES + 61) is None


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        (b"", "is empty"),
        (b"\x01HEF", "ends within its header, after 4 bytes"),
        (header()[:-1], "ends within its header, after 55 bytes"),
        (header(2), "is a HEF of version 2, which is for the Hailo-8 and not for the Hailo-10H"),
        (header(4), "is a HEF of version 4; only version 3 is known here"),
        (b"\n <!DOCTYPE html><html>", "is a page for browsers and no model"),
        (b"version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS and no model"),
        (b"GGUF" + bytes(60), "is no HEF: it does not begin like one"),
        (b"FEH\x01" + bytes(60), "is no HEF: it does not begin like one"),
    ],
)
def test_what_is_wrong_is_said(head: bytes, fault: str) -> None:
    assert fault_in(head, 10_000) == fault


@given(st.binary(max_size=100), st.integers(min_value=0, max_value=1 << 40))
def test_no_bytes_make_it_fail(head: bytes, size_bytes: int) -> None:
    fault_in(head, size_bytes)
    fault_in(b"\x01HEF" + head, size_bytes)


def test_the_tests_own_files_are_right() -> None:
    assert fault_in(hef()[:HEADER_BYTES], len(hef())) is None
