"""A request that is too large is made smaller where its operator or its dialect allows that: an even choice of its
pictures, or without its oldest turns. Pure. The answer says what was left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hailo_vision.chat import ChatRequest, ImageRef, Text, ToolCall, ToolResult, Turn
from hailo_vision.generate.frames import image_refs

_NOT_SHOWN = Text(text="(not shown)")


def with_fewer_pictures(request: ChatRequest, most: int) -> ChatRequest:
    """The request with `most` of its pictures at most. Those of the last turn that has any come first; where there are
    too many in a turn, or in all turns before it, an even choice of them is kept.
    """
    if not 0 < most < len(image_refs(request)):
        return request
    *earlier, last = _numbers_by_turn(request.turns)
    kept = set(_even_choice(last, most))
    kept |= set(_even_choice([number for numbers in earlier for number in numbers], most - len(kept)))
    numbers = iter(range(len(image_refs(request))))
    return replace(request, turns=tuple(_showing(turn, kept, numbers) for turn in request.turns))


def _numbers_by_turn(turns: Sequence[Turn[ImageRef]]) -> list[list[int]]:
    """The numbers of the pictures of each turn that has any, counted through the request."""
    by_turn: list[list[int]] = []
    number = 0
    for turn in turns:
        count = sum(isinstance(part, ImageRef) for part in turn.parts)
        if count:
            by_turn.append(list(range(number, number + count)))
        number += count
    return by_turn


def _even_choice(numbers: Sequence[int], most: int) -> list[int]:
    """The first, the last, and as many between them at equal steps; where there is room for one alone, the last."""
    if len(numbers) <= most:
        return list(numbers)
    if most < 2:
        return list(numbers[-1:] if most else ())
    steps, last = most - 1, len(numbers) - 1
    return [numbers[(2 * step * last + steps) // (2 * steps)] for step in range(most)]


def _showing(turn: Turn[ImageRef], kept: set[int], numbers: Iterator[int]) -> Turn[ImageRef]:
    """The turn with the pictures whose numbers are `kept`. A place between words, such as "Frame 2:" and "Frame 3:",
    says that its picture is not shown, so that the words before it are not read as those of the next picture.
    """
    parts: list[Text | ToolCall | ToolResult | ImageRef] = []
    for before, part, after in zip((None, *turn.parts), turn.parts, (*turn.parts[1:], None), strict=False):
        if not isinstance(part, ImageRef) or next(numbers) in kept:
            parts.append(part)
        elif isinstance(before, Text) and isinstance(after, Text):
            parts.append(_NOT_SHOWN)
    return replace(turn, parts=tuple(parts))
