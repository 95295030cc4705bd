"""Every file of the corpus becomes the frame that it should, or is refused with the right word."""

import io
import math
import warnings

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from hailo_vision.chat import Fit
from hailo_vision.images.bad_image import BadImage
from images.corpus import COLOURS, corpus
from images.drawn import BLACK, PHOTOS, WHITE, encoded, frame, quadrants

CORPUS = corpus()


def test_the_corpus_is_large_and_names_no_file_twice() -> None:
    assert len({name for name, _, _ in CORPUS}) == len(CORPUS) >= 150


@pytest.mark.parametrize(("data", "expected"), [file[1:] for file in CORPUS], ids=[name for name, _, _ in CORPUS])
def test_every_file_becomes_what_it_should(data: bytes, expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    reason = "."
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            seen = " ".join(quadrants(frame(data, 64, 32)))
        except BadImage as bad:
            seen, reason = bad.fault, bad.reason
    assert seen == expected
    assert reason.endswith(".")
    assert not any(leak in reason for leak in ("0x", "<", "BytesIO", "PIL", "Errno", "/etc"))
    assert not warned
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("photo", sorted(path.name for path in PHOTOS.glob("*.jpg")))
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_photos_become_frames(photo: str, fit: Fit) -> None:
    seen = frame((PHOTOS / photo).read_bytes(), 336, 336, fit=fit)
    assert len(set(seen.pixels)) > 100


def test_the_expectation_is_not_met_by_any_frame() -> None:
    """The corpus would prove nothing if four colours were seen everywhere."""
    assert " ".join(quadrants(frame(encoded(Image.new("RGB", (64, 32)), "PNG")))) != COLOURS


@pytest.mark.parametrize("size_px", [22, 28, 40])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_small_print_is_as_sharp_as_the_best_resampling_makes_it(file_format: str, size_px: int) -> None:
    """Against LANCZOS over all pixels; a plain bilinear or nearest resampling stays far below."""
    page = Image.new("RGB", (1600, 1200), WHITE)
    for line in range(10, 1200, size_px + 12):
        ImageDraw.Draw(page).text(
            (12, line), "Pack my box with 5 dozen jugs, 0123456789. " * 4, BLACK, font_size=size_px
        )
    data = encoded(page, file_format, quality=90)
    best = Image.open(io.BytesIO(data)).convert("RGB").resize((448, 336), Image.Resampling.LANCZOS)
    ours = Image.frombytes("RGB", (448, 336), frame(data, 448, 336).pixels)
    worse = Image.open(io.BytesIO(data)).convert("RGB").resize((448, 336), Image.Resampling.NEAREST)
    assert likeness_db(ours, best) > 44 > 25 > likeness_db(worse, best)


def test_small_print_in_eight_megapixels_stays_legible_though_a_quarter_of_it_is_decoded() -> None:
    page = Image.new("RGB", (3264, 2448), WHITE)
    for line in range(10, 2448, 92):
        ImageDraw.Draw(page).text((12, line), "Pack my box with 5 dozen jugs, 0123456789. " * 2, BLACK, font_size=80)
    data = encoded(page, "JPEG", quality=90)
    best = page.resize((336, 252), Image.Resampling.LANCZOS)
    ours = Image.frombytes("RGB", (336, 252), frame(data, 336, 252).pixels)
    assert (
        likeness_db(ours, best)
        > 38
        > likeness_db(page.resize((336, 252), Image.Resampling.BILINEAR, reducing_gap=1), best)
    )


def likeness_db(one: Image.Image, other: Image.Image) -> float:
    squares = ImageStat.Stat(ImageChops.difference(one, other)).rms
    return 10 * math.log10(255**2 / max(sum(value**2 for value in squares) / 3, 1e-9))
