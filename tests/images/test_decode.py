"""Every kind of picture that is taken, and what is seen in it."""

import io
import math
import struct
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

from hailo_vision.chat import Fit, Frame
from hailo_vision.config.settings import Images
from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from images.corpus import SRGB
from images.drawn import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PHOTOS,
    RED,
    WHITE,
    Pixel,
    bare_jpeg,
    bmp,
    chunk,
    corners,
    encoded,
    exif,
    frame,
    is_near,
    jpeg_segment,
    noise,
    pixel,
    png_signature,
    quadrants,
    raw_png,
    raw_profile,
)

COLOURS = ("red", "green", "blue", "yellow")
LOSSLESS_WEBP = {"lossless": True}


def refusal(data: bytes, **options: Any) -> BadImage:
    with pytest.raises(BadImage) as caught:
        frame(data, **options)
    return caught.value


# The formats and their kinds


@pytest.mark.parametrize(
    ("file_format", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}),
        ("JPEG", "RGB", {"quality": 95, "subsampling": 2, "restart_marker_rows": 1}),
        ("JPEG", "RGB", {"quality": 95, "keep_rgb": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("WEBP", "RGB", {"quality": 95}),
        ("WEBP", "RGB", LOSSLESS_WEBP),
        ("WEBP", "RGBA", LOSSLESS_WEBP),
        ("GIF", "P", {}),
        ("GIF", "P", {"interlace": 0}),
        ("BMP", "RGB", {}),
        ("BMP", "RGBA", {}),
        ("BMP", "P", {}),
    ],
)
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_every_format_and_mode_shows_its_colours(
    file_format: str, mode: str, options: dict[str, Any], fit: Fit
) -> None:
    data = encoded(corners().convert(mode), file_format, **options)
    assert quadrants(frame(data, fit=fit)) == COLOURS


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
@pytest.mark.parametrize("file_format", ["PNG", "GIF", "BMP"])
def test_palettes_of_every_size_show_their_colours(file_format: str, colours: int) -> None:
    picture = corners() if colours > 2 else corners().crop((0, 0, 64, 16))
    data = encoded(picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=colours), file_format)
    expected = COLOURS if colours > 2 else ("red", "green", "red", "green")
    assert quadrants(frame(data)) == expected


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_greyscale_comes_out_grey(file_format: str) -> None:
    seen = frame(encoded(Image.new("L", (10, 10), 100), file_format), 4, 4)
    assert is_near(pixel(seen, 1, 1), (100, 100, 100))


@pytest.mark.parametrize("file_format", ["PNG", "GIF", "BMP"])
def test_one_bit_is_black_and_white(file_format: str) -> None:
    picture = Image.new("1", (64, 32))
    picture.paste(1, (32, 0, 64, 32))
    seen = frame(encoded(picture, file_format))
    assert (pixel(seen, 0, 0), pixel(seen, -1, 0)) == (BLACK, WHITE)


@pytest.mark.parametrize(("depth", "packed"), [(1, b"\x40"), (2, b"\x10"), (4, b"\x05"), (8, b"\0\x55")])
def test_every_depth_of_grey_png_is_scaled(depth: int, packed: bytes) -> None:
    data = raw_png(2, 1, depth=depth, colour=0, rows=[packed])
    seen = frame(data, 2, 1)
    expected = {1: 255, 2: 85, 4: 85, 8: 85}[depth]
    assert (pixel(seen, 0, 0), pixel(seen, 1, 0)) == (BLACK, (expected,) * 3)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    grey = raw_png(4, 1, depth=16, colour=0, rows=[struct.pack(">4H", 0, 255, 32896, 65535)])
    seen = frame(grey, 4, 1)
    assert [pixel(seen, x, 0)[0] for x in range(4)] == [0, 1, 128, 255]
    colour = raw_png(2, 1, depth=16, colour=2, rows=[struct.pack(">6H", 65535, 32896, 0, 255, 255, 255)])
    assert pixel(frame(colour, 2, 1), 0, 0) == (255, 128, 0)


def test_a_cmyk_jpeg_has_its_colours_with_and_without_adobes_segment() -> None:
    """The segment says that the inks are stored inverted; files that lack it nearly always are so too."""
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert b"\xff\xee\0\x0eAdobe" in encoded(inks, "JPEG")
    assert is_near(pixel(frame(encoded(inks, "JPEG"), 4, 4), 1, 1), RED)
    assert is_near(pixel(frame(b"".join(bare_jpeg(inks)), 4, 4), 1, 1), RED)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    first, second = corners(), Image.new("RGB", (64, 32), BLACK)
    for file_format in ("GIF", "WEBP", "PNG"):
        data = encoded(first, file_format, save_all=True, append_images=[second] * 3, duration=50)
        assert quadrants(frame(data)) == COLOURS, file_format


def test_of_a_jpeg_with_several_pictures_the_first_is_taken() -> None:
    data = encoded(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32), BLACK)])
    assert quadrants(frame(data)) == COLOURS


def test_a_gif_frame_that_does_not_cover_the_canvas_is_shown_in_its_place() -> None:
    whole = encoded(Image.new("P", (16, 16), 0), "GIF")
    canvas = whole[:6] + struct.pack("<HH", 64, 16) + whole[10:]
    seen = frame(canvas, 64, 16)
    assert pixel(seen, 2, 2) == BLACK


# Which way up


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, ("red", "green", "blue", "yellow")),
        (2, ("green", "red", "yellow", "blue")),
        (3, ("yellow", "blue", "green", "red")),
        (4, ("blue", "yellow", "red", "green")),
        (5, ("red", "blue", "green", "yellow")),
        (6, ("blue", "red", "yellow", "green")),
        (7, ("yellow", "green", "blue", "red")),
        (8, ("green", "yellow", "red", "blue")),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_pictures_are_turned_as_their_exif_says(
    value: int, expected: tuple[str, ...], file_format: str, fit: Fit
) -> None:
    tag = Image.Exif()
    tag[0x0112] = value
    options = {"quality": 95} if file_format == "JPEG" else LOSSLESS_WEBP
    data = encoded(corners(), file_format, exif=tag, **options)
    seen = frame(data, 32, 32, fit="stretch" if fit == "pad" else fit)
    assert quadrants(seen) == expected


@pytest.mark.parametrize("value", range(1, 9))
def test_a_turned_picture_is_padded_in_its_upright_shape(value: int) -> None:
    tag = Image.Exif()
    tag[0x0112] = value
    seen = frame(encoded(corners(64, 32), "PNG", exif=tag), 40, 40, fit="pad")
    lies = value < 5
    assert (pixel(seen, 20, 1) == GREY) is lies
    assert (pixel(seen, 1, 20) == GREY) is not lies


def test_turning_agrees_with_pillow() -> None:
    from PIL import ImageOps

    for value in range(1, 9):
        tag = Image.Exif()
        tag[0x0112] = value
        data = encoded(noise(24, 16), "PNG", exif=tag)
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        assert frame(data, *expected.size).pixels == expected.tobytes()


XMP = '<x:xmpmeta><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {}/></x:xmpmeta>'


def turned_elsewhere(value: int) -> dict[str, bytes]:
    """Pictures whose orientation does not stand in EXIF's own place."""
    attribute = XMP.format(f'tiff:Orientation="{value}"').encode()
    element = XMP.replace("/></x", "><tiff:Orientation>{}</tiff:Orientation></rdf:Description></x").format("", value)
    profile = raw_profile(b"Exif\0\0" + exif(value))
    rows = encoded(corners(), "PNG")
    head, rest = bare_jpeg(corners())

    def png(kind: bytes, body: bytes) -> bytes:
        return rows[:33] + chunk(kind, body) + rows[33:]

    return {
        "ImageMagick's PNG": png(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile)),
        "the same, not compressed": png(b"tEXt", b"Raw profile type exif\0" + profile),
        "the same, as APP1": png(b"tEXt", b"Raw profile type APP1\0" + profile.replace(b"exif", b"APP1")),
        "XMP in a PNG": png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + attribute),
        "XMP in a PNG, compressed": png(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0x\0" + zlib.compress(element.encode())),
        "XMP in a JPEG": head + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + attribute) + rest,
        "XMP in a WebP": encoded(corners(), "WEBP", xmp=element.encode(), **LOSSLESS_WEBP),
    }


@pytest.mark.parametrize("name", turned_elsewhere(1))
def test_an_orientation_that_stands_elsewhere_counts_as_it_does_for_pillow(name: str) -> None:
    for value, expected in ((6, ("blue", "red", "yellow", "green")), (3, ("yellow", "blue", "green", "red"))):
        assert quadrants(frame(turned_elsewhere(value)[name], 32, 32)) == expected


def test_exif_goes_before_xmp() -> None:
    head, rest = bare_jpeg(corners())
    xmp = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.format('tiff:Orientation="3"').encode())
    tag = jpeg_segment(0xE1, b"Exif\0\0" + exif(6))
    assert quadrants(frame(head + xmp + tag + rest, 32, 32)) == ("blue", "red", "yellow", "green")


def test_damaged_exif_does_not_cost_the_picture() -> None:
    head, rest = bare_jpeg(corners())
    for data in (b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"\xff" * 60_000):
        assert quadrants(frame(head + jpeg_segment(0xE1, b"Exif\0\0" + data) + rest)) == COLOURS


# What is transparent


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 127))
    for file_format in ("PNG", "WEBP"):
        assert pixel(frame(encoded(clear, file_format, **LOSSLESS_WEBP), 4, 4), 1, 1) == WHITE
        assert is_near(pixel(frame(encoded(half, file_format, **LOSSLESS_WEBP), 4, 4), 1, 1), (128, 128, 128), 1)


def test_grey_with_alpha_is_put_on_white() -> None:
    seen = frame(encoded(Image.new("LA", (8, 8), (0, 51)), "PNG"), 4, 4)
    assert pixel(seen, 1, 1) == (204, 204, 204)


@pytest.mark.parametrize("header_bytes", [108, 124])
def test_an_alpha_channel_of_a_bmp_that_nobody_has_filled_is_none(header_bytes: int) -> None:
    """The Windows clipboard and screenshot tools write 0 for all pixels, and every viewer shows the picture."""
    assert quadrants(frame(bmp_of_32_bits(corners(), 0, header_bytes))) == ("red", "green", "blue", "yellow")
    assert quadrants(frame(bmp_of_32_bits(corners(), 255, header_bytes))) == ("red", "green", "blue", "yellow")


def test_an_alpha_channel_of_a_bmp_that_somebody_has_filled_counts() -> None:
    data = bytearray(bmp_of_32_bits(corners(), 0, 124))
    data[-1] = 255
    assert pixel(frame(bytes(data)), 0, -1) == WHITE


def bmp_of_32_bits(picture: Image.Image, alpha: int, header_bytes: int) -> bytes:
    """A BMP with a V4 or V5 header, whose masks name a channel for alpha."""
    picture = picture.copy()
    picture.putalpha(alpha)
    pixels = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    start = 14 + header_bytes
    size = struct.pack("<LllHHLLLLLL", header_bytes, *picture.size, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    masks = struct.pack("<LLLL", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = b"BM" + struct.pack("<LLL", start + len(pixels), 0, start)
    return head + (size + masks).ljust(header_bytes, b"\0") + pixels


def test_colour_hidden_under_transparency_does_not_bleed_into_edges() -> None:
    picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (32, 0, 64, 64))
    seen = frame(encoded(picture, "PNG"), 15, 15)
    assert all(green >= red - 1 for red, green, _ in (pixel(seen, x, 7) for x in range(15)))


@pytest.mark.parametrize(
    ("depth", "colour", "rows", "transparent", "extra", "expected"),
    [
        (1, 0, [b"\x40"], struct.pack(">H", 1), b"", (BLACK, WHITE)),
        (1, 0, [b"\x40"], struct.pack(">H", 0), b"", (WHITE, WHITE)),
        (2, 0, [b"\x50"], struct.pack(">H", 1), b"", (WHITE, WHITE)),
        (4, 0, [b"\x57"], struct.pack(">H", 5), b"", (WHITE, (119, 119, 119))),
        (8, 0, [b"\x05\x06"], struct.pack(">H", 5), b"", (WHITE, (6, 6, 6))),
        (16, 0, [struct.pack(">2H", 257, 2 * 257)], struct.pack(">H", 257), b"", (WHITE, (2, 2, 2))),
        (8, 2, [bytes((1, 2, 3, 4, 5, 6))], struct.pack(">3H", 1, 2, 3), b"", (WHITE, (4, 5, 6))),
        (16, 2, [struct.pack(">6H", 1, 2, 3, 65408, 0, 0)], struct.pack(">3H", 65408, 0, 0), b"", (BLACK, WHITE)),
        (8, 3, [b"\0\1"], b"\0", chunk(b"PLTE", bytes((1, 2, 3, 4, 5, 6))), (WHITE, (4, 5, 6))),
        (8, 3, [b"\0\1"], b"\xff\0", chunk(b"PLTE", bytes((1, 2, 3, 4, 5, 6))), ((1, 2, 3), WHITE)),
        (8, 0, [b"\x05\x06"], b"\0", b"", ((5, 5, 5), (6, 6, 6))),
    ],
)
def test_the_transparent_colour_of_every_kind_of_png_is_white(
    depth: int, colour: int, rows: list[bytes], transparent: bytes, extra: bytes, expected: tuple[Pixel, Pixel]
) -> None:
    data = raw_png(2, 1, depth=depth, colour=colour, rows=rows, extra=extra + chunk(b"tRNS", transparent))
    if len(transparent) == 1 and colour == 0:  # too short to mean anything
        assert refusal(data, width_px=2, height_px=1).fault == ImageFault.UNREADABLE
        return
    seen = frame(data, 2, 1)
    assert (pixel(seen, 0, 0), pixel(seen, 1, 0)) == expected


def test_the_transparent_colour_of_a_gif_is_white() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 255, 255, 0, 0])
    picture.paste(0, (4, 0, 8, 8))
    seen = frame(encoded(picture, "GIF", transparency=1), 8, 8)
    assert (pixel(seen, 0, 0), pixel(seen, -1, 0)) == (WHITE, BLUE)


# Into the shape


def test_padding_is_neutral_grey_on_both_sides() -> None:
    wide = frame(encoded(Image.new("RGB", (100, 50), RED), "PNG"), 100, 100, fit="pad")
    rows = [pixel(wide, 50, y) for y in range(100)]
    assert rows == [GREY] * 25 + [RED] * 50 + [GREY] * 25
    high = frame(encoded(Image.new("RGB", (50, 100), RED), "PNG"), 100, 100, fit="pad")
    assert [pixel(high, x, 50) for x in range(100)] == [GREY] * 25 + [RED] * 50 + [GREY] * 25


def test_stretching_leaves_no_bars_and_cuts_nothing() -> None:
    assert quadrants(frame(encoded(corners(90, 30), "PNG"), 40, 80, fit="stretch")) == COLOURS


def test_cropping_takes_the_centre() -> None:
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(GREEN, (100, 0, 200, 100))
    seen = frame(encoded(picture, "PNG"), 50, 50, fit="crop")
    assert all(is_near(pixel(seen, x, 25), GREEN) for x in range(2, 48))
    drafted = frame(encoded(picture.resize((3000, 1000)), "JPEG", quality=95), 50, 50, fit="crop")
    assert all(is_near(pixel(drafted, x, 25), GREEN) for x in range(2, 48))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_a_single_pixel_is_a_picture(file_format: str, fit: Fit) -> None:
    seen = frame(encoded(Image.new("L", (1, 1), 77), file_format), 336, 336, fit=fit)
    assert is_near(pixel(seen, 168, 168), (77, 77, 77))


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (8_000_000, 1), (1, 8_000_000)])
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_a_line_is_a_picture(size: tuple[int, int], fit: Fit) -> None:
    seen = frame(encoded(Image.new("L", size, 77), "PNG"), 336, 336, fit=fit)
    assert (77, 77, 77) in {pixel(seen, 168, 167), pixel(seen, 167, 168)}


def test_a_picture_that_fits_already_is_left_as_it_is() -> None:
    picture = noise(64, 32)
    assert frame(encoded(picture, "PNG")).pixels == picture.tobytes()


@pytest.mark.parametrize("photo", ["launch-pad.jpg", "coffee-cup.jpg"])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_photos_come_out_as_lanczos_over_all_their_pixels(photo: str, file_format: str) -> None:
    picture = Image.open(PHOTOS / photo).convert("RGB").resize((2400, 1600), Image.Resampling.LANCZOS)
    assert likeness_db(picture, file_format) > 48


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_small_print_comes_out_as_lanczos_over_all_its_pixels(file_format: str) -> None:
    page = Image.new("RGB", (2400, 1600), WHITE)
    draw = ImageDraw.Draw(page)
    for line in range(20, 1600, 60):
        draw.text((20, line), "Sphinx of black quartz, judge my vow. 0123456789 " * 3, fill=BLACK, font_size=40)
    assert likeness_db(page, file_format) > 44


def likeness_db(picture: Image.Image, file_format: str) -> float:
    """How near the frame is to the plain way, as a peak signal to noise ratio."""
    picture.info.clear()  # no colour profile: this is about scaling
    data = encoded(picture, file_format, quality=92)
    plain = Image.open(io.BytesIO(data)).convert("RGB").resize((336, 224), Image.Resampling.LANCZOS)
    ours = Image.frombytes("RGB", (336, 224), frame(data, 336, 224).pixels)
    squares = ImageStat.Stat(ImageChops.difference(ours, plain)).rms
    return 10 * math.log10(255**2 / max(sum(value**2 for value in squares) / 3, 1e-9))


# What is refused


def test_pixels_are_counted_before_any_is_decoded() -> None:
    header = struct.pack(">LLBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = png_signature() + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND")
    refused = refusal(bomb)
    assert refused.fault == ImageFault.TOO_LARGE
    assert refused.reason == (
        "is 100000 x 100000 pixels, which is more than the 8 megapixels that are taken of this format here. "
        "Scale it down before you send it."
    )


MEGAPIXELS = 128 * 128 / (1 << 20)


@pytest.mark.parametrize(
    ("file_format", "rows"), [("JPEG", 208), ("PNG", 128), ("WEBP", 128), ("GIF", 128), ("BMP", 128)]
)
def test_one_row_over_the_limit_is_too_many(file_format: str, rows: int) -> None:
    refused = refusal(encoded(Image.new("L", (128, rows + 1)), file_format), max_megapixels=MEGAPIXELS)
    assert refused.fault == ImageFault.TOO_LARGE
    assert f"128 x {rows + 1} pixels" in refused.reason
    frame(encoded(Image.new("L", (128, rows)), file_format), max_megapixels=MEGAPIXELS)


@pytest.mark.parametrize("size", [(3840, 2160), (3280, 2464), (3264, 2448)], ids=str)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_whatever_is_sold_as_4k_or_8_megapixels_is_taken(size: tuple[int, int], file_format: str) -> None:
    frame(encoded(Image.new("L", size), file_format))


@pytest.mark.parametrize("size", [(4608, 2592), (4032, 3024), (4056, 3040), (4160, 3120), (4208, 3120)], ids=str)
def test_jpegs_of_phones_and_of_the_pis_own_cameras_are_taken(size: tuple[int, int]) -> None:
    frame(encoded(Image.new("L", size), "JPEG"))
    refused = refusal(encoded(Image.new("L", size), "PNG"))
    assert "more than the 8 megapixels that are taken of this format here. Send it as JPEG" in refused.reason


def test_a_jpeg_of_more_pixels_than_that_is_told_how_many_it_may_have() -> None:
    refused = refusal(encoded(Image.new("L", (4608, 3456)), "JPEG"))
    assert "4608 x 3456 pixels, which is more than the 13 megapixels that are taken of a JPEG here" in refused.reason


@pytest.mark.parametrize(("rows", "is_halved"), [(128, False), (136, True)])
def test_a_jpeg_of_more_pixels_than_other_formats_is_decoded_at_half_its_size(rows: int, is_halved: bool) -> None:
    """However much detail a request asks for: that bounds its memory."""
    stripes = Image.new("L", (128, rows), 255)
    stripes.paste(0, mask=Image.frombytes("L", (128, rows), bytes((255, 0)) * (64 * rows)))
    seen = frame(encoded(stripes, "JPEG", quality=95), 128, rows, max_megapixels=MEGAPIXELS)
    assert is_near(pixel(seen, 64, 64), (128, 128, 128), 30) is is_halved


@pytest.mark.parametrize("size", [(65_535, 65_535), (16_000, 8_000)])
def test_the_frame_of_a_gif_counts_and_not_only_its_canvas(size: tuple[int, int]) -> None:
    whole = encoded(Image.new("P", (16, 16), 3), "GIF")
    start = whole.index(b"\x2c\0\0\0\0\x10\0\x10\0")
    data = whole[: start + 5] + struct.pack("<HH", *size) + whole[start + 9 :]
    assert refusal(data).fault == ImageFault.TOO_LARGE


def test_a_webp_canvas_is_checked_before_memory_is_taken_for_it() -> None:
    small = encoded(Image.new("RGBA", (16, 16), (1, 2, 3, 4)), "WEBP", quality=80)
    assert small[12:16] == b"VP8X"
    data = small[:24] + (16_383).to_bytes(3, "little") * 2 + small[30:]
    assert "16384 x 16384" in refusal(data).reason


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    for data in (
        raw_png(*size, depth=8, colour=0, rows=[b""]),
        bmp(*size, compression=0, body=b""),
        b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0) + b"\x2c" + bytes(9) + b"\2\0\x3b",
    ):
        assert refusal(data).fault in (ImageFault.UNREADABLE, ImageFault.TOO_SMALL)


WHOLE = {file_format: encoded(noise(80, 60), file_format) for file_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP")}


@pytest.mark.parametrize("file_format", WHOLE)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_truncated_files_are_refused(file_format: str, share: float) -> None:
    data = WHOLE[file_format]
    refused = refusal(data[: int(len(data) * share)])
    assert refused.fault == ImageFault.UNREADABLE
    assert refused.reason.startswith("is a damaged or incomplete ")


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 2, "restart_marker_blocks": 4}], ids=str
)
@pytest.mark.parametrize("size", [(64, 32), (641, 479)])
@pytest.mark.parametrize("missing_bytes", [1, 2])
def test_a_jpeg_without_its_end_is_taken_if_all_of_its_rows_are_there(
    options: dict[str, Any], size: tuple[int, int], missing_bytes: int
) -> None:
    whole = encoded(corners(*size), "JPEG", quality=90, **options)
    assert whole.endswith(b"\xff\xd9")
    assert frame(whole[:-missing_bytes]) == frame(whole)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}], ids=str)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.97])
def test_a_jpeg_that_lacks_rows_is_refused(options: dict[str, Any], share: float) -> None:
    whole = encoded(noise(640, 480), "JPEG", quality=90, **options)
    assert "incomplete JPEG" in refusal(whole[: int(len(whole) * share)]).reason


def test_metadata_bombs_do_not_go_off() -> None:
    """200 MB of zeros, in chunks that are inflated by whoever looks at them."""
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000))
    profile = b"icc\0\0" + zlib.compress(bytes(50_000_000))
    data = raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4, extra=chunk(b"zTXt", text) + chunk(b"iCCP", profile))
    assert pixel(frame(data, 4, 4), 0, 0) == BLACK


def test_pixels_beyond_the_picture_are_not_inflated() -> None:
    data = raw_png(4, 4, depth=8, colour=2, rows=[bytes(12)] * 4 + [bytes(50_000_000)])
    assert pixel(frame(data, 4, 4), 0, 0) == BLACK


def test_small_run_length_coded_bmps_are_read() -> None:
    rows = (b"\x20\x00\x20\xff\0\0") * 32 + b"\0\1"
    seen = frame(bmp(64, 32, compression=1, body=rows))
    assert (pixel(seen, 0, 0), pixel(seen, -1, 0)) == (BLUE, RED)


@given(st.binary(max_size=400))
def test_any_bytes_make_a_frame_or_a_refusal(data: bytes) -> None:
    for head in (b"", b"\xff\xd8\xff", png_signature(), b"GIF89a", b"RIFF\0\0\0\0WEBP", b"BM"):
        is_frame_or_refusal(head + data)


@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.data())
def test_damaged_files_make_a_frame_or_a_refusal(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from(CORPUS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file)))
        match data.draw(st.sampled_from(["set", "cut", "insert", "repeat"])):
            case "set":
                file[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del file[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                file[at:at] = data.draw(st.binary(max_size=12))
            case "repeat":
                file[at:at] = file[at : at + 64]
    is_frame_or_refusal(bytes(file))


def _corpus() -> list[bytes]:
    small = noise(24, 18)
    tag = Image.Exif()
    tag[0x0112] = 6
    return [
        encoded(small, "JPEG", exif=tag),
        encoded(small, "JPEG", progressive=True),
        encoded(small.convert("CMYK"), "JPEG"),
        encoded(small, "PNG", exif=tag),
        encoded(small.convert("P"), "PNG", transparency=3),
        encoded(small.convert("RGBA"), "PNG"),
        raw_png(4, 2, depth=16, colour=0, rows=[bytes(8)] * 2, extra=chunk(b"tRNS", b"\0\0")),
        encoded(small, "WEBP", exif=tag),
        encoded(small.convert("RGBA"), "WEBP", lossless=True),
        encoded(small, "WEBP", save_all=True, append_images=[small.rotate(180)]),
        encoded(small, "GIF", save_all=True, append_images=[small.rotate(180)], transparency=1),
        encoded(small, "BMP"),
        encoded(small, "TIFF"),
        encoded(small, "TIFF", compression="tiff_lzw", icc_profile=SRGB),
        encoded(small, "PNG", icc_profile=SRGB),
        encoded(small.convert("P"), "BMP"),
        bmp(8, 4, compression=1, body=b"\x08\x05\0\0" * 4 + b"\0\1"),
        bmp(8, 4, compression=2, body=b"\x08\x05\0\0" * 4 + b"\0\1"),
        png_signature() + exif(3),
    ]


CORPUS = _corpus()


def is_frame_or_refusal(data: bytes) -> None:
    outcome = frame_or_refusal(data)
    if isinstance(outcome, BadImage):
        assert "0x" not in outcome.reason
        assert "<" not in outcome.reason
    else:
        assert len(outcome.pixels) == 16 * 16 * 3


def frame_or_refusal(data: bytes) -> Frame | BadImage:
    try:
        return frame(data, 16, 16, fit="pad", max_megapixels=0.5, formats=(*Images().formats, "tiff"))
    except BadImage as refused:
        return refused
