"""Compares two results side by side. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from hailo_vision.bench import words
from hailo_vision.bench.figures import QUANTITIES, Quantity
from hailo_vision.bench.result import BadResult

NOISE = 0.02  # smaller changes are called none; what a change means takes more than one bench on each side
_POINTS = {"p50": 1, "p95": 20}  # with the least number of values of which the percentile is not just the worst one
_FIGURES_CHARS = 52
Tree = Mapping[str, Any]


def compare(before: Tree, after: Tree) -> str:
    """The changes from one result to the other. Raises BadResult."""
    try:
        return "\n".join([*_differences(before, after), *_phases(before, after)])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadResult("One of the files is no whole result of a bench.") from error


def _differences(before: Tree, after: Tree) -> Iterator[str]:
    """Settings and versions that differ too, as they may explain the figures."""
    yield f"{before['made_at']}  {before['url']}"
    yield f"{after['made_at']}  {after['url']}"
    for part in ("plan", "versions"):
        for name in dict.fromkeys([*before[part], *after[part]]):
            before_value, after_value = before[part].get(name), after[part].get(name)
            if before_value is not None and after_value is not None and before_value != after_value:
                yield f"differs: {name} {before_value} -> {after_value}"
    if before["model"] != after["model"]:
        yield f"differs: model {before['model']} -> {after['model']}"


def _phases(before: Tree, after: Tree) -> Iterator[str]:
    later = {phase["name"]: phase for phase in after["phases"]}
    both = [(phase, later[phase["name"]]) for phase in before["phases"] if phase["name"] in later]
    if not both:
        raise BadResult("The two have no phase in common.")
    for earlier_phase, later_phase in both:
        yield ""
        yield f"{earlier_phase['name']:<28}{'before':>12}{'after':>12}{'change':>10}"
        for quantity in QUANTITIES:
            figures = earlier_phase["figures"].get(quantity.name), later_phase["figures"].get(quantity.name)
            if figures[0] and figures[1]:
                fewest = min(int(figures[0]["count"]), int(figures[1]["count"]))
                for point, least in _POINTS.items():
                    line = _line(quantity, point, float(figures[0][point]), float(figures[1][point]))
                    yield line if fewest >= least else f"{line[:_FIGURES_CHARS]}{'too few':>10}"
        yield f"{'Answered':<28}{_answered(earlier_phase):>12}{_answered(later_phase):>12}"


def _line(quantity: Quantity, point: str, before: float, after: float) -> str:
    cells = [words.quantity(quantity.name, value) for value in (before, after)]
    return f"{f'{quantity.title}, {point}':<28}{cells[0]:>12}{cells[1]:>12}{_change(quantity, before, after)}"


def _change(quantity: Quantity, before: float, after: float) -> str:
    if before <= 0:
        return ""
    change = after / before - 1
    if abs(change) < NOISE:
        return f"{'same':>10}"
    is_better = (change < 0) == (quantity.better == "lower")
    return f"{f'{change:+.0%}':>10} {'better' if is_better else 'worse'}".replace("%", " %")


def _answered(phase: Tree) -> str:
    return f"{int(phase['answered'])} of {int(phase['questions'])}"
