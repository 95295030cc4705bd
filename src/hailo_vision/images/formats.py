"""The format of a file, sniffed from its first bytes (magic numbers); the declared media type is ignored. Pure."""

from collections.abc import Collection
from enum import StrEnum

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage


class Format(StrEnum):
    """The formats that can be read. A new one needs a line here, below, in decoders.py and in the settings, and a case
    in strip.py.

    A format's name in the settings is that of its member in lower case. TIFF, HEIC and AVIF are off by default.
    """

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    GIF = "GIF"
    BMP = "BMP"
    TIFF = "TIFF"
    HEIC = "HEIC"
    AVIF = "AVIF"

    @property
    def setting(self) -> str:
        """Its word in `images.formats`."""
        return self.name.lower()


_SIGNATURES = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
)
# The error message can name these.
_OTHER_IMAGES = (
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\1\0", "icon"),
)
_HEIF_BRANDS = {
    b"avif": Format.AVIF,
    b"avis": Format.AVIF,
    b"heic": Format.HEIC,
    b"heix": Format.HEIC,
    b"hevc": Format.HEIC,
    b"heim": Format.HEIC,
    b"heis": Format.HEIC,
    b"mif1": Format.HEIC,
    b"msf1": Format.HEIC,
}
_MAX_TEXT_BYTES = 1024


def sniff(data: bytes, enabled: Collection[str]) -> Format:
    """The format of a picture, if `enabled` (the settings' words) has it. Raises BadImage, which names any other."""
    image_format = _by_signature(data)
    if image_format is not None and image_format.setting in enabled:
        return image_format
    if not data:
        raise BadImage(ImageFault.EMPTY, "is an empty file.")
    if name := image_format or _other_image(data):
        reason = f"is {_article(name)} {name} file, which is not read here. {_send_one_of(enabled)}"
        raise BadImage(ImageFault.UNSUPPORTED_FORMAT, reason)
    if data[:_MAX_TEXT_BYTES].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise BadImage(ImageFault.NO_IMAGE, "is a web page and no image. Name the address of the picture itself.")
    raise BadImage(ImageFault.NO_IMAGE, f"is no image in a known format. {_send_one_of(enabled)}")


def is_known(head: bytes, *, is_path: bool) -> bool:
    """Whether some bytes begin like a picture of a kind that has a name here.

    With `is_path` they may be a path that was decoded as base64: "/world" begins like a JPEG XL.
    """
    return _by_signature(head) is not None or (not is_path and _other_image(head) is not None)


def unreadable(image_format: Format) -> BadImage:
    """The error for a format that the operator has listed and no installed library decodes."""
    reason = (
        f"is {_article(image_format)} {image_format} file; this server is set to read those, but has no decoder for"
    )
    return BadImage(ImageFault.UNSUPPORTED_FORMAT, f"{reason} them. Send another format.")


def _by_signature(data: bytes) -> Format | None:
    for signature, image_format in _SIGNATURES:
        if data.startswith(signature):
            return image_format
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] != b"ftyp":
        return None
    if data[8:12] in (b"mif1", b"msf1") and b"avif" in data[16:64]:  # a container of either, and what is in it
        return Format.AVIF
    return _HEIF_BRANDS.get(data[8:12])


def _other_image(data: bytes) -> str | None:
    for signature, name in _OTHER_IMAGES:
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return "video or HEIF"
    text = data[:_MAX_TEXT_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text):
        return "SVG"
    return None


def _article(name: str) -> str:
    return "an" if name in ("AVIF", "SVG", "icon") else "a"


def _send_one_of(enabled: Collection[str]) -> str:
    names = [str(image_format) for image_format in Format if image_format.setting in enabled]
    if not names:
        return "This server reads no pictures at all."
    *most, last = names
    return f"Send {', '.join(most)} or {last}." if most else f"Send {last}."
