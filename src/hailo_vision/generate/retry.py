"""An engine that only speaks is made to give JSON of a form and calls of tools: ask, check, and ask again.

What does not meet the demands is never said. The model is told what was wrong, MAX_ATTEMPTS times in all, as long as
the request's own max_tokens has room for an answer as long as the last one; the deadline bounds all of it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace

from hailo_vision.chat import Event, Finish, FinishReason, Frame, Generation, Piece, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import AnswerUnfit, ContextLengthExceeded
from hailo_vision.generate.calls import CLOSE, Gate
from hailo_vision.generate.prompting import again
from hailo_vision.generate.requirements import Demands, Met, Missed, weigh
from hailo_vision.generate.usage import total
from hailo_vision.generate.validator import Judge, Unjudged

MAX_ATTEMPTS = 3

Run = Callable[[Generation], AbstractAsyncContextManager[AsyncIterator[Event]]]


async def attempts(generation: Generation, wanted: Demands, judge: Judge, run: Run) -> AsyncGenerator[Event]:
    """Pieces, calls and a Finish that meet the demands. Raises AnswerUnfit, and what a run raises."""
    is_spoken = bool(wanted.tools) and not generation.tools
    asked = _ending_with_a_call(generation) if is_spoken and not wanted.many_calls else generation
    finishes: list[Finish] = []
    said = ""
    while True:
        attempt = _Attempt(is_open=wanted.may_speak_at_once and not finishes)
        async with aclosing(_in_context(attempt.pieces(asked, run), wanted, len(finishes))) as pieces:
            async for piece in pieces:
                yield piece
        finishes.append(attempt.finish)
        said += attempt.gate.said
        match await _weighed(wanted, attempt, judge):
            case Met(words=words, calls=calls):
                for rest in _rest(said, words, calls, is_first=len(finishes) == 1):
                    yield rest
                yield total(finishes, _reason(wanted, attempt.finish, calls))
                return
            case Missed(problem=problem):
                if attempt.finish.reason not in (FinishReason.STOP, FinishReason.TOOL_CALLS):
                    yield total(finishes)  # cut: what came is a part of an answer, and parts are not said
                    return
                asked = _asked_again(generation, asked, attempt, wanted, problem, finishes)


class _Attempt:
    """One run of the engine: what it says at once, and all that it came to."""

    def __init__(self, *, is_open: bool) -> None:
        self.gate = Gate(is_open=is_open)
        self.text = ""
        self.calls: list[ToolCall] = []
        self.finish: Finish

    async def pieces(self, asked: Generation, run: Run) -> AsyncGenerator[Piece]:
        async with run(asked) as events:
            async for event in events:
                match event:
                    case Finish():
                        self.finish = event
                    case ToolCall():
                        self.calls.append(event)
                    case Piece():
                        self.text += event.text
                        if new := self.gate.take(event.text):
                            yield Piece(text=new)


async def _in_context(pieces: AsyncGenerator[Piece], wanted: Demands, earlier: int) -> AsyncGenerator[Piece]:
    """The pieces of a run. Only of the first one does it help to be told that its prompt is too long."""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
    except ContextLengthExceeded:
        if not earlier:
            raise
        raise _unfit(wanted, earlier, "the context has no room to ask again") from None


def _ending_with_a_call(generation: Generation) -> Generation:
    """One call is enough, and the tokens that would follow it need not be made."""
    return replace(generation, stop=(*generation.stop, CLOSE))


async def _weighed(wanted: Demands, attempt: _Attempt, judge: Judge) -> Met | Missed:
    try:
        return await weigh(wanted, attempt.text, judge, attempt.calls)
    except Unjudged as error:
        raise _unfit(wanted, 1, str(error)) from None


def _rest(said: str, words: str, calls: tuple[ToolCall, ...], *, is_first: bool) -> list[Piece | ToolCall]:
    """What is still to be said of an answer of which the first words are out."""
    if is_first:
        rest = words[len(said) :]
    elif said:
        rest = "" if calls else f"\n\n{words}"
    else:
        rest = words
    return [*([Piece(text=rest)] if rest else []), *calls]


def _reason(wanted: Demands, finish: Finish, calls: tuple[ToolCall, ...]) -> FinishReason:
    """A document that is whole stays so when the model was cut in what it said after it."""
    if calls:
        return FinishReason.TOOL_CALLS
    is_whole = wanted.format is not None or finish.reason is FinishReason.TOOL_CALLS
    return FinishReason.STOP if is_whole else finish.reason


def _asked_again(
    generation: Generation, asked: Generation, attempt: _Attempt, wanted: Demands, problem: str, finishes: list[Finish]
) -> Generation:
    """The same conversation, the answer that missed, and what was wrong with it. Raises AnswerUnfit."""
    left_tokens = generation.max_tokens - sum(finish.usage.completion_tokens for finish in finishes)
    if len(finishes) == MAX_ATTEMPTS:
        raise _unfit(wanted, len(finishes), problem)
    if left_tokens < finishes[-1].usage.completion_tokens:
        raise _unfit(wanted, len(finishes), f"{problem} (max_tokens has no room for another try)")
    told: tuple[Text | ToolResult, ...] = (Text(text=again(wanted, problem)),)
    if attempt.calls:
        told = tuple(ToolResult(call_id=call.id, text=again(wanted, problem)) for call in attempt.calls)
    turns: tuple[Turn[Frame], ...] = (
        *generation.turns,
        Turn(role="assistant", parts=(Text(text=attempt.text), *attempt.calls)),
        Turn(role="user", parts=told),
    )
    return replace(asked, turns=turns, max_tokens=left_tokens)


def _unfit(wanted: Demands, tries: int, problem: str) -> AnswerUnfit:
    what = "JSON that fits" if wanted.format is not None else "a valid tool call"
    return AnswerUnfit(
        f"The model did not give {what} in {tries} {'try' if tries == 1 else 'tries'}: {problem}.",
        code="structured_output_failed" if wanted.format is not None else "tool_call_failed",
    )
