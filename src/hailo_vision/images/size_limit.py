"""How many pixels a picture may have: as many as fit into the memory that its decoder is meant to have. Pure."""

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import Format

# As a megabyte of memory is counted: so the 3840 x 2160 of 4K and the 3280 x 2464 of a camera "of 8 megapixels" are 8.
PIXELS_PER_MEGAPIXEL = 1 << 20
# A JPEG may be this much larger, 13 megapixels where the setting is 8: it is then decoded at half its size or less, and
# takes no more memory than the largest of the others (docs/pictures.md has the figures).
_JPEG_FACTOR = 13 / 8
_MAX_PIXELS = 89_000_000  # above, Pillow prints warnings


def max_pixels(max_megapixels: float) -> int:
    """The pixels of a picture that is decoded at its full size."""
    return min(int(max_megapixels * PIXELS_PER_MEGAPIXEL), _MAX_PIXELS)


def check_size(image_format: Format, size: tuple[int, int], max_megapixels: float) -> None:
    """Raises BadImage for a picture of no pixels, or of too many for its format."""
    width, height = size
    if width < 1 or height < 1:
        raise BadImage(ImageFault.TOO_SMALL, f"is {width} x {height} pixels, which is an empty picture.")
    limit = max_pixels(max_megapixels)
    if width * height <= (limit * _JPEG_FACTOR if image_format is Format.JPEG else limit):
        return
    fits_as_jpeg = width * height <= limit * _JPEG_FACTOR
    raise too_large(
        image_format, f"is {width} x {height} pixels, which is more", max_megapixels, fits_as_jpeg=fits_as_jpeg
    )


def too_large(image_format: Format, what: str, max_megapixels: float, *, fits_as_jpeg: bool = False) -> BadImage:
    megapixels = max_megapixels * (_JPEG_FACTOR if image_format is Format.JPEG else 1)
    kind = "a JPEG" if image_format is Format.JPEG else "this format"
    advice = "Send it as JPEG, or scale it down first." if fits_as_jpeg else "Scale it down before you send it."
    return BadImage(
        ImageFault.TOO_LARGE, f"{what} than the {megapixels:g} megapixels that are taken of {kind} here. {advice}"
    )
