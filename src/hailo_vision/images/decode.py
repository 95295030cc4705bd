"""The bytes of a picture become a frame. The only module that uses Pillow; everything in it is synchronous."""

import io
import math
import struct
from collections.abc import Callable

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from hailo_vision.chat import Frame
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.fit import Scaling, Shape, scaling
from hailo_vision.images.formats import Format, sniff
from hailo_vision.images.orientation import orientation
from hailo_vision.images.strip import Stripped, broken, strip

# The decoders by name and not through Image.open: that one imports all of Pillow's decoders to find WebP's, asks a
# global for the largest picture and prints warnings about larger ones. Stills only: no MPO, no APNG.
_DECODERS: dict[Format, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    Format.JPEG: JpegImageFile,
    Format.PNG: PngImageFile,
    Format.WEBP: WebPImageFile,
    Format.GIF: GifImageFile,
    Format.BMP: BmpImageFile,
}
# What Pillow 11.1 to 13 can raise for broken files. OSError, SyntaxError and ValueError are what 160,000 damaged files
# raised, the others are in its source; Warning is for those who run Python with -W error.
_DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
# How much larger than needed a picture still is when the fast and coarse part of its scaling ends. At 3 the result
# can't be told from LANCZOS over all pixels (50 dB for small print, 42 dB at 2) and a JPEG takes a third of the time.
# It also bounds LANCZOS' tables, which for a line of 8 million pixels would take 400 MB.
_GAP = 3.0
_GREY = (128, 128, 128)
_WHITE = (255, 255, 255)


def decode(data: bytes, *, shape: Shape, max_megapixels: float) -> Frame:
    """A JPEG, PNG, WebP, GIF or BMP as a frame of `shape`: upright, on white, RGB. Raises BadImage for all else."""
    image_format = sniff(data)
    stripped = strip(image_format, data)
    try:
        if stripped.size:
            _check_size(stripped.size, max_megapixels)
        picture = _DECODERS[image_format](io.BytesIO(stripped.data))
        _check_size(picture.size, max_megapixels)
        return _frame(picture, stripped, shape)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage("image_too_large", _too_large("has far more pixels", max_megapixels)) from None
    except MemoryError:
        raise BadImage("image_too_large", _too_large("needs more memory", max_megapixels)) from None
    except _DECODER_ERRORS:
        raise broken(image_format) from None


def _check_size(size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadImage("image_too_small", f"is {width} x {height} pixels: there is nothing to see.")
    if width * height > max_megapixels * 1_000_000:
        raise BadImage("image_too_large", _too_large(f"is {width} x {height} pixels, which is more", max_megapixels))


def _too_large(what: str, max_megapixels: float) -> str:
    return f"{what} than the {max_megapixels:g} megapixels that are taken here. Scale it down before you send it."


def _frame(picture: ImageFile.ImageFile, stripped: Stripped, shape: Shape) -> Frame:
    turn = orientation(stripped.exif or picture.info.get("exif", b""))
    lying = shape.on_its_side if turn in _ON_ITS_SIDE else shape
    plan = scaling(*picture.size, lying)
    box = _draft(picture, plan)
    # Scaled as it was stored, and only then brought to RGB and turned: that is work for few pixels instead of many.
    small = _expanded(picture).resize(plan.size, Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP)
    upright = _on_white(small)
    if turn in _TURNS:
        upright = upright.transpose(_TURNS[turn])
    pixels = _centred(upright, shape).tobytes()
    return Frame(width_px=shape.width_px, height_px=shape.height_px, pixels=pixels)


def _draft(picture: ImageFile.ImageFile, plan: Scaling) -> tuple[float, float, float, float]:
    """Lets a JPEG decode at 1/2, 1/4 or 1/8 where that is enough; the part to take, in the pixels that it then has."""
    left, top, right, bottom = plan.box
    needed = (
        math.ceil(plan.size[0] * picture.width / (right - left) * _GAP),
        math.ceil(plan.size[1] * picture.height / (bottom - top) * _GAP),
    )
    full = picture.width, picture.height
    drafted = picture.draft(None, needed)
    if drafted is None:
        return plan.box
    _, (_, _, width, height) = drafted
    across, down = width / full[0], height / full[1]
    return left * across, top * down, right * across, bottom * down


def _expanded(picture: ImageFile.ImageFile) -> Image.Image:
    """The picture in a mode that can be scaled: no palette, 8 bits a channel, colours multiplied by their opacity."""
    picture.load()
    flat = _from_16_bits(picture) if picture.mode.startswith("I") else picture
    if flat.has_transparency_data:
        # Pillow's resize would do the same, but 11.1 forgets reducing_gap on the way.
        return flat.convert("RGBA").convert("RGBa")
    return flat if flat.mode in ("L", "RGB", "CMYK") else flat.convert("RGB")


def _from_16_bits(picture: Image.Image) -> Image.Image:
    """Scaled by tables of our own: Pillow's conversion makes all above 255 white."""
    wide = picture.convert("I")
    grey = wide.point([(value * 255 + 32767) // 65535 for value in range(65536)], "L")
    transparent = picture.info.get("transparency")
    if not isinstance(transparent, int):
        return grey
    alpha = wide.point([0 if value == transparent else 255 for value in range(65536)], "L")
    return Image.merge("LA", (grey, alpha))


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB. This is the place where a colour profile would be turned into sRGB: on few pixels, before the white."""
    if picture.mode != "RGBa":
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    white = Image.new("RGB", clear.size, _WHITE)
    white.paste(clear, mask=clear)
    return white


def _centred(picture: Image.Image, shape: Shape) -> Image.Image:
    if picture.size == (shape.width_px, shape.height_px):
        return picture
    canvas = Image.new("RGB", (shape.width_px, shape.height_px), _GREY)
    canvas.paste(picture, ((shape.width_px - picture.width) // 2, (shape.height_px - picture.height) // 2))
    return canvas
