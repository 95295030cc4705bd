"""Scaling: the crop box and the size by which a picture of any shape fits the model's shape. Pure."""

from dataclasses import dataclass
from typing import Literal, assert_never

from hailo_vision.chat import Fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The size that a frame must have, and how a picture is fitted to it."""

    width_px: int
    height_px: int
    fit: Fit | Literal["inside"]  # inside is for engines that take any shape: the picture's own, never larger than this

    @property
    def on_its_side(self) -> "Shape":
        """The same for a picture that is stored lying on its side."""
        return Shape(width_px=self.height_px, height_px=self.width_px, fit=self.fit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The crop box of a picture (left, top, right, bottom, in its pixels), and the size to which it is scaled."""

    box: tuple[float, float, float, float]
    size: tuple[int, int]


def scaling(width_px: int, height_px: int, shape: Shape) -> Scaling:
    """The scaling of a picture of this size. `pad` and `inside` can give less than the shape; `pad` adds bars then."""
    whole = (0.0, 0.0, float(width_px), float(height_px))
    match shape.fit:
        case "stretch":
            return Scaling(box=whole, size=(shape.width_px, shape.height_px))
        case "pad" | "inside":
            ratio = min(shape.width_px / width_px, shape.height_px / height_px)
            if shape.fit == "inside":
                ratio = min(ratio, 1.0)  # more pixels would cost tokens and show nothing new
            # A line of one pixel must not vanish.
            size = max(1, round(width_px * ratio)), max(1, round(height_px * ratio))
            return Scaling(box=whole, size=size)
        case "crop":
            box_width = min(width_px, height_px * shape.width_px / shape.height_px)
            box_height = min(height_px, width_px * shape.height_px / shape.width_px)
            left, top = (width_px - box_width) / 2, (height_px - box_height) / 2
            box = (left, top, width_px - left, height_px - top)
            return Scaling(box=box, size=(shape.width_px, shape.height_px))
        case _:
            assert_never(shape.fit)
