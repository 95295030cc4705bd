"""Pillow's decoder class for each format.

Image.open is not used: it imports all of Pillow's decoders to find WebP's, takes the largest size from a global and
prints warnings about larger pictures. Only stills are read: no MPO, no APNG. A decoder that is off by default is
imported at its first picture, as it may not be installed: AVIF came with Pillow 11.3, and only pillow-heif reads HEIC.
"""

import importlib
import io
from collections.abc import Callable

from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from hailo_vision.images.formats import Format, unreadable

Decoder = Callable[[io.BytesIO], ImageFile.ImageFile]

_ALWAYS: dict[Format, Decoder] = {
    Format.JPEG: JpegImageFile,
    Format.PNG: PngImageFile,
    Format.WEBP: WebPImageFile,
    Format.GIF: GifImageFile,
    Format.BMP: BmpImageFile,
}
_WHERE_INSTALLED = {
    Format.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    Format.AVIF: ("PIL.AvifImagePlugin", "AvifImageFile"),
    Format.HEIC: ("pillow_heif.as_plugin", "HeifImageFile"),
}


def decoder(image_format: Format) -> Decoder:
    """The decoder of a format. Raises BadImage where the operator has listed a format that no library here reads."""
    if image_format in _ALWAYS:
        return _ALWAYS[image_format]
    module_name, class_name = _WHERE_INSTALLED[image_format]
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        raise unreadable(image_format) from None
    if not getattr(module, "SUPPORTED", True):  # Pillow's AVIF without libavif
        raise unreadable(image_format)
    decoder_class: Decoder = getattr(module, class_name)
    return decoder_class
