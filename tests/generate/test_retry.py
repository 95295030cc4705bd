"""An engine that only speaks is asked until what it says will do, and no longer than its budget."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from waiters import ANYONE

from hailo_vision.chat import (
    Event,
    Finish,
    FinishReason,
    Generation,
    JsonFormat,
    Piece,
    Sampling,
    Text,
    Timings,
    Tool,
    ToolCall,
    Turn,
    Usage,
)
from hailo_vision.errors import AnswerUnfit, ContextLengthExceeded, Expected
from hailo_vision.generate.requirements import Requirements
from hailo_vision.generate.retry import MAX_ATTEMPTS, retry_until_accepted
from hailo_vision.generate.validator import Validator, ValidatorProcesses

COLOUR = JsonFormat(schema={"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]})
LOOK = Tool(name="look", description="", parameters={"type": "object", "required": ["where"]})
RIGHT, WRONG = '{"colour": "red"}', '{"colour": 5}'
CALL, BAD_CALL = '<tool_call>{"name": "look", "arguments": {"where": "left"}}', '<tool_call>{"name": "jump"}'

Line = str | tuple[str, FinishReason] | Exception


class Script:
    """An engine that says one line after the other, letter by letter; a token is ten letters."""

    def __init__(self, *lines: Line) -> None:
        self.lines = list(lines)
        self.asked: list[Generation] = []
        self.left = 0

    @asynccontextmanager
    async def run(self, generation: Generation) -> AsyncIterator[AsyncGenerator[Event]]:
        self.asked.append(generation)
        try:
            yield self._say(self.lines.pop(0))
        finally:
            self.left += 1

    async def _say(self, line: Line) -> AsyncGenerator[Event]:
        if isinstance(line, Exception):
            raise line
        text, reason = (line, FinishReason.STOP) if isinstance(line, str) else line
        for letter in text:
            yield Piece(text=letter)
        usage = Usage(prompt_tokens=100 * len(self.asked), completion_tokens=len(text) // 10)
        yield Finish(reason=reason, usage=usage, timings=Timings(prefill_s=1, decode_s=2))


async def answered(
    requirements: Requirements, *lines: Line, max_tokens: int = 100
) -> tuple[str, list[ToolCall], Finish, Script]:
    script = Script(*lines)
    said = [
        event
        async for event in retry_until_accepted(
            asking(max_tokens), requirements, Validator(ValidatorProcesses(), ANYONE), script.run
        )
    ]
    assert script.left == len(script.asked)
    *before, finish = said
    assert isinstance(finish, Finish)
    assert not any(isinstance(event, Finish) for event in before)
    assert [isinstance(event, ToolCall) for event in before] == sorted(isinstance(event, ToolCall) for event in before)
    text = "".join(event.text for event in before if isinstance(event, Piece))
    return text, [event for event in before if isinstance(event, ToolCall)], finish, script


def asking(max_tokens: int = 100) -> Generation:
    turn = Turn(role="user", parts=(Text(text="What colour?"),))
    return Generation(turns=(turn,), sampling=Sampling(), max_tokens=max_tokens)


async def unfit(requirements: Requirements, *lines: Line, **options: Any) -> AnswerUnfit:
    with pytest.raises(AnswerUnfit) as error:
        await answered(requirements, *lines, **options)
    return error.value


JSON = Requirements(format=COLOUR)
TOOLS = Requirements(tools=(LOOK,))
MUST = Requirements(tools=(LOOK,), must_call=True)
BOTH = Requirements(tools=(LOOK,), format=COLOUR)


@pytest.mark.parametrize("text", [RIGHT, f"```json\n{RIGHT}\n```", f"Here: {RIGHT} Bye."])
async def test_a_document_that_fits_is_said_alone(text: str) -> None:
    said, _, finish, script = await answered(JSON, text)
    assert (said, finish.reason, len(script.asked)) == (RIGHT, FinishReason.STOP, 1)


async def test_one_that_does_not_fit_is_sent_back_with_what_is_wrong() -> None:
    said, _, finish, script = await answered(JSON, WRONG, RIGHT)
    assert said == RIGHT
    first, second = script.asked
    assert second.turns[: len(first.turns)] == first.turns
    assert [turn.role for turn in second.turns[len(first.turns) :]] == ["assistant", "user"]
    assert second.turns[-2].parts == (Text(text=WRONG),)
    (told,) = second.turns[-1].parts
    assert isinstance(told, Text)
    assert "colour: 5 is not of type 'string'" in told.text
    assert finish.reason is FinishReason.STOP


async def test_the_prompt_counts_once_and_all_that_was_said_counts() -> None:
    _, _, finish, script = await answered(JSON, WRONG, RIGHT)
    assert finish.usage == Usage(prompt_tokens=100, completion_tokens=len(WRONG) // 10 + len(RIGHT) // 10)
    assert finish.timings == Timings(prefill_s=2, decode_s=4)
    assert script.asked[1].max_tokens == 100 - len(WRONG) // 10


async def test_after_some_tries_it_says_how_it_failed() -> None:
    error = await unfit(JSON, *[WRONG] * MAX_ATTEMPTS)
    assert (error.expected, error.attempts) == (Expected.JSON, MAX_ATTEMPTS)
    assert f"{MAX_ATTEMPTS} tries: colour: 5 is not of type 'string'" in str(error)


async def test_there_is_no_other_try_where_max_tokens_has_no_room_for_it() -> None:
    error = await unfit(JSON, '{"colour": 55555555555555555555555555555555}', max_tokens=7)
    assert "max_tokens has no room" in str(error)


async def test_there_is_no_other_try_where_the_context_has_no_room_for_it() -> None:
    too_long = ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)
    assert "no room to ask again" in str(await unfit(JSON, WRONG, too_long))
    with pytest.raises(ContextLengthExceeded):
        await answered(JSON, too_long)


async def test_of_a_document_that_was_cut_nothing_is_said() -> None:
    said, _, finish, script = await answered(JSON, (RIGHT[:-3], FinishReason.LENGTH))
    assert (said, finish.reason, len(script.asked)) == ("", FinishReason.LENGTH, 1)


async def test_a_document_that_was_whole_when_its_babble_was_cut_is_whole() -> None:
    said, _, finish, _ = await answered(JSON, (f"{RIGHT} I hope", FinishReason.LENGTH))
    assert (said, finish.reason) == (RIGHT, FinishReason.STOP)


async def test_any_object_is_one_where_no_schema_is() -> None:
    requirements = Requirements(format=JsonFormat(schema=None))
    assert (await answered(requirements, "[1]", WRONG))[0] == WRONG


@pytest.mark.slow
async def test_a_schema_that_cannot_be_applied_in_time_says_so() -> None:
    requirements = Requirements(format=JsonFormat(schema={"pattern": "^(a+)+$"}))
    error = await unfit(requirements, "no JSON", f'"{"a" * 40}!"')
    assert str(error).startswith("The model did not give JSON that fits in 2 tries: the schema takes too long to apply")
    assert not str(error).endswith("..")


async def test_a_call_is_made_and_words_before_it_are_said() -> None:
    said, (call,), finish, _ = await answered(TOOLS, f"Let me see. {CALL}")
    assert (said, call.name, call.arguments) == ("Let me see. ", "look", '{"where": "left"}')
    assert finish.reason is FinishReason.TOOL_CALLS


async def test_words_without_a_call_are_said_as_they_are() -> None:
    said, calls, finish, script = await answered(TOOLS, ("1 < 2 <tool", FinishReason.LENGTH))
    assert (said, calls, finish.reason, len(script.asked)) == ("1 < 2 <tool", [], FinishReason.LENGTH, 1)


async def test_two_calls_have_two_ids() -> None:
    _, calls, _, _ = await answered(TOOLS, f"{CALL}</tool_call>{CALL}</tool_call>")
    assert len({call.id for call in calls}) == 2


async def test_where_one_call_is_the_most_one_is_made_and_no_token_after_it() -> None:
    requirements = Requirements(tools=(LOOK,), many_calls=False)
    _, calls, _, script = await answered(requirements, f"{CALL}</tool_call>{CALL}</tool_call>")
    assert len(calls) == 1
    assert script.asked[0].stop == ("</tool_call>",)


@pytest.mark.parametrize("bad", [BAD_CALL, '<tool_call>{"name": "look", "arguments": {}}', "<tool_call>look"])
async def test_a_call_that_cannot_be_made_is_sent_back(bad: str) -> None:
    said, (call,), finish, script = await answered(TOOLS, f"Hm. {bad}", f"Hm. {CALL}")
    assert (said, call.name, finish.reason) == ("Hm. ", "look", FinishReason.TOOL_CALLS)
    assert len(script.asked) == 2


async def test_after_a_bad_call_words_will_do() -> None:
    said, calls, finish, _ = await answered(TOOLS, f"Hm. {BAD_CALL}", "It is red.")
    assert (said, calls, finish.reason) == ("Hm. \n\nIt is red.", [], FinishReason.STOP)


async def test_a_call_that_can_never_be_made_is_not_made() -> None:
    error = await unfit(TOOLS, *[BAD_CALL] * MAX_ATTEMPTS)
    assert error.expected is Expected.TOOL_CALL
    assert "there is no function 'jump', there is look" in str(error)


async def test_where_a_call_is_required_words_are_not_said() -> None:
    said, (call,), finish, script = await answered(MUST, "It is red.", f"Well. {CALL}")
    assert (said, call.name, finish.reason) == ("", "look", FinishReason.TOOL_CALLS)
    (told,) = script.asked[1].turns[-1].parts
    assert isinstance(told, Text)
    assert "You must call the function look." in told.text


async def test_a_required_call_that_was_cut_is_not_made() -> None:
    said, calls, finish, _ = await answered(MUST, (CALL[:-9], FinishReason.LENGTH))
    assert (said, calls, finish.reason) == ("", [], FinishReason.LENGTH)


async def test_with_tools_and_a_form_it_is_one_or_the_other() -> None:
    said, calls, _, _ = await answered(BOTH, "It is red.", RIGHT)
    assert (said, calls) == (RIGHT, [])
    said, calls, finish, _ = await answered(BOTH, f"Let me see. {CALL}")
    assert (said, len(calls), finish.reason) == ("", 1, FinishReason.TOOL_CALLS)


async def test_who_leaves_in_the_middle_leaves_the_engine() -> None:
    script = Script("It is red.", CALL)
    said = retry_until_accepted(asking(), TOOLS, Validator(ValidatorProcesses(), ANYONE), script.run)
    assert await anext(said) == Piece(text="I")
    await said.aclose()
    assert (len(script.asked), script.left) == (1, 1)
