"""Tiles: a picture in more detail than one frame holds, as an overview and equal parts of it. Pure.

Qwen2-VL takes pictures of any size, but its file for the chip is compiled for one. So the tiles are frames of their
own, and text in the prompt says how they belong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hailo_vision.chat import Frame, Text
from hailo_vision.images.fit import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The columns and rows into which a picture is cut; one of 1 x 1 is not cut."""

    columns: int = 1
    rows: int = 1

    @property
    def tiles(self) -> int:
        return self.columns * self.rows

    @property
    def on_its_side(self) -> "Grid":
        """The same for a picture that is stored lying on its side."""
        return Grid(columns=self.rows, rows=self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPicture:
    """A picture as frames: the overview, then the parts of `grid` in reading order, if it has any.

    `format` and the size are those of the file, the size as it was stored.
    """

    frames: tuple[Frame, ...]
    grid: Grid
    format: str
    width_px: int
    height_px: int


def grid(width_px: int, height_px: int, shape: Shape, max_tiles: int) -> Grid:
    """The grid that shows an upright picture of this size at the largest scale, and of those the one of fewest parts.

    Never larger than the picture is: one that the overview shows whole, pixel for pixel, is not cut. `crop` takes
    square grids alone, in which the parts show what the overview shows.
    """
    best, best_scale = Grid(), _scale(width_px, height_px, shape, Grid())
    for tiles in range(2, max_tiles + 1):
        for columns in (number for number in range(1, tiles + 1) if tiles % number == 0):
            candidate = Grid(columns=columns, rows=tiles // columns)
            if shape.fit == "crop" and candidate.columns != candidate.rows:
                continue
            scale = _scale(width_px, height_px, shape, candidate)
            if scale > best_scale * 1.01:
                best, best_scale = candidate, scale
    return best


def _scale(width_px: int, height_px: int, shape: Shape, parts: Grid) -> float:
    """The scale at which the grid's frames show the picture, in the direction where it is smaller; at most 1."""
    across = parts.columns * shape.width_px / width_px
    down = parts.rows * shape.height_px / height_px
    return min(1.0, max(across, down) if shape.fit == "crop" else min(across, down))


def words(picture: DecodedPicture) -> tuple[Text | Frame, ...]:
    """The parts of the prompt for a picture: its frame, or its frames with text that says what they are."""
    overview, *parts = picture.frames
    if not parts:
        return (overview,)
    return (Text(text=OVERVIEW), overview, Text(text=_parts_of(picture.grid)), *parts, Text(text=END))


def _parts_of(grid: Grid) -> str:
    if grid.rows == 1:
        return f"\nThe same image in {grid.tiles} parts, from left to right:"
    if grid.columns == 1:
        return f"\nThe same image in {grid.tiles} parts, from top to bottom:"
    return f"\nThe same image in {grid.tiles} parts, {grid.rows} rows of {grid.columns}, in reading order:"


OVERVIEW = "An image as a whole:"
END = "\n"
# Of one picture, in bytes; a token is a byte or more.
MAX_WORDS_BYTES = len(OVERVIEW) + len(_parts_of(Grid(columns=99, rows=99))) + len(END)


def spread(frames: int, is_high: Sequence[bool], max_tiles: int) -> tuple[int, ...]:
    """Share spare `frames` out evenly as tiles of the pictures in high detail. Returns the tiles of each picture."""
    count = sum(is_high)
    share = min(max_tiles, max(frames, 0) // count) if count else 0
    return tuple(share if high else 0 for high in is_high)
