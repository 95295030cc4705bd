"""Colours as they were meant."""

import io
import zlib

import pytest
from PIL import Image, ImageCms

from hailo_vision.images.profile import MAX_BYTES, in_srgb, inflated
from images.drawn import PHOTOS, Pixel, chunk, encoded, frame, is_near, pixel
from images.icc import GREY_INKS, LINEAR_GREY


def _profile_of(photo: str) -> bytes:
    with Image.open(PHOTOS / photo) as picture:
        return bytes(picture.info["icc_profile"])


# The photo's own: Adobe RGB (1998), whose green is greener than sRGB's.
ADOBE_RGB: bytes = _profile_of("launch-pad.jpg")
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
STORED: Pixel = (120, 160, 90)
MEANT: Pixel = (99, 161, 85)  # by Adobe's and sRGB's published curves and primaries


def swatch(mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (16, 16), STORED).convert(mode)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_colours_are_turned_into_srgb(file_format: str) -> None:
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}, "PNG": {}}[file_format]
    seen = frame(encoded(swatch(), file_format, icc_profile=ADOBE_RGB, **options), 8, 8)
    assert is_near(pixel(seen, 4, 4), MEANT, 3)
    plain = frame(encoded(swatch(), file_format, **options), 8, 8)
    assert is_near(pixel(plain, 4, 4), STORED, 2)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_what_is_transparent_or_has_a_palette_has_a_profile_too(mode: str) -> None:
    seen = frame(encoded(swatch(mode), "PNG", icc_profile=ADOBE_RGB), 8, 8)
    assert is_near(pixel(seen, 4, 4), MEANT, 4)


def test_the_white_behind_a_picture_is_not_the_pictures() -> None:
    seen = frame(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG", icc_profile=ADOBE_RGB), 8, 8)
    assert pixel(seen, 4, 4) == (255, 255, 255)


def test_a_photo_with_a_profile_looks_as_a_viewer_shows_it() -> None:
    with Image.open(PHOTOS / "launch-pad.jpg") as opened:
        picture = opened.convert("RGB")
    source = ImageCms.getOpenProfile(io.BytesIO(ADOBE_RGB))
    shown = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None
    assert in_srgb(picture, ADOBE_RGB).tobytes() == shown.tobytes() != picture.tobytes()


@pytest.mark.parametrize(
    "profile",
    [b"", b"\0" * 500, ADOBE_RGB[:200], ADOBE_RGB[:128] + b"\xff" * 400, LAB, bytes(16) + b"RGB " + bytes(500)],
)
def test_a_profile_that_is_damaged_or_of_other_colours_is_ignored(profile: bytes) -> None:
    assert in_srgb(swatch(), profile).getpixel((0, 0)) == STORED
    head, tail = encoded(swatch(), "PNG")[:33], encoded(swatch(), "PNG")[33:]
    data = head + chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)) + tail
    assert pixel(frame(data, 4, 4), 1, 1) == STORED


def test_a_grey_or_cmyk_picture_with_a_profile_of_another_kind_keeps_its_colours() -> None:
    for mode in ("L", "CMYK"):
        assert in_srgb(swatch(mode), ADOBE_RGB).tobytes() == swatch(mode).convert("RGB").tobytes()


def test_a_grey_picture_has_a_profile_of_greys() -> None:
    """Half the light is 188 in sRGB's curve: 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)."""
    grey = Image.new("L", (16, 16), 128)
    for file_format, options in (("JPEG", {"quality": 100}), ("PNG", {})):
        seen = frame(encoded(grey, file_format, icc_profile=LINEAR_GREY, **options), 8, 8)
        assert is_near(pixel(seen, 4, 4), (188, 188, 188), 3)


def test_a_cmyk_jpeg_has_a_profile_of_inks() -> None:
    """Cyan ink is what the profile says, the grey of L* 50, which is 119 in sRGB, and not cyan."""
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    seen = frame(encoded(cyan, "JPEG", quality=100, icc_profile=GREY_INKS), 8, 8)
    assert is_near(pixel(seen, 4, 4), (119, 119, 119), 4)
    plain = frame(encoded(cyan, "JPEG", quality=100), 8, 8)
    assert not is_near(pixel(plain, 4, 4), (119, 119, 119), 60)


def test_a_profile_larger_than_any_is_ignored() -> None:
    assert in_srgb(swatch(), ADOBE_RGB + bytes(MAX_BYTES)).getpixel((0, 0)) == STORED


def test_an_inflated_profile_is_whole_or_nothing() -> None:
    packed = zlib.compress(ADOBE_RGB)
    assert inflated(b"name\0\0" + packed) == ADOBE_RGB
    for chunk_body in (
        b"",
        b"name",
        b"name\0",
        b"name\0\1" + packed,
        b"name\0\0" + packed[:-9],
        b"name\0\0" + b"x" * 99,
    ):
        assert inflated(chunk_body) == b""
    assert inflated(b"name\0\0" + zlib.compress(bytes(MAX_BYTES + 1))) == b""
