"""The corpus: pictures as cameras, programs and vandals make them, with what has to become of each.

All show red and green above, blue and yellow below, or else are refused with the code that stands beside them.
"""

import itertools
import struct
import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from PIL import Image, ImageCms

from hailo_vision.errors import ImageFault
from images.drawn import (
    bare_jpeg,
    bmp,
    chunk,
    corners,
    encoded,
    exif,
    jpeg_segment,
    noise,
    png_signature,
    raw_png,
)

COLOURS = "red green blue yellow"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
File = tuple[str, bytes, str]


def corpus() -> list[File]:
    """Name, bytes and expectation of every file."""
    kinds = (jpegs(), pngs(), webps(), gifs(), bmps(), turned(), damaged(), bombs(), strangers())
    return [file for kind in kinds for file in kind]


def whole(name: str, file_format: str, picture: Image.Image | None = None, **options: Any) -> File:
    return name, encoded(picture or corners(), file_format, **options), COLOURS


def jpegs() -> Iterator[File]:
    for quality, progressive, subsampling in itertools.product((75, 90, 100), (False, True), (0, 1, 2)):
        name = f"jpeg q{quality} {'progressive' if progressive else 'baseline'} subsampling {subsampling}"
        yield whole(name, "JPEG", quality=quality, progressive=progressive, subsampling=subsampling)
    for size in ((640, 320), (1280, 960), (900, 61)):
        yield whole(f"jpeg {size[0]} x {size[1]}", "JPEG", corners(*size), quality=90)
    yield whole("jpeg inks", "JPEG", corners().convert("CMYK"), quality=95)
    yield whole("jpeg inks progressive", "JPEG", corners().convert("CMYK"), quality=95, progressive=True)
    yield whole("jpeg stored as rgb", "JPEG", quality=95, keep_rgb=True)
    yield whole("jpeg restart markers", "JPEG", quality=95, restart_marker_blocks=1)
    yield whole("jpeg arithmetic of huffman", "JPEG", quality=95, optimize=True)
    yield whole("jpeg srgb profile", "JPEG", quality=95, icc_profile=SRGB)
    yield whole("jpeg profile of three segments", "JPEG", quality=95, icc_profile=SRGB + bytes(140_000))
    yield whole("jpeg damaged profile", "JPEG", quality=95, icc_profile=b"\0" * 500)
    yield whole("jpeg comment", "JPEG", quality=95, comment=b"x" * 60_000)
    yield whole("jpeg of several", "MPO", save_all=True, append_images=[noise(64, 32)], quality=95)
    head, rest = bare_jpeg(corners())
    yield "jpeg bare", head + rest, COLOURS
    yield "jpeg adobe segment", head + jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\1") + rest, COLOURS
    yield "jpeg trailing data", head + rest + bytes(5000), COLOURS
    yield (
        "jpeg profile out of order",
        head + profile_segment(2, 2, SRGB[300:]) + profile_segment(1, 2, SRGB[:300]) + rest,
        COLOURS,
    )
    yield "jpeg profile with a piece lost", head + profile_segment(2, 3, SRGB) + rest, COLOURS


def profile_segment(number: int, count: int, piece: bytes) -> bytes:
    return jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + piece)


def pngs() -> Iterator[File]:
    for mode, level in itertools.product(("RGB", "RGBA", "P"), (0, 1, 6, 9)):
        yield whole(f"png {mode} level {level}", "PNG", corners().convert(mode), compress_level=level)
    for colours in (4, 16, 200):
        palette = corners().convert("P", palette=Image.Palette.ADAPTIVE, colors=colours)
        yield whole(f"png palette of {colours}", "PNG", palette)
    yield whole("png profile", "PNG", icc_profile=SRGB)
    yield whole("png damaged profile", "PNG", icc_profile=bytes(300))
    yield whole("png animated", "PNG", save_all=True, append_images=[noise(64, 32)])
    rows = [
        b"".join(struct.pack(">3H", *(value * 257 for value in corners().getpixel((x, y)))) for x in range(64))
        for y in range(32)
    ]  # type: ignore[union-attr]
    yield "png 16 bit", raw_png(64, 32, depth=16, colour=2, rows=rows), COLOURS
    alpha = [b"".join(row[at : at + 6] + b"\xff\xff" for at in range(0, len(row), 6)) for row in rows]
    yield "png 16 bit with alpha", raw_png(64, 32, depth=16, colour=6, rows=alpha), COLOURS
    for depth, packed in ((2, b"\0" * 8 + b"\x55" * 8), (4, b"\0" * 16 + b"\x11" * 16), (8, b"\0" * 32 + b"\1" * 32)):
        lower = (
            packed.replace(b"\x55", b"\xff")
            .replace(b"\x11", b"\x33")
            .replace(b"\1", b"\3")
            .replace(b"\0", {2: b"\xaa", 4: b"\x22", 8: b"\2"}[depth])
        )
        palette_chunk = chunk(b"PLTE", bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0)))
        data = raw_png(64, 32, depth=depth, colour=3, rows=[packed] * 16 + [lower] * 16, extra=palette_chunk)
        yield f"png palette of {depth} bits", data, COLOURS
    yield "png interlaced", interlaced(), COLOURS
    yield "png trailing data", encoded(corners(), "PNG") + bytes(5000), COLOURS


def interlaced() -> bytes:
    """Adam7, which Pillow reads and does not write."""
    picture = corners(32, 32)
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b"".join(
        b"\0" + b"".join(bytes(picture.getpixel((x, y))) for x in range(left, 32, across))  # type: ignore[arg-type]
        for left, top, across, down in passes
        for y in range(top, 32, down)
    )
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", 32, 32, 8, 2, 0, 0, 1))
    return png_signature() + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")


def webps() -> Iterator[File]:
    for quality, method in itertools.product((80, 95), (0, 4, 6)):
        yield whole(f"webp q{quality} method {method}", "WEBP", quality=quality, method=method)
    for mode in ("RGB", "RGBA"):
        yield whole(f"webp lossless {mode}", "WEBP", corners().convert(mode), lossless=True)
    yield whole("webp lossy with alpha", "WEBP", corners().convert("RGBA"), quality=95)
    yield whole("webp animated", "WEBP", save_all=True, append_images=[noise(64, 32)] * 5, lossless=True)
    yield whole("webp profile", "WEBP", lossless=True, icc_profile=SRGB)
    yield whole("webp damaged profile", "WEBP", lossless=True, icc_profile=bytes(300))


def gifs() -> Iterator[File]:
    for interlace, colours in itertools.product((0, 1), (4, 16, 256)):
        palette = corners().convert("P", palette=Image.Palette.ADAPTIVE, colors=colours)
        yield whole(f"gif palette of {colours} interlace {interlace}", "GIF", palette, interlace=interlace)
    first = encoded(corners(), "GIF")
    yield whole("gif animated", "GIF", save_all=True, append_images=[noise(64, 32)] * 5, duration=40)
    yield whole("gif comment", "GIF", comment=b"x" * 5000)
    yield "gif of 87", b"GIF87a" + first[6:], COLOURS
    small = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    yield "gif of 10,000 frames", first[:-1] + small * 10_000 + b"\x3b", COLOURS
    yield (
        "gif whose second frame is a bomb",
        first[:-1] + b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0),
        COLOURS,
    )


def bmps() -> Iterator[File]:
    for mode in ("RGB", "RGBA", "P"):
        yield whole(f"bmp {mode}", "BMP", corners().convert(mode))
    yield "bmp upside down", upside_down(), COLOURS


def upside_down() -> bytes:
    data = bytearray(encoded(corners().transpose(Image.Transpose.FLIP_TOP_BOTTOM), "BMP"))
    (height,) = struct.unpack_from("<l", data, 22)
    struct.pack_into("<l", data, 22, -height)
    return bytes(data)


def turned() -> Iterator[File]:
    """Stored in all ways, with the EXIF that says how to hold them."""
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for value, how in undo.items():
        stored = corners() if how is None else corners().transpose(Image.Transpose(how))
        for file_format, order in itertools.product(("JPEG", "PNG", "WEBP"), "<>"):
            options = {"PNG": {}, "JPEG": {"quality": 95}, "WEBP": {"lossless": True}}[file_format]
            data = encoded(stored, file_format, exif=b"Exif\0\0" + exif(value, order=order), **options)
            yield f"{file_format} orientation {value} {order}", data, COLOURS


def damaged() -> Iterator[File]:
    for file_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        data = encoded(noise(80, 60), file_format)
        for share in (0.02, 0.3, 0.6, 0.95):
            yield f"{file_format} cut at {share:.0%}", data[: int(len(data) * share)], ImageFault.UNREADABLE


def bombs() -> Iterator[File]:
    header = struct.pack(">LLBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    start = png_signature() + chunk(b"IHDR", header)
    yield (
        "png 100,000 x 100,000",
        start + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND"),
        ImageFault.TOO_LARGE,
    )
    for file_format in ("JPEG", "PNG", "GIF", "BMP", "WEBP"):
        big = encoded(Image.new("L", (4300, 3300)), file_format)
        yield f"{file_format} one line over the limit", big, ImageFault.TOO_LARGE
    canvas = bytearray(encoded(Image.new("RGBA", (16, 16), (1, 2, 3, 4)), "WEBP", quality=80))
    canvas[24:30] = b"\xff\xff\0" * 2
    yield "webp 65,536 x 65,536", bytes(canvas), ImageFault.TOO_LARGE
    gif = encoded(corners(), "GIF")
    yield "gif 65,535 x 65,535", gif[:6] + b"\xff" * 4 + gif[10:], ImageFault.TOO_LARGE
    at = gif.index(b"\x2c\0\0\0\0")
    yield "gif with a frame of 65,535 x 65,535", gif[: at + 5] + b"\xff" * 4 + gif[at + 9 :], ImageFault.TOO_LARGE
    # Enough for Pillow's warning and too little for its error.
    wide = gif[: at + 5] + struct.pack("<HH", 10_000, 10_000) + gif[at + 9 :]
    yield "gif with a frame of 10,000 x 10,000", wide, ImageFault.TOO_LARGE
    yield "bmp run lengths", bmp(2000, 1000, compression=1, body=b"\0\1"), ImageFault.UNREADABLE
    inflating = b"icc\0\0" + zlib.compress(bytes(30_000_000))
    yield "png profile bomb", with_chunk(chunk(b"iCCP", inflating)), COLOURS
    yield "png text bomb", with_chunk(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(30_000_000)))), COLOURS
    yield "png of no pixels", raw_png(0, 0, depth=8, colour=2, rows=[]), ImageFault.UNREADABLE


def with_chunk(extra: bytes) -> bytes:
    data = encoded(corners(), "PNG")
    return data[:33] + extra + data[33:]


def strangers() -> Iterator[File]:
    unsupported = ImageFault.UNSUPPORTED_FORMAT
    for file_format in ("TIFF", "ICO", "EPS", "PDF"):
        yield file_format, encoded(corners(), file_format), unsupported
    if find_spec("PIL.AvifImagePlugin"):
        yield "AVIF", encoded(corners(), "AVIF"), unsupported
    for file_format in ("PPM", "TGA", "PCX", "DDS", "SGI"):
        yield file_format, encoded(corners(), file_format), ImageFault.NO_IMAGE
    yield "HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), unsupported
    yield "JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), unsupported
    yield "JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), unsupported
    yield "Photoshop", b"8BPS\0\1" + bytes(100), unsupported
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', unsupported
    yield (
        "SVG that names a file",
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg/>',
        unsupported,
    )
    yield "PostScript that runs", b"%!PS\n(touch /tmp/x) system", unsupported
    yield "video", b"\0\0\0\x18ftypisom" + bytes(100), unsupported
    yield "web page", b"<!DOCTYPE html><title>Log in</title>", ImageFault.NO_IMAGE
    yield "JSON", b'{"error": "not found"}', ImageFault.NO_IMAGE
    yield "gzip", b"\x1f\x8b\x08" + bytes(50), ImageFault.NO_IMAGE
    yield "zip", b"PK\3\4" + bytes(50), ImageFault.NO_IMAGE
    yield "zeros", bytes(1000), ImageFault.NO_IMAGE
    yield "nothing", b"", ImageFault.EMPTY
