"""The bytes of a picture become a frame. The only module that uses Pillow; everything in it is synchronous."""

import io
import math
import struct
from collections.abc import Collection

from PIL import Image, ImageFile

from hailo_vision.chat import Frame
from hailo_vision.images.decoders import decoder
from hailo_vision.images.fit import Scaling, Shape, scaling
from hailo_vision.images.formats import sniff
from hailo_vision.images.orientation import orientation
from hailo_vision.images.profile import in_srgb
from hailo_vision.images.size_limit import check_size, max_pixels, too_large
from hailo_vision.images.strip import strip
from hailo_vision.images.stripped import Stripped, broken
from hailo_vision.images.tiles import DecodedPicture, Grid, grid

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
# can't be told from LANCZOS over all pixels. It also bounds LANCZOS' tables, which for a line of 8 million pixels would
# take 400 MB.
_GAP = 3.0
# The same for a JPEG's own scaling. At 2.4 one of 8 megapixels comes at a quarter, in half the time that it takes at
# 3, and is 40 dB (small print) to 52 dB (photos) near to LANCZOS over all pixels.
_DRAFT_GAP = 2.4
_GREY = (128, 128, 128)
_WHITE = (255, 255, 255)


def decode(
    data: bytes, *, shape: Shape, formats: Collection[str], max_megapixels: float, max_tiles: int = 0
) -> DecodedPicture:
    """Decode a picture into frames of `shape`: upright, on white, in sRGB. Raises BadImage where it can't be decoded.

    `formats` are the settings' words for what is read; `max_tiles` allows parts in more detail after the overview.
    """
    image_format = sniff(data, formats)
    open_picture = decoder(image_format)
    stripped = strip(image_format, data)
    try:
        if stripped.size:
            check_size(image_format, stripped.size, max_megapixels)
        picture = open_picture(io.BytesIO(stripped.data))
        size = picture.size  # a draft changes it
        check_size(image_format, size, max_megapixels)
        at_least_halved = size[0] * size[1] > max_pixels(max_megapixels)
        frames, parts = _frames(picture, stripped, shape, max_tiles, at_least_halved)
        if stripped.variant is not None:
            variant = open_picture(io.BytesIO(stripped.variant))
            if _frames(variant, stripped, shape, max_tiles, at_least_halved)[0] != frames:
                raise broken(image_format)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large(image_format, "has far more pixels", max_megapixels) from None
    except MemoryError:
        raise too_large(image_format, "needs more memory", max_megapixels) from None
    except _DECODER_ERRORS:
        raise broken(image_format) from None
    return DecodedPicture(frames=frames, grid=parts, format=image_format.setting, width_px=size[0], height_px=size[1])


def _frames(
    picture: ImageFile.ImageFile, stripped: Stripped, shape: Shape, max_tiles: int, at_least_halved: bool
) -> tuple[tuple[Frame, ...], Grid]:
    exif, xmp = (picture.info.get(name) or b"" for name in ("exif", "xmp"))  # pillow-heif says None for none
    is_webp = picture.format == "WEBP"  # HEIC and AVIF are turned by their decoders, whatever their XMP says
    turn = orientation(stripped.exif or exif, stripped.xmp or (xmp if is_webp else b""))
    is_on_its_side = turn in _ON_ITS_SIDE
    parts = grid(*_turned(picture.size, is_on_its_side), shape, max_tiles)
    shapes = [shape] if parts.tiles == 1 else [shape, _whole(shape, parts)]
    plans = [scaling(*picture.size, each.on_its_side if is_on_its_side else each) for each in shapes]
    across, down = _draft(picture, plans, at_least_halved)
    profile = stripped.profile or picture.info.get("icc_profile") or b""
    whole = _expanded(picture)
    # Scaled as it was stored, and only then brought to RGB and turned: that is work for few pixels instead of many.
    upright = [_upright(_scaled(whole, plan, across, down), profile, turn) for plan in plans]
    frames = [_centred(upright[0], shape)]
    if parts.tiles > 1:
        frames += [_centred(part, shape) for part in _cut(upright[1], parts)]
    return tuple(_frame(each) for each in frames), parts


def _turned(size: tuple[int, int], is_on_its_side: bool) -> tuple[int, int]:
    return (size[1], size[0]) if is_on_its_side else size


def _whole(shape: Shape, parts: Grid) -> Shape:
    return Shape(width_px=shape.width_px * parts.columns, height_px=shape.height_px * parts.rows, fit=shape.fit)


def _draft(picture: ImageFile.ImageFile, plans: list[Scaling], at_least_halved: bool) -> tuple[float, float]:
    """Let a JPEG decode at 1/2, 1/4 or 1/8 where that is enough, or has to be for its size.

    Returns the factors of its width and height.
    """
    needed = (
        max(math.ceil(plan.size[0] * picture.width / (plan.box[2] - plan.box[0]) * _DRAFT_GAP) for plan in plans),
        max(math.ceil(plan.size[1] * picture.height / (plan.box[3] - plan.box[1]) * _DRAFT_GAP) for plan in plans),
    )
    full = picture.width, picture.height
    if at_least_halved:
        needed = min(needed[0], max(full[0] // 2, 1)), min(needed[1], max(full[1] // 2, 1))
    drafted = picture.draft(None, needed)
    if drafted is None:
        return 1.0, 1.0
    _, (_, _, width, height) = drafted
    return width / full[0], height / full[1]


def _scaled(whole: Image.Image, plan: Scaling, across: float, down: float) -> Image.Image:
    left, top, right, bottom = plan.box
    box = left * across, top * down, right * across, bottom * down
    return whole.resize(plan.size, Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP)


def _upright(small: Image.Image, profile: bytes, turn: int) -> Image.Image:
    flat = _on_white(small, profile)
    return flat.transpose(_TURNS[turn]) if turn in _TURNS else flat


def _cut(picture: Image.Image, parts: Grid) -> list[Image.Image]:
    """Cut a picture into equal parts, in reading order; equal to the pixel where the sides can be divided."""
    columns = [picture.width * number // parts.columns for number in range(parts.columns + 1)]
    rows = [picture.height * number // parts.rows for number in range(parts.rows + 1)]
    return [
        picture.crop((columns[column], rows[row], columns[column + 1], rows[row + 1]))
        for row in range(parts.rows)
        for column in range(parts.columns)
    ]


def _expanded(picture: ImageFile.ImageFile) -> Image.Image:
    """The picture in a mode that can be scaled: no palette, 8 bits a channel, alpha premultiplied."""
    picture.load()
    flat = _from_16_bits(picture) if picture.mode.startswith("I") else picture
    if picture.format == "BMP" and _is_all_clear(picture):
        flat = picture.convert("RGB")
    if flat.has_transparency_data:
        # Pillow's resize would do the same, but 11.1 forgets reducing_gap on the way.
        return (flat if flat.mode == "RGBA" else flat.convert("RGBA")).convert("RGBa")
    return flat if flat.mode in ("L", "RGB", "CMYK") else flat.convert("RGB")


def _is_all_clear(picture: Image.Image) -> bool:
    """Whether an alpha channel is 0 everywhere. In a BMP nobody has filled it then: browsers take it for opaque."""
    return picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (0, 0)


def _from_16_bits(picture: Image.Image) -> Image.Image:
    """Scale 16 bits to 8 by a table of our own: Pillow's conversion makes all above 255 white."""
    wide = picture.convert("I")
    grey = wide.point([(value * 255 + 32767) // 65535 for value in range(65536)], "L")
    transparent = picture.info.get("transparency")
    if not isinstance(transparent, int):
        return grey
    alpha = wide.point([0 if value == transparent else 255 for value in range(65536)], "L")
    return Image.merge("LA", (grey, alpha))


def _on_white(picture: Image.Image, profile: bytes) -> Image.Image:
    """The picture in sRGB on white. The profile is applied before the white, which is no colour of the picture's."""
    if picture.mode != "RGBa":
        return in_srgb(picture, profile)
    clear = picture.convert("RGBA")
    white = Image.new("RGB", clear.size, _WHITE)
    white.paste(in_srgb(clear.convert("RGB"), profile), mask=clear.getchannel("A"))
    return white


def _centred(picture: Image.Image, shape: Shape) -> Image.Image:
    if shape.fit == "inside" or picture.size == (shape.width_px, shape.height_px):
        return picture
    canvas = Image.new("RGB", (shape.width_px, shape.height_px), _GREY)
    canvas.paste(picture, ((shape.width_px - picture.width) // 2, (shape.height_px - picture.height) // 2))
    return canvas


def _frame(picture: Image.Image) -> Frame:
    return Frame(width_px=picture.width, height_px=picture.height, pixels=picture.tobytes())
