"""What kind of file some bytes are, told by how they begin and never by what somebody says they are."""

from enum import StrEnum

from hailo_vision.images.bad_image import BadImage


class Format(StrEnum):
    """The formats that are read. A new one needs its line here, in `sniff` and in decode.py, and a look at strip.py."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    GIF = "GIF"
    BMP = "BMP"


_SIGNATURES = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
)
# Known so that the answer can name them.
_OTHER_IMAGES = (
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"8BPS", "a Photoshop"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\1\0", "an icon"),
)
_HEIF_BRANDS = {
    b"avif": "an AVIF",
    b"avis": "an AVIF",
    b"heic": "a HEIC",
    b"heix": "a HEIC",
    b"hevc": "a HEIC",
    b"heim": "a HEIC",
    b"heis": "a HEIC",
    b"mif1": "a HEIC",
    b"msf1": "a HEIC",
}
_TEXT_SEEN_BYTES = 1024
_SEND_ONE_OF = "Send JPEG, PNG, WebP, GIF or BMP."


def sniff(data: bytes) -> Format:
    """The format of a picture. Raises BadImage for everything else, by its name where it has a known one."""
    for signature, image_format in _SIGNATURES:
        if data.startswith(signature):
            return image_format
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Format.WEBP
    if not data:
        raise BadImage("empty_image_file", "is an empty file.")
    if name := _other_image(data):
        raise BadImage("unsupported_image_media_type", f"is {name} file, which is not read here. {_SEND_ONE_OF}")
    if data[:_TEXT_SEEN_BYTES].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise BadImage("invalid_image", "is a web page and no image. Name the address of the picture itself.")
    raise BadImage("invalid_image", f"is no image in a known format. {_SEND_ONE_OF}")


def _other_image(data: bytes) -> str | None:
    for signature, name in _OTHER_IMAGES:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return _HEIF_BRANDS.get(data[8:12], "a video or HEIF")
    text = data[:_TEXT_SEEN_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text):
        return "an SVG"
    return None
