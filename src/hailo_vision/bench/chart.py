"""Charts as SVG, to stand in a page: colours come from its style sheet, by class. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 360, 236
LEFT, RIGHT, BOTTOM = 50, 14, 40
ROW = 14  # of words above the plot, where no value can hide them
BINS = 16
_TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: float
    y: float
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A line through the whole chart, with a word at its end."""

    at: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From a quantity to a place; round numbers at the ticks, from 0."""

    ticks: tuple[float, ...]
    start_px: float
    end_px: float

    def at(self, value: float) -> float:
        return self.start_px + (self.end_px - self.start_px) * value / self.ticks[-1]


def scale(largest: float, start_px: float, end_px: float) -> Scale:
    step = _round_step(largest / _TICKS)
    count = max(math.ceil(largest / step - 1e-9), 1)
    return Scale(ticks=tuple(step * number for number in range(count + 1)), start_px=start_px, end_px=end_px)


def over_time(
    points: Sequence[Point], failures: Sequence[float], mark: Mark, *, unit: str, name: str, joined: bool
) -> str:
    """Dots by time in seconds, joined in their order or not; failures are crosses below; the mark is a level."""
    top = ROW + 8
    across = scale(max((*(point.x for point in points), *failures, 1e-3)), LEFT, WIDTH - RIGHT)
    up = scale(max((*(point.y for point in points), mark.at, 1e-6)), HEIGHT - BOTTOM, top)
    parts = [*_grid(across, up, below="seconds since the start", beside=unit)]
    if joined and len(points) > 1:
        way = " ".join(f"{across.at(point.x):.1f},{up.at(point.y):.1f}" for point in points)
        parts.append(f'<polyline class="line" points="{way}"/>')
    for point in points:
        centre = f'cx="{across.at(point.x):.1f}" cy="{up.at(point.y):.1f}"'
        parts.append(f'<circle class="dot" {centre} r="3.5"><title>{escape(point.about)}</title></circle>')
    for x in failures:
        left, ground = across.at(x), up.at(0)
        cross = f"M{left - 4:.1f} {ground - 4:.1f}l8 8m0 -8l-8 8"
        parts.append(f'<path class="failure" d="{cross}"><title>failed</title></path>')
    if points:
        level = up.at(mark.at)
        parts.append(f'<path class="mark" d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="word" x="{WIDTH - RIGHT}" y="{ROW - 3}">{escape(mark.word)}</text>')
    about = f"{name}: {len(points)} answers over time, {mark.word}; {len(failures)} failed"
    return _svg(parts, about)


def distribution(values: Sequence[float], marks: Sequence[Mark], *, unit: str, name: str) -> str:
    """How many values fall into each of some equal steps; the marks stand upright."""
    across = scale(max((*values, 1e-6)), LEFT, WIDTH - RIGHT)
    width = across.ticks[-1] / BINS
    counts = [0] * BINS
    for value in values:
        counts[min(int(value / width), BINS - 1)] += 1
    top = ROW * len(marks) + 8
    up = scale(max((*counts, 1)), HEIGHT - BOTTOM, top)
    if up.ticks[1] < 1:  # there is no half answer
        ticks = tuple(float(tick) for tick in range(max(*counts, 1) + 1))
        up = Scale(ticks=ticks, start_px=up.start_px, end_px=up.end_px)
    parts = [*_grid(across, up, below=unit, beside="answers")]
    for bin_number, count in enumerate(counts):
        if count:
            left, right, height = (
                across.at(bin_number * width),
                across.at((bin_number + 1) * width),
                up.at(0) - up.at(count),
            )
            box = f'x="{left + 0.75:.1f}" y="{up.at(count):.1f}" width="{right - left - 1.5:.1f}" height="{height:.1f}"'
            tooltip = f"{count} from {bin_number * width:.3g} to {(bin_number + 1) * width:.3g} {unit}"
            parts.append(f'<rect class="bar" {box}><title>{escape(tooltip)}</title></rect>')
    parts += _uprights(across, marks)
    about = f"{name}: how {len(values)} answers are spread; " + ", ".join(mark.word for mark in marks)
    return _svg(parts, about)


def _uprights(across: Scale, marks: Sequence[Mark]) -> Iterator[str]:
    """Words above the plot, on the side that has room, in such an order that no line runs through a word."""
    middle = (LEFT + WIDTH) / 2
    left = sorted((mark for mark in marks if across.at(mark.at) < middle), key=lambda mark: mark.at)
    right = sorted((mark for mark in marks if across.at(mark.at) >= middle), key=lambda mark: -mark.at)
    for row, mark in enumerate([*left, *right], start=1):
        x, y = across.at(mark.at), ROW * row - 3
        side = f'class="word from" x="{x + 5:.1f}"' if x < middle else f'class="word" x="{x - 5:.1f}"'
        yield f'<path class="mark" d="M{x:.1f} {y - 9}V{HEIGHT - BOTTOM}"/>'
        yield f'<text {side} y="{y}">{escape(mark.word)}</text>'


def _grid(across: Scale, up: Scale, *, below: str, beside: str) -> Iterator[str]:
    for tick in up.ticks:
        y = up.at(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}">{_number(tick)}</text>'
    for tick in across.ticks:
        yield f'<text class="tick below" x="{across.at(tick):.1f}" y="{HEIGHT - BOTTOM + 17}">{_number(tick)}</text>'
    yield f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}">{escape(below)}</text>'
    middle = (up.start_px + up.end_px) / 2
    yield f'<text class="axis" transform="translate(12 {middle}) rotate(-90)">{escape(beside)}</text>'


def _svg(parts: Sequence[str], about: str) -> str:
    label = escape(about, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
