"""An engine that gives text alone is brought to structured output and tool calls: ask, validate, and ask again.

An answer that is rejected is never sent. The model is told what was wrong with it, MAX_ATTEMPTS times in all, as long
as the request's own max_tokens has room for an answer as long as the last one; the deadline bounds all of it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace

from hailo_vision.chat import Event, Finish, FinishReason, Frame, Generation, Piece, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import AnswerUnfit, Expected, PromptTooLong
from hailo_vision.generate.calls import CLOSE, Gate
from hailo_vision.generate.prompting import retry_prompt
from hailo_vision.generate.requirements import Accepted, Rejected, Requirements, evaluate
from hailo_vision.generate.usage import total
from hailo_vision.generate.validator import NotValidated, Validator

MAX_ATTEMPTS = 3

Run = Callable[[Generation], AbstractAsyncContextManager[AsyncIterator[Event]]]


async def retry_until_accepted(
    generation: Generation, requirements: Requirements, validator: Validator, run: Run
) -> AsyncGenerator[Event]:
    """Yield Pieces, ToolCalls and a Finish that meet the requirements. Raises AnswerUnfit, and what a run raises."""
    is_prompted = bool(requirements.tools) and not generation.tools
    attempted = _ending_with_a_call(generation) if is_prompted and not requirements.many_calls else generation
    finishes: list[Finish] = []
    sent = ""
    while True:
        attempt = _Attempt(is_open=requirements.streams_text and not finishes)
        async with aclosing(_in_context(attempt.pieces(attempted, run), requirements, len(finishes))) as pieces:
            async for piece in pieces:
                yield piece
        finishes.append(attempt.finish)
        sent += attempt.gate.sent
        match await _evaluated(requirements, attempt, validator, len(finishes)):
            case Accepted(text=text, calls=calls):
                for event in _rest(sent, text, calls, is_first=len(finishes) == 1):
                    yield event
                yield total(finishes, _reason(requirements, attempt.finish, calls))
                return
            case Rejected(problem=problem):
                if attempt.finish.reason not in (FinishReason.STOP, FinishReason.TOOL_CALLS):
                    yield total(finishes)  # cut: what came is a part of an answer, and parts are not sent
                    return
                attempted = _next_attempt(generation, attempted, attempt, requirements, problem, finishes)


class _Attempt:
    """One run of the engine: the text that is sent while it comes, and all that the run came to."""

    def __init__(self, *, is_open: bool) -> None:
        self.gate = Gate(is_open=is_open)
        self.text = ""
        self.calls: list[ToolCall] = []
        self.finish: Finish

    async def pieces(self, generation: Generation, run: Run) -> AsyncGenerator[Piece]:
        async with run(generation) as events:
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


async def _in_context(
    pieces: AsyncGenerator[Piece], requirements: Requirements, attempts: int
) -> AsyncGenerator[Piece]:
    """The pieces of a run. Only of the first attempt does it help the client to hear that its prompt is too long."""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
    except PromptTooLong:
        if not attempts:
            raise
        raise _unfit(requirements, attempts, "the context has no room to ask again") from None


def _ending_with_a_call(generation: Generation) -> Generation:
    """One call is enough, and the tokens that would follow it need not be made."""
    return replace(generation, stop=(*generation.stop, CLOSE))


async def _evaluated(
    requirements: Requirements, attempt: _Attempt, validator: Validator, attempts: int
) -> Accepted | Rejected:
    try:
        return await evaluate(requirements, attempt.text, validator, attempt.calls)
    except NotValidated as error:
        raise _unfit(requirements, attempts, str(error)) from None


def _rest(sent: str, text: str, calls: tuple[ToolCall, ...], *, is_first: bool) -> list[Piece | ToolCall]:
    """What is still to be sent of an answer whose beginning was sent while it came."""
    if is_first:
        rest = text[len(sent) :]
    elif sent:
        rest = "" if calls else f"\n\n{text}"
    else:
        rest = text
    return [*([Piece(text=rest)] if rest else []), *calls]


def _reason(requirements: Requirements, finish: Finish, calls: tuple[ToolCall, ...]) -> FinishReason:
    """A document that is whole stays so when the model was cut in the text after it."""
    if calls:
        return FinishReason.TOOL_CALLS
    is_whole = requirements.format is not None or finish.reason is FinishReason.TOOL_CALLS
    return FinishReason.STOP if is_whole else finish.reason


def _next_attempt(
    generation: Generation,
    attempted: Generation,
    attempt: _Attempt,
    requirements: Requirements,
    problem: str,
    finishes: list[Finish],
) -> Generation:
    """The same conversation, the answer that was rejected, and what was wrong with it. Raises AnswerUnfit."""
    left_tokens = generation.max_tokens - sum(finish.usage.completion_tokens for finish in finishes)
    if len(finishes) == MAX_ATTEMPTS:
        raise _unfit(requirements, len(finishes), problem)
    if left_tokens < finishes[-1].usage.completion_tokens:
        raise _unfit(requirements, len(finishes), f"{problem} (max_tokens has no room for another try)")
    prompt = retry_prompt(requirements, problem)
    reply: tuple[Text | ToolResult, ...] = (Text(text=prompt),)
    if attempt.calls:
        reply = tuple(ToolResult(call_id=call.id, text=prompt) for call in attempt.calls)
    turns: tuple[Turn[Frame], ...] = (
        *generation.turns,
        Turn(role="assistant", parts=(Text(text=attempt.text), *attempt.calls)),
        Turn(role="user", parts=reply),
    )
    return replace(attempted, turns=turns, max_tokens=left_tokens)


def _unfit(requirements: Requirements, attempts: int, problem: str) -> AnswerUnfit:
    expected = Expected.TOOL_CALL if requirements.format is None else Expected.JSON
    return AnswerUnfit(expected, attempts=attempts, problem=problem)
