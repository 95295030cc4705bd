"""OpenAI's own SDK for Python: sync, async, its stream helper, .parse() and tools."""

from typing import Any, Literal

import openai
import pytest
from openai import AsyncOpenAI, pydantic_function_tool
from pydantic import BaseModel

from harness import MODEL, PATIENCE_S, Daemon, ask, photo

PHOTO = photo("launch-pad.jpg")


class Found(BaseModel):
    main_colour: Literal["red", "blue"]
    is_dark: bool
    description: str


class GetWeather(BaseModel):
    """Get the weather of a city."""

    city: str


WEATHER: Any = pydantic_function_tool(GetWeather, name="get_weather")
QUESTION: Any = ask("What colours are in this photo?", PHOTO)
ASKING_FOR_WEATHER: Any = ask("What is the weather in Paris?")


async def test_the_async_client_says_what_the_sync_one_says(daemon: Daemon) -> None:
    whole = daemon.client.chat.completions.create(**QUESTION)
    async with AsyncOpenAI(base_url=f"{daemon.url}/v1", api_key="unused", max_retries=0, timeout=PATIENCE_S) as client:
        answer = await client.chat.completions.create(**QUESTION)
        stream = await client.chat.completions.create(**QUESTION, stream=True)
        texts = [choice.delta.content or "" async for chunk in stream for choice in chunk.choices]
    assert answer.choices[0].message.content == whole.choices[0].message.content == "".join(texts)


def test_parse_gives_an_object_of_the_class(daemon: Daemon) -> None:
    found = daemon.client.chat.completions.parse(**QUESTION, response_format=Found).choices[0].message.parsed
    assert found is not None
    assert found.main_colour == "blue"


def test_parse_raises_when_the_answer_was_cut(daemon: Daemon) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        daemon.client.chat.completions.parse(**QUESTION, response_format=Found, max_tokens=5)


def test_a_model_that_gives_no_json_is_an_error_that_is_not_tried_again(daemon: Daemon) -> None:
    client = daemon.client.with_options(max_retries=2)
    before = daemon.log.count("error=structured_output_failed")
    with pytest.raises(openai.InternalServerError) as error:
        client.chat.completions.parse(**ask("Describe it, always wrong.", PHOTO), response_format=Found)  # type: ignore[arg-type]
    assert error.value.code == "structured_output_failed"
    daemon.wait_for(lambda: daemon.log.count("error=structured_output_failed") == before + 1)


def test_the_stream_helper_puts_forms_and_choices_together(daemon: Daemon) -> None:
    with daemon.client.chat.completions.stream(**QUESTION, response_format=Found, n=2) as stream:
        final = stream.get_final_completion()
    assert [choice.message.parsed is not None for choice in final.choices] == [True, True]


def test_the_stream_helper_tells_of_calls(daemon: Daemon) -> None:
    with daemon.client.chat.completions.stream(**ASKING_FOR_WEATHER, tools=[WEATHER]) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    (call,) = final.choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == GetWeather(city="Paris")


def test_a_call_and_its_result_go_round(daemon: Daemon) -> None:
    create = daemon.client.chat.completions.create
    first = create(**ASKING_FOR_WEATHER, tools=[WEATHER]).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls or []
    messages = [
        *ASKING_FOR_WEATHER["messages"],
        first.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"},
    ]
    second = create(model=MODEL, messages=messages, tools=[WEATHER]).choices[0]
    assert (second.finish_reason, "18 degrees" in (second.message.content or "")) == ("stop", True)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [("none", "stop"), ("auto", "stop"), ("required", "tool_calls"), ("named", "tool_calls")],
)
def test_the_choice_of_tools_is_kept(daemon: Daemon, choice: str, reason: str) -> None:
    wanted: Any = {"type": "function", "function": {"name": "get_weather"}} if choice == "named" else choice
    greeting: Any = ask("Hello!")
    answer = daemon.client.chat.completions.create(**greeting, tools=[WEATHER], tool_choice=wanted)
    assert answer.choices[0].finish_reason == reason


def test_no_tool_is_called_where_none_may_be(daemon: Daemon) -> None:
    answer = daemon.client.chat.completions.create(**ASKING_FOR_WEATHER, tools=[WEATHER], tool_choice="none")
    assert answer.choices[0].message.tool_calls is None


@pytest.mark.parametrize(("parallel", "calls"), [(True, 2), (False, 1)])
def test_calls_are_many_or_one_as_was_asked(daemon: Daemon, parallel: bool, calls: int) -> None:
    light = {"type": "function", "function": {"name": "switch_light", "parameters": {"type": "object"}}}
    both: Any = ask("What is the weather in Oslo? And switch the light on.")
    answer = daemon.client.chat.completions.create(**both, tools=[WEATHER, light], parallel_tool_calls=parallel)
    assert len(answer.choices[0].message.tool_calls or []) == calls


def test_choices_come_in_order_and_count_the_prompt_once(daemon: Daemon) -> None:
    one = daemon.client.chat.completions.create(**QUESTION)
    four = daemon.client.chat.completions.create(**QUESTION, n=4)
    assert [choice.index for choice in four.choices] == [0, 1, 2, 3]
    assert one.usage is not None
    assert four.usage is not None
    assert four.usage.prompt_tokens == one.usage.prompt_tokens
    assert four.usage.completion_tokens == 4 * one.usage.completion_tokens


def test_choices_of_a_seed_differ_and_come_again(daemon: Daemon) -> None:
    def said() -> list[str | None]:
        many = daemon.client.chat.completions.create(**QUESTION, n=4, temperature=2, seed=3)
        return [choice.message.content for choice in many.choices]

    first = said()
    assert len(set(first)) > 1
    assert said() == first
