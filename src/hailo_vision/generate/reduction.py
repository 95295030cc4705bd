"""A request that is too large is made smaller where its operator or its dialect allows that: an even choice of its
pictures, or without its oldest turns. Pure. The answer says what was left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hailo_vision.chat import (
    ChatRequest,
    Frame,
    Generation,
    ImageRef,
    LoadedModel,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from hailo_vision.errors import ContextLengthExceeded, PromptTooLong
from hailo_vision.generate.calls import OPEN
from hailo_vision.generate.frames import image_refs, max_chars

_NOT_SHOWN = Text(text="(not shown)")
_ROOM = 4  # a shortened conversation leaves a quarter of the context to an answer that may be as long
_CHARS_PER_TOKEN = 3


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


# Turns


def said_turns(turns: Sequence[Turn[Any]]) -> int:
    """How many turns there are but for the system's."""
    return sum(turn.role != "system" for turn in turns)


def within_length(request: ChatRequest, model: LoadedModel) -> ChatRequest:
    """The request without the oldest turns that the context can't hold in any way, as `check_length` counts."""

    def share(turn: Turn[ImageRef]) -> float:
        return _chars(turn) / max_chars(model) + 1 / model.context_tokens

    excess = sum(map(share, request.turns)) - 1
    shorter = _without_oldest(request.turns, share, excess) if excess > 0 else None
    return request if shorter is None else replace(request, turns=shorter)


def shortened(generation: Generation, model: LoadedModel, refusal: PromptTooLong) -> Generation | None:
    """The generation without as many of its oldest turns as the engine's count says, so that there is room for an
    answer, too; None where only the last question is left. The engine counts again, and may refuse again.
    """
    turns = generation.turns
    chars, frames = sum(map(_chars, turns)), sum(map(_frames, turns))
    if isinstance(refusal, ContextLengthExceeded):
        prompt_tokens, context_tokens = refusal.prompt_tokens, refusal.context_tokens
        excess = prompt_tokens - context_tokens + min(generation.max_tokens, context_tokens // _ROOM)
    else:  # a server that counts and does not say what: half of it is left out
        prompt_tokens = chars // _CHARS_PER_TOKEN + frames * model.image_tokens
        excess = prompt_tokens // 2
    tokens_per_char = max(1, prompt_tokens - frames * model.image_tokens) / max(1, chars)

    def tokens(turn: Turn[Frame]) -> float:
        return _chars(turn) * tokens_per_char + _frames(turn) * model.image_tokens

    shorter = _without_oldest(turns, tokens, excess)
    return None if shorter is None else replace(generation, turns=shorter)


def _without_oldest(
    turns: Sequence[Turn[Any]], weigh: Callable[[Turn[Any]], float], excess: float
) -> tuple[Turn[Any], ...] | None:
    """The turns without the oldest questions and their answers until `excess` is gone, one question at least. The
    system turn and the last question stay; None where there is nothing else.
    """
    start = 1 if turns and turns[0].role == "system" else 0
    begin, gone = start, 0.0
    for opening in _openings(turns, start):
        if gone >= excess and begin > start:
            break
        gone += sum(map(weigh, turns[begin:opening]))
        begin = opening
    return None if begin == start else (*turns[:start], *turns[begin:])


def _openings(turns: Sequence[Turn[Any]], start: int) -> list[int]:
    """Where the user asks anew; a tool's result belongs to the call before it."""
    return [
        index
        for index in range(start, len(turns))
        if turns[index].role == "user"
        and not any(isinstance(part, ToolResult) for part in turns[index].parts)
        and not (index > start and _calls(turns[index - 1]))
    ]


def _calls(turn: Turn[Any]) -> bool:
    """Whether an assistant's turn calls a tool, by its own means or in the words that stand for it in a prompt."""
    is_assistant = turn.role == "assistant"
    return is_assistant and any(isinstance(part, ToolCall) or OPEN in _text(part) for part in turn.parts)


def _text(part: object) -> str:
    match part:
        case Text(text=text) | ToolResult(text=text):
            return text
        case ToolCall(name=name, arguments=arguments):
            return name + arguments
    return ""


def _chars(turn: Turn[Any]) -> int:
    return sum(len(_text(part)) for part in turn.parts)


def _frames(turn: Turn[Any]) -> int:
    return sum(isinstance(part, Frame) for part in turn.parts)
