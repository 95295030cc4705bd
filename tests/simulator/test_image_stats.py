"""What the stand-in sees: names of colours, brightness, places and bars."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from hailo_vision.simulator.colours import NAMES, colour_table, look_up
from hailo_vision.simulator.image_stats import PLACES, ImageAnalyser, ImageStats, brightness_word
from simulator.platforms import BLACK, BLUE, GREY, RED, WHITE, Pixels, halves, plain

PHOTOS = Path(__file__).parents[2] / "docs" / "photos"
ANALYSER = ImageAnalyser()


def name_of(*rgb: int) -> str:
    return NAMES[look_up(colour_table(), np.array([[rgb]], np.uint8))[0, 0]]


def photo(name: str) -> ImageStats:
    with Image.open(PHOTOS / name) as image:
        padded = ImageOps.pad(image.convert("RGB"), (336, 336), color=GREY)
    return ANALYSER.analyse(np.asarray(padded))


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((255, 0, 0), "red"),
        ((139, 0, 0), "red"),
        ((220, 20, 60), "red"),
        ((255, 165, 0), "orange"),
        ((255, 140, 0), "orange"),
        ((255, 255, 0), "yellow"),
        ((255, 215, 0), "yellow"),
        ((0, 255, 0), "green"),
        ((0, 128, 0), "green"),
        ((144, 238, 144), "green"),
        ((0, 255, 255), "cyan"),
        ((0, 128, 128), "cyan"),
        ((0, 0, 255), "blue"),
        ((135, 206, 235), "blue"),
        ((0, 0, 128), "blue"),
        ((10, 20, 50), "blue"),
        ((128, 0, 128), "purple"),
        ((138, 43, 226), "purple"),
        ((255, 0, 255), "magenta"),
        ((255, 192, 203), "pink"),
        ((255, 105, 180), "pink"),
        ((165, 42, 42), "brown"),
        ((139, 69, 19), "brown"),
        ((150, 75, 0), "brown"),
        ((210, 180, 140), "beige"),
        ((0, 0, 0), "black"),
        ((8, 10, 20), "black"),
        ((255, 255, 255), "white"),
        ((245, 245, 245), "white"),
        ((128, 128, 128), "grey"),
        ((120, 110, 100), "grey"),
    ],
)
def test_colours_have_the_names_that_people_give_them(rgb: tuple[int, int, int], name: str) -> None:
    assert name_of(*rgb) == name


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_plain_picture_has_one_colour_and_its_own_brightness(rgb: tuple[int, int, int]) -> None:
    stats = ANALYSER.analyse(plain(rgb))
    assert stats.colours() == [(name_of(*rgb), 1.0)]
    luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
    assert abs(stats.brightness - luma / 2.55) <= 0.51
    assert stats.bars is None


@pytest.mark.parametrize(
    ("brightness", "word"),
    [(0, "very dark"), (20, "dark"), (50, "medium"), (70, "bright"), (100, "very bright")],
)
def test_brightness_has_five_words(brightness: int, word: str) -> None:
    assert brightness_word(brightness) == word


def patch(rows: slice, columns: slice) -> Pixels:
    frame = plain(WHITE)
    frame[rows, columns] = RED
    return frame


WHOLE = slice(None)


@pytest.mark.parametrize(
    ("rows", "columns", "where"),
    [
        (WHOLE, slice(0, 168), "on the left"),
        (WHOLE, slice(168, 336), "on the right"),
        (slice(0, 168), WHOLE, "at the top"),
        (slice(250, 336), WHOLE, "at the bottom"),
        (slice(0, 100), slice(0, 100), "at the top left"),
        (slice(250, 330), slice(250, 330), "at the bottom right"),
        (slice(120, 220), slice(120, 220), "in the centre"),
        (WHOLE, slice(140, 196), "down the middle"),
        (slice(140, 196), WHOLE, "across the middle"),
        (WHOLE, WHOLE, "all over"),
    ],
)
def test_a_colour_is_found_where_it_lies(rows: slice, columns: slice, where: str) -> None:
    assert ANALYSER.analyse(patch(rows, columns)).where("red") == where


def test_a_frame_around_the_picture_lies_around_the_edges() -> None:
    frame = plain(RED)
    frame[30:306, 30:306] = WHITE
    assert ANALYSER.analyse(frame).where("red") == "around the edges"


@pytest.mark.parametrize("place", PLACES)
def test_each_place_has_its_own_colours(place: str) -> None:
    rows, columns = PLACES[place]
    frame = plain(WHITE)
    frame[rows.start * 28 : rows.stop * 28, columns.start * 28 : columns.stop * 28] = BLUE
    stats = ANALYSER.analyse(frame)
    assert stats.colours(place) == [("blue", 1.0)]
    assert stats.light(place) == round(0.114 * 100)


@pytest.mark.parametrize(("before", "after"), [(56, 56), (56, 57), (1, 1)])
def test_bars_of_the_daemons_grey_are_seen_and_left_out(before: int, after: int) -> None:
    frame = plain(GREY)
    frame[before : 336 - after] = halves(RED, BLUE)[before : 336 - after]
    stats = ANALYSER.analyse(frame)
    assert stats.bars == "at the top and bottom"
    assert (stats.content_width_px, stats.content_height_px) == (336, 336 - before - after)
    assert dict(stats.colours()) == {"red": 0.5, "blue": 0.5}
    turned = ANALYSER.analyse(np.ascontiguousarray(frame.transpose(1, 0, 2)))
    assert turned.bars == "on the left and right"


@pytest.mark.parametrize(
    ("grey", "before", "after"), [((127, 128, 128), 50, 50), (GREY, 50, 52), (GREY, 0, 50), (GREY, 336, 0)]
)
def test_other_grey_other_widths_and_a_plain_grey_picture_are_no_bars(
    grey: tuple[int, int, int], before: int, after: int
) -> None:
    frame = plain(grey)
    frame[before : 336 - after] = RED
    assert ANALYSER.analyse(frame).bars is None


def test_what_fell_out_of_view_is_not_seen() -> None:
    frame = plain(RED)
    frame[112:] = BLACK
    stats = ANALYSER.analyse(frame, first_row=112)
    assert stats.is_cut
    assert stats.colours() == [("black", 1.0)]


def test_the_photos_look_as_a_person_would_say() -> None:
    cup, pad = photo("coffee-cup.jpg"), photo("launch-pad.jpg")
    assert [name for name, _ in cup.colours()] == ["brown", "red", "orange"]
    assert cup.bars == pad.bars == "at the top and bottom"
    # A dusk sky is dark blue, not black.
    assert pad.colours()[0][0] == "blue"
    assert pad.share("blue") > 0.6
    assert brightness_word(pad.brightness) == "dark"
    assert brightness_word(cup.brightness) == "medium"
