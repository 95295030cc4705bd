"""What is off unless the operator lists it."""

import io
import struct
import sys
from importlib.util import find_spec
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from hailo_vision.config.settings import PictureFormat
from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.tiff import first_picture
from images.drawn import corners, encoded, frame, quadrants

LISTED: tuple[PictureFormat, ...] = ("jpeg", "tiff", "heic", "avif")
COLOURS = ("red", "green", "blue", "yellow")
TIFF = encoded(corners(), "TIFF")
needs_avif = pytest.mark.skipif(find_spec("PIL.AvifImagePlugin") is None, reason="this Pillow has no AVIF")


def refusal(data: bytes, **options: Any) -> BadImage:
    with pytest.raises(BadImage) as caught:
        frame(data, **options)
    return caught.value


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_listed_tiff_is_read(mode: str, compression: str | None) -> None:
    assert (
        quadrants(frame(encoded(corners().convert(mode), "TIFF", compression=compression), formats=LISTED)) == COLOURS
    )


def test_a_tiff_with_jpeg_of_the_old_style_is_read() -> None:
    """As scanners of HP write them: the tags 513 and 514 name a whole JPEG."""
    jpeg = encoded(corners(), "JPEG", quality=90, subsampling=2)
    depths = struct.pack("<4H", 8, 8, 8, 0)
    start = 8 + len(jpeg) + len(depths)
    numbers = {256: 64, 257: 32, 259: 6, 262: 6, 273: 8, 277: 3, 278: 32, 279: len(jpeg), 284: 1, 512: 1, 513: 8}
    entries = {tag: struct.pack("<HHLL", tag, 4, 1, value) for tag, value in {**numbers, 514: len(jpeg)}.items()}
    entries |= {258: struct.pack("<HHLL", 258, 3, 3, 8 + len(jpeg)), 530: struct.pack("<HHLHH", 530, 3, 2, 2, 2)}
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    data = b"II*\0" + struct.pack("<L", start) + jpeg + depths + directory
    assert quadrants(frame(data, formats=LISTED)) == COLOURS


@pytest.mark.parametrize("value", range(1, 9))
def test_a_tiff_is_held_as_it_says(value: int) -> None:
    tag = Image.Exif()
    tag[0x0112] = value
    png = frame(encoded(corners(), "PNG", exif=tag), 32, 32)
    for compression in (None, "tiff_lzw"):
        data = encoded(corners(), "TIFF", exif=tag, compression=compression)
        assert quadrants(frame(data, 32, 32, formats=LISTED)) == quadrants(png)


@needs_avif
def test_a_listed_avif_is_read() -> None:
    assert quadrants(frame(encoded(corners(), "AVIF", quality=95), formats=LISTED)) == COLOURS


def test_what_is_not_listed_is_refused_with_what_is() -> None:
    assert refusal(TIFF).reason == "is a TIFF file, which is not read here. Send JPEG, PNG, WebP, GIF or BMP."
    assert refusal(TIFF, formats=("png",)).reason == "is a TIFF file, which is not read here. Send PNG."
    assert "reads no pictures at all" in refusal(TIFF, formats=()).reason
    assert refusal(encoded(corners(), "PNG"), formats=LISTED).fault == ImageFault.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_a_listed_heic_is_read_and_held_as_it_says(turn: int) -> None:
    tag = Image.Exif()
    tag[0x0112] = turn
    file = io.BytesIO()
    # The encoder makes a turn of the picture's own out of the tag; the decoder does it.
    pillow_heif.from_pillow(corners()).save(file, quality=95, exif=tag.tobytes())
    png = frame(encoded(corners(), "PNG", exif=tag), 32, 32)
    assert quadrants(frame(file.getvalue(), 32, 32, formats=LISTED)) == quadrants(png)


def test_a_listed_format_that_nothing_here_reads_is_a_refusal_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)  # Python's way to say: not installed
    refused = refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), formats=LISTED)
    assert refused.fault == ImageFault.UNSUPPORTED_FORMAT
    assert "this server is set to read those, but has no decoder for them" in refused.reason


def directory(data: bytes) -> int:
    (start,) = struct.unpack_from("<L", data, 4)
    return int(start)


def test_directories_in_a_circle_are_not_followed() -> None:
    start = directory(TIFF)
    (count,) = struct.unpack_from("<H", TIFF, start)
    end = start + 2 + 12 * count
    assert quadrants(frame(TIFF[:end] + struct.pack("<L", start) + TIFF[end + 4 :], formats=LISTED)) == COLOURS


def test_what_is_left_of_a_tiff_names_no_directory_after_the_first() -> None:
    for data in (TIFF, TIFF[: directory(TIFF)] + TIFF[directory(TIFF) : -4] + struct.pack("<L", 8)):
        left = first_picture(data)
        assert left is not None
        (count,) = struct.unpack_from("<H", left, directory(left))
        assert left[directory(left) + 2 + 12 * count :] == bytes(4)


def tiff(*entries: tuple[int, int, int, int], rest: bytes = b"") -> bytes:
    """A TIFF of one directory; entries are tag, type, count and value."""
    body = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<LH", 8, len(entries)) + body + bytes(4) + rest


def test_tags_that_all_point_at_the_same_megabytes_are_refused_unread() -> None:
    hoard = tiff(*((tag, 7, 1_000_000, 100) for tag in (256, 257, 258, 259, 262, 266)), rest=bytes(1_000_100))
    assert "unusual make" in refusal(hoard, formats=LISTED).reason


def test_a_tiff_of_countless_tags_is_refused() -> None:
    assert "unusual make" in refusal(tiff(*[(1, 1, 1, 0)] * 1001), formats=LISTED).reason


def test_the_size_of_a_tiff_is_looked_at_before_its_pixels() -> None:
    huge = tiff(
        (256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)
    )
    assert refusal(huge, formats=LISTED).fault == ImageFault.TOO_LARGE


def test_a_tile_larger_than_any_picture_is_refused() -> None:
    entries = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1), (277, 3, 1, 1)]
    tiles = [(322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 8), (325, 4, 1, 100)]
    assert "unusual make" in refusal(tiff(*entries, *tiles), formats=LISTED).reason


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9])
def test_a_truncated_tiff_is_refused(share: float) -> None:
    assert refusal(b"II*\0" + TIFF[4 : int(len(TIFF) * share)], formats=LISTED).fault == ImageFault.UNREADABLE
