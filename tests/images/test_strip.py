"""What the decoder never gets to see."""

import struct
import zlib

import pytest

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import Format
from hailo_vision.images.strip import strip
from images.drawn import (
    bare_jpeg,
    bmp,
    chunk,
    corners,
    encoded,
    exif,
    frame,
    hoarding_exif,
    jpeg_segment,
    png_signature,
    quadrants,
    raw_png,
    raw_profile,
)

COLOURS = ("red", "green", "blue", "yellow")
HEAD, REST = bare_jpeg(corners())
GIF = encoded(corners().convert("P"), "GIF")
GIF_BODY = 13 + 3 * (2 << (GIF[10] & 7))


def test_a_jpeg_loses_its_metadata_and_keeps_its_colours() -> None:
    metadata = (
        jpeg_segment(0xE1, b"Exif\0\0" + exif(1))
        + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"x" * 60_000)
        + jpeg_segment(0xED, b"Photoshop 3.0\0" + b"x" * 60_000)
        + jpeg_segment(0xFE, b"a comment")
    )
    stripped = strip(Format.JPEG, HEAD + metadata + REST)
    assert stripped.data == HEAD + REST
    assert stripped.exif == b"Exif\0\0" + exif(1)


def test_the_first_exif_of_a_jpeg_counts() -> None:
    two = jpeg_segment(0xE1, b"Exif\0\0" + exif(6)) + jpeg_segment(0xE1, b"Exif\0\0" + exif(3))
    assert strip(Format.JPEG, HEAD + two + REST).exif == b"Exif\0\0" + exif(6)


def test_a_jpeg_whose_exif_fills_the_memory_is_decoded_without_it() -> None:
    """500 kB that cost Pillow 11.1 more than 800 MB."""
    hoard = hoarding_exif(2000, 500_000)
    segments = [jpeg_segment(0xE1, b"Exif\0\0" + hoard[at : at + 65_000]) for at in range(0, len(hoard), 65_000)]
    data = HEAD + b"".join(segments) + REST
    assert strip(Format.JPEG, data).data == HEAD + REST
    assert quadrants(frame(data)) == COLOURS


def test_filling_between_jpeg_segments_is_skipped() -> None:
    assert quadrants(frame(HEAD + b"\xff" * 5000 + jpeg_segment(0xFE, b"") + b"\0" * 5000 + REST)) == COLOURS


@pytest.mark.parametrize("marker", [0xE5, 0xE0, 0xFE])
def test_a_jpeg_of_a_thousand_segments_is_refused(marker: int) -> None:
    with pytest.raises(BadImage, match="more than 1000 segments"):
        strip(Format.JPEG, HEAD + jpeg_segment(marker, b"") * 1000 + REST)


@pytest.mark.parametrize("marker", [0xC0, 0xC4, 0xDB, 0xE0])
def test_a_jpeg_with_endless_tables_is_refused(marker: int) -> None:
    with pytest.raises(BadImage, match="more than 200000 bytes of tables"):
        strip(Format.JPEG, HEAD + jpeg_segment(marker, b"\x08\0\x10\0\x10\x03" + bytes(60_000)) * 4 + REST)


def test_a_jpeg_of_countless_scans_is_refused() -> None:
    scans = b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 101
    with pytest.raises(BadImage, match="more than 100 scans"):
        strip(Format.JPEG, HEAD + REST[:-2] + scans + REST[-2:])
    assert strip(Format.JPEG, HEAD + REST + scans).data == HEAD + REST


def test_a_motion_photo_is_a_photo() -> None:
    """A phone puts a film behind the picture, in which there is every marker a hundred times."""
    film = b"\0\0\0\x18ftypmp42" + (b"\xff\xda" + bytes(50) + b"\xff\xd9\xff\xc4\xff\xff") * 200 + REST
    assert strip(Format.JPEG, HEAD + REST + film) == strip(Format.JPEG, HEAD + REST)


def test_the_scans_of_a_progressive_jpeg_are_kept_up_to_its_end() -> None:
    tables, scans = bare_jpeg(corners(), progressive=True)
    assert scans.count(b"\xff\xda") > 5
    comment = jpeg_segment(0xFE, b"\xff\xd9\xff\xda")
    last = scans.rindex(b"\xff\xda")
    scans = scans[:last] + comment + scans[last:]
    assert strip(Format.JPEG, tables + scans + b"more").data == tables + scans


def test_a_png_is_inflated_once_for_each_thing_in_it() -> None:
    """A profile that is too large is not looked for again in the next chunk: 15,000 of them fit into a body."""
    bomb = zlib.compress(bytes(3_000_000))
    chunks = chunk(b"iCCP", b"x\0\0" + bomb) + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"good"))
    texts = chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb) + chunk(
        b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw_profile(exif(6)))
    )
    stripped = strip(Format.PNG, raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4, extra=chunks + texts))
    assert (stripped.profile, stripped.exif) == (b"", b"")


@pytest.mark.parametrize("text", [b"", b"\nexif\n 4\nzz", b"\nexif\n 3\n123", b"\xff\n\n\n\xff", b"no lines"])
def test_a_damaged_raw_profile_is_none(text: bytes) -> None:
    extra = chunk(b"tEXt", b"Raw profile type exif\0" + text) + chunk(b"iTXt", b"XML:com.adobe.xmp\0" + text)
    assert strip(Format.PNG, raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4, extra=extra)).exif == b""


def test_a_png_keeps_what_its_pixels_need_and_nothing_else() -> None:
    rows = [bytes(3 * 4)] * 4
    noise = chunk(b"tEXt", b"Comment\0hello") + chunk(b"zTXt", b"x\0\0" + b"y" * 100) + chunk(b"acTL", b"junk")
    plain = raw_png(4, 4, depth=8, colour=2, rows=rows)
    noisy = raw_png(4, 4, depth=8, colour=2, rows=rows, extra=noise + chunk(b"eXIf", exif(8)), late=noise)
    stripped = strip(Format.PNG, noisy + b"trailing bytes")
    assert stripped.data == plain
    assert stripped.exif == exif(8)


def test_exif_after_the_pixels_of_a_png_counts() -> None:
    data = raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4, late=chunk(b"eXIf", exif(8)))
    assert strip(Format.PNG, data).exif == exif(8)


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt"])
def test_a_png_of_countless_chunks_is_refused(kind: bytes) -> None:
    with pytest.raises(BadImage, match="more than 100000 chunks"):
        strip(Format.PNG, raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4, extra=chunk(kind) * 100_000))


def test_a_gif_starts_with_its_first_picture_and_what_is_transparent_in_it() -> None:
    control = b"\x21\xf9\x04\1\0\0\5\0"
    comment = b"\x21\xfe\x05hello\0"
    body = GIF[GIF_BODY:]
    data = GIF[:GIF_BODY] + comment + control + comment * 3 + b"\0\0" + body
    assert strip(Format.GIF, data).data == GIF[:GIF_BODY] + control + body


@pytest.mark.parametrize("filling", [b"\x21\xfe\0", b"\0"])
def test_a_gif_that_begins_with_countless_blocks_is_refused(filling: bytes) -> None:
    """5 MB of empty comments cost Pillow 11.1 25 s."""
    with pytest.raises(BadImage, match="more than 100000 blocks"):
        strip(Format.GIF, GIF[:GIF_BODY] + filling * 100_000 + GIF[GIF_BODY:])


def test_a_gif_extension_of_countless_blocks_is_refused() -> None:
    with pytest.raises(BadImage, match="more than 100000 blocks"):
        strip(Format.GIF, GIF[:GIF_BODY] + b"\x21\xfe" + b"\1x" * 100_000 + b"\0" + GIF[GIF_BODY:])


def test_the_canvas_of_a_webp_is_known_before_it_is_opened() -> None:
    header = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (99_999).to_bytes(3, "little") + (0).to_bytes(3, "little")
    assert strip(Format.WEBP, header).size == (100_000, 1)


@pytest.mark.parametrize(
    "data",
    [
        bmp(2000, 600, compression=1, body=b"\0\1"),
        bmp(2000, -600, compression=1, body=b"\0\1"),
        bmp(20, 20, compression=2, body=bytes(1_000_000)),
    ],
)
def test_big_run_length_coded_bmps_are_refused(data: bytes) -> None:
    with pytest.raises(BadImage, match="run-length"):
        strip(Format.BMP, data)


@pytest.mark.parametrize(
    ("image_format", "data"),
    [
        (Format.JPEG, b"\xff\xd8\xff"),
        (Format.JPEG, b"\xff\xd8\xff\xe0\0"),
        (Format.JPEG, HEAD + jpeg_segment(0xE5, b"")),
        (Format.JPEG, HEAD + b"\xff\xd9" + REST),
        (Format.PNG, png_signature()),
        (Format.PNG, png_signature() + struct.pack(">L4s", 13, b"IHDR")),
        (Format.GIF, b"GIF89a"),
        (Format.GIF, GIF[:GIF_BODY]),
        (Format.GIF, GIF[:GIF_BODY] + b"\x21\xfe\x05he"),
        (Format.GIF, GIF[:GIF_BODY] + b"\x3b"),
        (Format.BMP, b"BM"),
    ],
)
def test_a_file_that_ends_before_its_picture_is_called_damaged(image_format: Format, data: bytes) -> None:
    with pytest.raises(BadImage) as caught:
        strip(image_format, data)
    assert caught.value.fault == ImageFault.UNREADABLE
    assert f"a damaged or incomplete {image_format} file" in caught.value.reason
