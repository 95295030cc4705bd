"""Statistics of a picture's pixels that an answer can state truthfully: colours, brightness, and where they lie."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hailo_vision.simulator.colours import NAMES, colour_table, look_up

_CELLS: Final = 12  # the statistics are taken in 12 x 12 cells
_PADDING: Final = 128  # the daemon pads with exactly this grey in each channel

# Rows and columns of cells. Each side is a third, so that the statistics of the left do not depend on the middle.
PLACES: Final[dict[str, tuple[slice, slice]]] = {
    "left": (slice(0, 12), slice(0, 4)),
    "right": (slice(0, 12), slice(8, 12)),
    "top": (slice(0, 4), slice(0, 12)),
    "bottom": (slice(8, 12), slice(0, 12)),
    "centre": (slice(4, 8), slice(4, 8)),
    "top left": (slice(0, 4), slice(0, 4)),
    "top right": (slice(0, 4), slice(8, 12)),
    "bottom left": (slice(8, 12), slice(0, 4)),
    "bottom right": (slice(8, 12), slice(8, 12)),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageStats:
    """The statistics of one picture. Colours, brightness and places are those of the content inside the bars.

    `bars` says where plain grey bars are, `colour_cells` counts the content's pixels of each colour by cell (12 x 12 x
    colours), `light_cells` holds the mean brightness of each cell from 0 to 100.
    """

    width_px: int
    height_px: int
    bars: str | None
    content_width_px: int
    content_height_px: int
    is_cut: bool
    colour_cells: npt.NDArray[np.int64]
    light_cells: npt.NDArray[np.float64]
    brightness: int

    def share(self, colour: str) -> float:
        return float(self.colour_cells[:, :, NAMES.index(colour)].sum() / self.colour_cells.sum())

    def colours(self, place: str | None = None, *, at_least: float = 0.05, at_most: int = 3) -> list[tuple[str, float]]:
        """The main colours of the picture or of a place in it with their shares, largest first; at least one."""
        cells = self.colour_cells if place is None else self.colour_cells[PLACES[place]]
        shares = cells.sum(axis=(0, 1)) / cells.sum()
        order = [int(index) for index in np.argsort(-shares, kind="stable")[:at_most]]
        kept = [index for index in order if index == order[0] or shares[index] >= at_least]
        return [(NAMES[index], float(shares[index])) for index in kept]

    def light(self, place: str) -> int:
        return round(float(self.light_cells[PLACES[place]].mean()))

    def where(self, colour: str) -> str:
        """The place of a colour, in words that follow "is"."""
        counts = self.colour_cells[:, :, NAMES.index(colour)]
        cells = counts / max(int(counts.sum()), 1)
        rows, columns = cells.sum(axis=1), cells.sum(axis=0)
        beside = _lean(columns, "left", "right")
        above = _lean(rows, "top", "bottom")
        if above:
            return f"at the {above} {beside}".rstrip()
        if beside:
            return f"on the {beside}"
        return _spread(cells, rows, columns)


class ImageAnalyser:
    """Computes the statistics of frames. It holds the table of colour names, which takes some milliseconds to make."""

    def __init__(self) -> None:
        self._table = colour_table()

    def analyse(self, pixels: npt.NDArray[np.uint8], first_row: int = 0) -> ImageStats:
        """The statistics of a frame of rows of RGB. Rows before `first_row` have been dropped from the context
        (contract 2.6).
        """
        bars, content = _without_bars(pixels[first_row:])
        height, width, _ = content.shape
        names = look_up(self._table, content)
        cell = (np.arange(height) * _CELLS // height)[:, None] * _CELLS + np.arange(width) * _CELLS // width
        counts = np.bincount((cell * len(NAMES) + names).ravel(), minlength=_CELLS * _CELLS * len(NAMES))
        light = (content * np.array([0.299, 0.587, 0.114], np.float32)).sum(axis=2)
        light_sums = np.bincount(cell.ravel(), weights=light.ravel(), minlength=_CELLS * _CELLS)
        sizes = np.maximum(np.bincount(cell.ravel(), minlength=_CELLS * _CELLS), 1)
        return ImageStats(
            width_px=pixels.shape[1],
            height_px=pixels.shape[0],
            bars=bars,
            content_width_px=width,
            content_height_px=height,
            is_cut=first_row > 0,
            colour_cells=counts.reshape(_CELLS, _CELLS, len(NAMES)),
            light_cells=(light_sums / sizes).reshape(_CELLS, _CELLS) / 2.55,
            brightness=round(float(light.mean()) / 2.55),
        )


def brightness_word(brightness: int) -> str:
    for limit, word in ((12, "very dark"), (35, "dark"), (62, "medium"), (85, "bright")):
        if brightness < limit:
            return word
    return "very bright"


def _without_bars(pixels: npt.NDArray[np.uint8]) -> tuple[str | None, npt.NDArray[np.uint8]]:
    """The content without bars of exact grey at two opposite sides, equal within a pixel."""
    is_grey = (pixels == _PADDING).all(axis=2)
    if is_grey.all():
        return None, pixels
    for axis, words in ((0, "at the top and bottom"), (1, "on the left and right")):
        content = np.flatnonzero(~is_grey.all(axis=1 - axis))
        before, after = int(content[0]), is_grey.shape[axis] - 1 - int(content[-1])
        if before and after and abs(before - after) <= 1:
            return words, pixels.take(np.arange(before, is_grey.shape[axis] - after), axis=axis)
    return None, pixels


def _lean(shares: npt.NDArray[np.float64], first: str, second: str) -> str:
    """The half that holds nearly all of it, if one does."""
    half = float(shares[: _CELLS // 2].sum())
    return first if half > 0.7 else second if half < 0.3 else ""


def _spread(cells: npt.NDArray[np.float64], rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> str:
    """The distribution of a colour that leans to no side, in words."""
    inner = slice(_CELLS // 4, _CELLS - _CELLS // 4)
    across, down = float(rows[inner].sum()), float(columns[inner].sum())
    if across > 0.8 and down > 0.8:
        return "in the centre"
    if down > 0.8:
        return "down the middle"
    if across > 0.8:
        return "across the middle"
    if down < 0.25 and across > 0.4:
        return "on the left and right"
    if across < 0.25 and down > 0.4:
        return "at the top and bottom"
    if float(cells[inner, inner].sum()) < 0.08:
        return "around the edges"
    if float(cells[inner, inner].sum()) > 0.6:
        return "mostly in the centre"
    return "all over"
