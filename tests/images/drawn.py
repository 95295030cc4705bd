"""Pictures that the tests draw, whole and broken, and ways to look at a frame."""

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from hailo_vision.chat import Fit, Frame
from hailo_vision.config.settings import Images, PictureFormat
from hailo_vision.images.decode import decode
from hailo_vision.images.fit import Shape

PHOTOS = Path(__file__).parents[2] / "docs" / "photos"

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
Pixel = tuple[int, int, int]


def corners(width: int = 64, height: int = 32) -> Image.Image:
    """Red and green above, blue and yellow below."""
    picture = Image.new("RGB", (width, height), YELLOW)
    half = width // 2, height // 2
    picture.paste(RED, (0, 0, *half))
    picture.paste(GREEN, (half[0], 0, width, half[1]))
    picture.paste(BLUE, (0, half[1], half[0], height))
    return picture


def encoded(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 90) for _ in range(3)])


def data_uri(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def raw_png(
    width: int, height: int, *, depth: int, colour: int, rows: list[bytes], extra: bytes = b"", late: bytes = b""
) -> bytes:
    """A PNG of any depth and colour type from packed rows; `extra` are chunks before its pixels, `late` after them."""
    header = struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return png_signature() + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + late + chunk(b"IEND")


def png_signature() -> bytes:
    return b"\x89PNG\r\n\x1a\n"


def exif(orientation: int, *, order: str = "<") -> bytes:
    """EXIF data with one tag."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}LHHHLHHL", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def hoarding_exif(entries: int, size: int) -> bytes:
    """EXIF data of `size` bytes in which each of `entries` tags points at all of the rest."""
    start = 8 + 2 + 12 * entries + 4
    rest = size - start
    tags = b"".join(struct.pack("<HHLL", tag, 7, rest, start) for tag in range(1, entries + 1))
    return b"II*\0" + struct.pack("<LH", 8, entries) + tags + b"\0\0\0\0" + bytes(rest)


def raw_profile(data: bytes) -> bytes:
    """EXIF data as ImageMagick writes it into a text of a PNG."""
    digits = data.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"\nexif\n{len(data):8}\n{lines}\n".encode()


def bare_jpeg(picture: Image.Image, **options: Any) -> tuple[bytes, bytes]:
    """A JPEG cut in two where segments can be put in: its first two bytes, and the rest without the JFIF segment."""
    data = encoded(picture, "JPEG", quality=95, **options)
    (length,) = struct.unpack(">H", data[4:6])
    return data[:2], data[4 + length :]


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def bmp(width: int, height: int, *, compression: int, body: bytes) -> bytes:
    """A BMP of 8 bits with a palette from blue to red."""
    palette = b"".join(bytes((255 - value, 0, value, 0)) for value in range(256))
    start = 14 + 40 + len(palette)
    info = struct.pack("<LllHHLLLLLL", 40, width, height, 1, 8, compression, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<LLL", start + len(body), 0, start) + info + palette + body


def frame(
    data: bytes,
    width_px: int = 64,
    height_px: int = 32,
    fit: Fit = "stretch",
    max_megapixels: float = 8,
    formats: tuple[PictureFormat, ...] = Images().formats,
) -> Frame:
    shape = Shape(width_px=width_px, height_px=height_px, fit=fit)
    return decode(data, shape=shape, formats=formats, max_megapixels=max_megapixels).frames[0]


def pixel(of: Frame, x: int, y: int) -> Pixel:
    """Negative coordinates count from the right and from below."""
    start = ((y % of.height_px) * of.width_px + x % of.width_px) * 3
    red, green, blue = of.pixels[start : start + 3]
    return red, green, blue


def is_near(one: Pixel, other: Pixel, tolerance: int = 8) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def quadrants(of: Frame) -> tuple[str, ...]:
    """The names of the colours in the middle of the four quarters, in reading order."""
    names = {"red": RED, "green": GREEN, "blue": BLUE, "yellow": YELLOW}
    across, down = of.width_px // 4, of.height_px // 4
    seen = (pixel(of, x, y) for y in (down, -1 - down) for x in (across, -1 - across))
    return tuple(next((name for name, value in names.items() if is_near(colour, value, 12)), "?") for colour in seen)
