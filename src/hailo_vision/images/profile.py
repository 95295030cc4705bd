"""ICC colour profiles: a picture's colours are converted to sRGB, for which models are trained.

A profile that is damaged, for other colours than the picture has, or larger than any camera's is ignored, as browsers
do. A picture without one is taken for sRGB.
"""

import io
import zlib

from PIL import Image, ImageCms

MAX_BYTES = 2_000_000  # printers' CMYK profiles have 0.5 to 1.5 MB

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def inflated(chunk: bytes) -> bytes:
    """The profile in the body of a PNG's iCCP chunk; empty where it is damaged or too large."""
    name, _, rest = chunk[:100].partition(b"\0")
    if rest[:1] != b"\0":
        return b""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(chunk[len(name) + 2 :], MAX_BYTES)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert a picture in RGB, L or CMYK to RGB in sRGB."""
    if 128 < len(profile) <= MAX_BYTES and profile[16:20].decode("latin-1").strip() == _SPACES[picture.mode]:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return picture.convert("RGB")
        if converted is not None:
            return converted
    return picture.convert("RGB")
