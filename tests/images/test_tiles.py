"""A picture in more detail: which parts, in which order, with which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hailo_vision.chat import Fit, Frame, Text
from hailo_vision.config.settings import Images
from hailo_vision.images.decode import decode
from hailo_vision.images.fit import Shape
from hailo_vision.images.tiles import MAX_WORDS_BYTES, DecodedPicture, Grid, grid, spread, words
from images.drawn import BLUE, GREEN, GREY, RED, YELLOW, corners, encoded, is_near, pixel, quadrants

SQUARE = Shape(width_px=100, height_px=100, fit="pad")


def look(
    picture: Image.Image, max_tiles: int, fit: Fit = "pad", file_format: str = "PNG", **options: object
) -> DecodedPicture:
    shape = Shape(width_px=100, height_px=100, fit=fit)
    data = encoded(picture, file_format, **options)
    return decode(data, shape=shape, formats=Images().formats, max_megapixels=8, max_tiles=max_tiles)


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [
        ((1000, 1000), 0, (1, 1)),
        ((1000, 1000), 1, (1, 1)),
        ((1000, 1000), 3, (1, 1)),  # three strips would show no more than the overview
        ((1000, 1000), 4, (2, 2)),
        ((1000, 1000), 9, (3, 3)),
        ((1000, 300), 4, (4, 1)),
        ((300, 1000), 3, (1, 3)),
        ((3000, 2000), 6, (3, 2)),
        ((100, 100), 9, (1, 1)),
        ((150, 150), 9, (2, 2)),  # two by two already show every pixel
        ((1, 5000), 4, (1, 4)),
    ],
)
def test_the_grid_shows_the_most_with_the_fewest_parts(
    size: tuple[int, int], most: int, expected: tuple[int, int]
) -> None:
    found = grid(*size, SQUARE, most)
    assert (found.columns, found.rows) == expected


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 13), st.sampled_from(["pad", "stretch", "crop"]))
def test_there_are_never_more_tiles_than_allowed(width: int, height: int, most: int, fit: Fit) -> None:
    found = grid(width, height, Shape(width_px=336, height_px=336, fit=fit), most)
    assert found.tiles <= max(1, most)
    assert fit != "crop" or found.columns == found.rows


@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_an_overview_comes_first_and_the_parts_in_reading_order(fit: Fit, file_format: str) -> None:
    seen = look(corners(800, 800), 4, fit, file_format)
    assert seen.grid == Grid(columns=2, rows=2)
    assert quadrants(seen.frames[0]) == ("red", "green", "blue", "yellow")
    for tile, colour in zip(seen.frames[1:], (RED, GREEN, BLUE, YELLOW), strict=True):
        assert (tile.width_px, tile.height_px) == (100, 100)
        assert all(is_near(pixel(tile, x, y), colour) for x in (5, 50, 94) for y in (5, 50, 94))


def test_padded_parts_are_padded_each_for_itself() -> None:
    seen = look(corners(800, 600), 4, "pad")
    assert seen.grid == Grid(columns=2, rows=2)
    assert pixel(seen.frames[1], 50, 3) == pixel(seen.frames[1], 50, -3) == GREY
    assert is_near(pixel(seen.frames[1], 50, 50), RED)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_picture_is_cut_as_it_is_held(turn: int) -> None:
    tag = Image.Exif()
    tag[0x0112] = turn
    seen = look(corners(800, 400), 2, "pad", exif=tag)
    assert seen.grid == (Grid(columns=2) if turn < 5 else Grid(rows=2))
    whole = seen.frames[0]
    for tile, at in zip(seen.frames[1:], ((30, 30), (-30, -30)), strict=True):
        assert is_near(pixel(tile, *at), pixel(whole, *((35, 35) if at[0] > 0 else (-35, -35))))


def test_a_tile_shows_what_the_overview_cannot() -> None:
    """Lines of one pixel: grey in the overview, black and white in the part."""
    page = Image.new("L", (200, 200), 255)
    for row in range(0, 200, 2):
        page.paste(0, (0, row, 200, row + 1))
    seen = look(page, 4)
    assert {pixel(seen.frames[1], 50, y) for y in range(20, 24)} == {(0, 0, 0), (255, 255, 255)}
    assert all(is_near(pixel(seen.frames[0], 50, y), (127, 127, 127), 10) for y in range(20, 24))


def test_the_words_say_how_the_frames_belong_together() -> None:
    seen = look(corners(800, 800), 4)
    texts = [part.text if isinstance(part, Text) else "#" for part in words(seen)]
    assert "".join(texts) == ("An image as a whole:#\nThe same image in 4 parts, 2 rows of 2, in reading order:####\n")
    assert [part for part in words(seen) if isinstance(part, Frame)] == list(seen.frames)
    strips = [look(corners(*size), 2) for size in ((800, 400), (400, 800))]
    assert ["from left to right" in str(words(strips[0])), "from top to bottom" in str(words(strips[1]))] == [True] * 2


def test_one_frame_needs_no_words() -> None:
    seen = look(corners(800, 800), 0)
    assert words(seen) == seen.frames


@given(st.integers(1, 13), st.integers(1, 13))
def test_no_words_are_longer_than_what_is_counted_for_them(columns: int, rows: int) -> None:
    frame = Frame(width_px=1, height_px=1, pixels=bytes(3))
    frames, parts = (frame,) * (1 + columns * rows), Grid(columns=columns, rows=rows)
    seen = DecodedPicture(frames=frames, grid=parts, format="png", width_px=1, height_px=1)
    assert sum(len(part.text.encode()) for part in words(seen) if isinstance(part, Text)) <= MAX_WORDS_BYTES


def test_frames_to_spare_are_shared_by_those_who_ask() -> None:
    assert spread(9, [True, False, True], 13) == (4, 0, 4)
    assert spread(9, [True], 4) == (4,)
    assert spread(9, [False, False], 4) == (0, 0)
    assert spread(-3, [True], 4) == (0,)
    assert spread(0, [], 4) == ()
