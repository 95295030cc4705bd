"""Files are known by how they begin."""

import pytest

from hailo_vision.config.settings import Images
from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import Format, sniff
from images.drawn import corners, encoded

DEFAULT = Images().formats


@pytest.mark.parametrize("image_format", [Format.JPEG, Format.PNG, Format.WEBP, Format.GIF, Format.BMP])
def test_the_five_formats_are_known(image_format: Format) -> None:
    assert sniff(encoded(corners(), image_format), DEFAULT) is image_format


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (encoded(corners(), "TIFF"), "a TIFF file"),
        (b"MM\0*" + bytes(100), "a TIFF file"),
        (encoded(corners(), "EPS"), "a PostScript file"),
        (b"\xc5\xd0\xd3\xc6" + bytes(100), "a PostScript file"),
        (encoded(corners(), "PDF"), "a PDF file"),
        (encoded(corners(), "ICO"), "an icon file"),
        (b"8BPS\0\1" + bytes(100), "a Photoshop file"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC file"),
        (b"\0\0\0\x18ftypmif1" + bytes(100), "a HEIC file"),
        (b"\0\0\0\x18ftypavif" + bytes(100), "an AVIF file"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "a video or HEIF file"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "a JPEG 2000 file"),
        (b"\xff\x0a" + bytes(100), "a JPEG XL file"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG file"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!DOCTYPE svg><SVG/>', "an SVG file"),
    ],
)
def test_other_images_are_refused_by_name(data: bytes, name: str) -> None:
    with pytest.raises(BadImage) as caught:
        sniff(data, DEFAULT)
    assert caught.value.fault == ImageFault.UNSUPPORTED_FORMAT
    assert caught.value.reason == f"is {name}, which is not read here. Send JPEG, PNG, WebP, GIF or BMP."


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", ImageFault.EMPTY),
        (b"hello", ImageFault.NO_IMAGE),
        (b"  <!DOCTYPE html><html>", ImageFault.NO_IMAGE),
        (b"<html>", ImageFault.NO_IMAGE),
        (b'{"error": "not found"}', ImageFault.NO_IMAGE),
        (b"RIFF\0\0\0\0WAVEfmt ", ImageFault.NO_IMAGE),
        (b"\x1f\x8b\x08" + bytes(50), ImageFault.NO_IMAGE),
        (bytes(1000), ImageFault.NO_IMAGE),
        (b"\xff\xd8", ImageFault.NO_IMAGE),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, fault: ImageFault) -> None:
    with pytest.raises(BadImage) as caught:
        sniff(data, DEFAULT)
    assert caught.value.fault is fault
