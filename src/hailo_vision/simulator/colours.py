"""The English names of colours."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

NAMES: Final = (
    "black",
    "grey",
    "white",
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "magenta",
    "pink",
    "brown",
    "beige",
)
_INDEX: Final = {name: index for index, name in enumerate(NAMES)}
_LEVELS: Final = 64  # steps of 4 in each channel


def colour_table() -> npt.NDArray[np.uint8]:
    """The index in NAMES of each of the 64 x 64 x 64 colours, red first."""
    # Each step is named by a value in it, chosen so that the first is 0 and the last 255.
    levels = (np.arange(_LEVELS) / (_LEVELS - 1)).astype(np.float32)
    red, green, blue = np.meshgrid(levels, levels, levels, indexing="ij")
    return name_colours(red.ravel(), green.ravel(), blue.ravel())


def look_up(table: npt.NDArray[np.uint8], pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The index in NAMES for each pixel of an array of rows of RGB."""
    steps = (pixels >> 2).astype(np.uint32)
    names: npt.NDArray[np.uint8] = table[steps[..., 0] << 12 | steps[..., 1] << 6 | steps[..., 2]]
    return names


def name_colours(
    red: npt.NDArray[np.float32], green: npt.NDArray[np.float32], blue: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    """The index in NAMES of colours whose channels go from 0 to 1.

    Colours are named by hue, saturation and value. The boundaries are a person's judgement, checked against the colours
    that CSS names.
    """
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    saturation = chroma / np.maximum(value, 1e-9)
    hue = _hue(red, green, blue, value, chroma)

    # A dark pixel must be more saturated than a light one to look coloured; a dark navy sky is.
    is_coloured = (
        ((chroma >= 0.10) & (saturation >= 0.20))
        | ((chroma >= 0.12) & (value > 0.80))
        | ((chroma >= 0.06) & (saturation >= 0.38))
    )
    rules: list[tuple[npt.NDArray[Any], str]] = [
        (value < 0.10, "black"),
        (~is_coloured & (value < 0.21), "black"),
        (~is_coloured & (value - chroma / 2 > 0.85), "white"),
        (~is_coloured, "grey"),
        (_between(hue, 14, 68) & (saturation < 0.36) & (value > 0.70), "beige"),
        (_between(hue, 14, 44) & ((value < 0.72) | ((value < 0.86) & (saturation < 0.72))), "brown"),
        (((hue < 14) | (hue >= 345)) & (saturation < 0.85) & (value < 0.68) & (saturation > 0.2), "brown"),
        (_between(hue, 44, 50) & (value < 0.75), "brown"),
        (_between(hue, 50, 68) & (value < 0.66), "green"),
        (_between(hue, 14, 44), "orange"),
        (_between(hue, 44, 68), "yellow"),
        (_between(hue, 68, 165), "green"),
        (_between(hue, 165, 184), "cyan"),
        (_between(hue, 184, 192) & (saturation > 0.4), "cyan"),
        (_between(hue, 184, 256), "blue"),
        (_between(hue, 256, 286), "purple"),
        (_between(hue, 286, 318) & (value >= 0.62) & (saturation >= 0.5), "magenta"),
        (_between(hue, 286, 345) & (value < 0.62), "purple"),
        (_between(hue, 286, 312), "purple"),
        (_between(hue, 312, 345), "pink"),
        ((saturation < 0.5) & (value > 0.70), "pink"),
        ((saturation < 0.62) & (value > 0.90), "pink"),
    ]
    conditions = [condition for condition, _ in rules]
    return np.select(conditions, [_INDEX[name] for _, name in rules], default=_INDEX["red"]).astype(np.uint8)


def _between(hue: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.bool_]:
    return (hue >= low) & (hue < high)


def _hue(
    red: npt.NDArray[np.float32],
    green: npt.NDArray[np.float32],
    blue: npt.NDArray[np.float32],
    value: npt.NDArray[np.float32],
    chroma: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Degrees from 0 (red) over 120 (green) and 240 (blue) to 360."""
    divisor = np.maximum(chroma, 1e-9)
    sixth = np.where(
        value == red,
        (green - blue) / divisor % 6,
        np.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    result: npt.NDArray[np.float32] = sixth * 60
    return result
