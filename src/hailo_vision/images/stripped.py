"""What is left of a file for its decoder, and the errors for files of which nothing is left."""

from dataclasses import dataclass

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A file without what the decoder has no use for, and the EXIF data, XMP and colour profile that were in it.

    `variant` is the same file with other bits behind its last ones, where it has no end of its own: a picture that has
    all of its rows looks the same in both.
    """

    data: bytes
    exif: bytes = b""
    xmp: bytes = b""
    profile: bytes = b""
    size: tuple[int, int] | None = None  # where the decoder would allocate before it can be asked
    variant: bytes | None = None


def broken(image_format: Format) -> BadImage:
    reason = f"is a damaged or incomplete {image_format} file. Save it again and send the whole of it."
    return BadImage(ImageFault.UNREADABLE, reason)


def strange(image_format: Format, what: str) -> BadImage:
    reason = f"is a {image_format} file of an unusual make ({what}). Save it again in another program."
    return BadImage(ImageFault.UNREADABLE, reason)
