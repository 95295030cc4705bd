"""Orientation is one number in EXIF data that anybody may have written."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.images.orientation import orientation
from images.drawn import exif, hoarding_exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_tag_is_read_in_both_byte_orders_and_with_a_prefix(value: int, order: str) -> None:
    data = exif(value, order=order)
    assert orientation(data) == value
    assert orientation(b"Exif\0\0" + data) == value


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_a_value_without_a_meaning_is_upright(value: int) -> None:
    assert orientation(exif(value)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"XX*\0" + bytes(40),
        exif(6)[:-7],
        b"II*\0" + struct.pack("<LH", 8, 65535),
        b"II*\0" + struct.pack("<LHHHLL", 8, 1, 0x0112, 2, 1, 6),
    ],
)
def test_damaged_data_is_upright(data: bytes) -> None:
    assert orientation(data) == 1


def test_data_made_to_fill_the_memory_is_only_looked_at() -> None:
    assert orientation(hoarding_exif(2000, 500_000)) == 1


@given(st.binary(max_size=200))
def test_any_bytes_have_an_orientation(data: bytes) -> None:
    for head in (b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0"):
        assert 1 <= orientation(head + data) <= 8
