"""From a request's body to frames: time, memory, and how long the event loop is held.

.venv/bin/python benchmarks/pictures.py [--runs 9]
"""

import argparse
import asyncio
import base64
import contextlib
import io
import json
import math
import multiprocessing
import os
import statistics
import struct
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import PIL
from PIL import Image
from report import machine

from hailo_vision.chat import ImageRef
from hailo_vision.config.settings import Images
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.chat.parse import chat_request
from hailo_vision.http_api.web.body import read_json
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.turns import Waiter
from hailo_vision.serving.served import Target

# Not by way of harness.py: that one loads OpenAI's SDK, whose objects the garbage collector then visits all the time.
PHOTOS = Path(__file__).resolve().parent.parent / "docs" / "photos"
SIDE_PX = 336
SIZES = {0.3: (640, 480), 2: (1632, 1224), 8: (3264, 2448), 13: (4160, 3120)}
LARGEST, LARGEST_JPEG = (3344, 2508), (4256, 3200)  # within the default limits
FORMATS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "PNG": {}, "WebP": {"quality": 90}}
TARGET = Target(name="m")
ALONE = Waiter(client="benchmark", deadline=math.inf, deadline_s=math.inf)


def photo(size: tuple[int, int]) -> Image.Image:
    with Image.open(PHOTOS / "coffee-cup.jpg") as opened:
        return opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def encoded(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def body_of(data: bytes) -> bytes:
    uri = "data:image/png;base64," + base64.b64encode(data).decode()
    content = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "What is this?"}]
    return json.dumps({"model": TARGET.name, "messages": [{"role": "user", "content": content}]}).encode()


async def ours(body: bytes, pictures: Pictures, copies: int = 1) -> None:
    """What the handler does with a body."""
    request = chat_request(await read_json(body), TARGET)
    refs = [part for turn in request.turns for part in turn.parts if isinstance(part, ImageRef)]
    await pictures.prepare(refs * copies, ALONE, width_px=SIDE_PX, height_px=SIDE_PX)


def plain(body: bytes) -> None:
    """What a server does that gives it no thought."""
    url = json.loads(body)["messages"][0]["content"][0]["image_url"]["url"]
    file = io.BytesIO(base64.b64decode(url.partition(",")[2]))
    Image.open(file).convert("RGB").resize((SIDE_PX, SIDE_PX)).tobytes()


def run_ours(body: bytes, runs: int, copies: int = 1) -> list[float]:
    """Milliseconds of each run, one at a time, nothing kept from one to the next."""

    async def run() -> list[float]:
        pictures = Pictures(Images(cache_mb=0))
        took = []
        for _ in range(runs):
            started = time.perf_counter()
            with contextlib.suppress(RequestError):
                await ours(body, pictures, copies)
            took.append((time.perf_counter() - started) * 1000)
        await pictures.aclose()
        return took

    return asyncio.run(run())


def run_plain(body: bytes, runs: int) -> list[float]:
    took = []
    for _ in range(runs):
        started = time.perf_counter()
        plain(body)
        took.append((time.perf_counter() - started) * 1000)
    return took


def peak_mb(run: Callable[..., Any], body: bytes, *arguments: int) -> float:
    """Memory above what a process that has decoded something small already has; to be called in a fresh process."""
    run(body_of(encoded(Image.new("RGB", (8, 8)), "PNG")), 1)
    before = memory_kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    run(body, 1, *arguments)
    return (memory_kb("VmHWM") - before) / 1000


def memory_kb(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def in_fresh_process(function: Callable[..., float], *arguments: Any) -> float:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def table_of_photos(runs: int) -> None:
    print("| photo | ours ms | plain ms | ratio | ours MB | plain MB |\n|---|---|---|---|---|---|")
    for megapixels, size in SIZES.items():
        picture = photo(size)
        for file_format, options in FORMATS.items():
            if megapixels > 8 and file_format != "JPEG":
                continue
            body = body_of(encoded(picture, file_format, **options))
            ours_ms, plain_ms = (statistics.median(run(body, runs)) for run in (run_ours, run_plain))
            ours_mb, plain_mb = (in_fresh_process(peak_mb, run, body) for run in (run_ours, run_plain))
            name = f"{megapixels} MP {file_format}, {len(body) / 1e6:.1f} MB"
            ratio = ours_ms / plain_ms
            print(
                f"| {name} | {ours_ms:.1f} | {plain_ms:.1f} | {ratio:.2f} | {ours_mb:.0f} | {plain_mb:.0f} |",
                flush=True,
            )


async def longest_hold_ms(body: bytes) -> float:
    """The longest time between two turns of the loop while a body is read and its picture decoded."""
    pictures = Pictures(Images(cache_mb=0))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    await ours(body_of(encoded(Image.new("RGB", (8, 8)), "PNG")), pictures)
    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    longest = 0.0
    with contextlib.suppress(RequestError):
        await asyncio.create_task(ours(body, pictures))
    watching.cancel()
    await pictures.aclose()
    return longest * 1000


def table_of_holds(runs: int) -> None:
    noise = Image.frombytes("RGB", (1600, 1562), os.urandom(1600 * 1562 * 3))
    photo_body = body_of(encoded(noise, "PNG"))
    bodies = {
        "a PNG": photo_body,
        "the same, slashes escaped": photo_body.replace(b"/", b"\\/"),
        "the same, + as \\u002B": photo_body.replace(b"+", b"\\u002B"),
        "the same in UTF-16": photo_body.decode().encode("utf-16"),
        "brackets, refused": b'{"model": "m", "messages": [' + b"[]," * 3_300_000 + b"0]}",
        "299 kB of brackets, read": b'{"model": "m", "messages": [' + b"[]," * 99_600 + b"0]}",
    }
    print("| body | MB | longest hold ms, median | max | json.loads alone ms |\n|---|---|---|---|---|")
    for name, body in bodies.items():
        holds = [asyncio.run(longest_hold_ms(body)) for _ in range(runs)]
        started = time.perf_counter()
        json.loads(body)
        loads_ms = (time.perf_counter() - started) * 1000
        median = statistics.median(holds)
        print(f"| {name} | {len(body) / 1e6:.1f} | {median:.1f} | {max(holds):.1f} | {loads_ms:.1f} |", flush=True)


def table_of_worst_cases() -> None:
    big, big_jpeg = photo(LARGEST), photo(LARGEST_JPEG)
    # As much noise as a body takes, the rest black.
    wide = b"".join(b"\0" + (os.urandom(8384) if row < 2700 else bytes(8384)) for row in range(8000))
    gif = encoded(Image.new("P", (64, 32)), "GIF")
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    cases = {
        "13 MP JPEG": encoded(big_jpeg, "JPEG", quality=90),
        "13 MP JPEG, progressive": encoded(big_jpeg, "JPEG", quality=90, progressive=True),
        "13 MP JPEG, progressive, 4:4:4": encoded(big_jpeg, "JPEG", quality=90, progressive=True, subsampling=0),
        "13 MP JPEG, progressive, inks": encoded(big_jpeg.convert("CMYK"), "JPEG", quality=90, progressive=True),
        "8 MP PNG, 16 bits and alpha": png(1048, 8000, depth=16, colour=6, rows=wide),
        "8 MP PNG, palette of one colour": encoded(Image.new("P", LARGEST), "PNG"),
        "8 MP WebP, lossless, alpha": encoded(with_alpha(big), "WebP", lossless=True, method=0),
        "8 MP GIF": encoded(big.convert("P"), "GIF"),
        "8 MP BMP": encoded(big, "BMP"),
        "PNG of 100,000 x 100,000": png(100_000, 100_000, depth=8, colour=2, rows=bytes(100_000)),
        "GIF of 10,000 frames": gif[:-1] + frame * 10_000 + b"\x3b",
        "SVG": b"<svg/>",
    }
    print("| file | MB | ms | peak MB | four at once, peak MB |\n|---|---|---|---|---|")
    for name, data in cases.items():
        body = body_of(data)
        took = statistics.median(run_ours(body, 3))
        alone, four = (in_fresh_process(peak_mb, run_ours, body, copies) for copies in (1, 4))
        print(f"| {name} | {len(data) / 1e6:.1f} | {took:.1f} | {alone:.0f} | {four:.0f} |", flush=True)


def with_alpha(picture: Image.Image) -> Image.Image:
    picture = picture.copy()
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


def png(width: int, height: int, *, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="of each figure (default: %(default)s)")
    runs = parser.parse_args().runs
    print(f"{runs} runs; {machine()}, Pillow {PIL.__version__}\n")
    table_of_photos(runs)
    print()
    table_of_holds(runs)
    print()
    table_of_worst_cases()


if __name__ == "__main__":
    main()
