"""Anthropic's SDK for Python: whole, streamed, counted, a form, tools. Arguments: URL MODEL; stdin: the picture."""

import asyncio
import sys

import anthropic
from pydantic import BaseModel

(url, model), picture = sys.argv[1:], sys.stdin.read()
client = anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0)
source = {"type": "base64", "media_type": "image/jpeg", "data": picture.partition(",")[2]}
content = [{"type": "image", "source": source}, {"type": "text", "text": "What colours are in this photo?"}]
asked = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": content}]}

whole = client.messages.create(**asked, system="Be brief.", thinking={"type": "disabled"})
assert "blue" in whole.content[0].text, whole
assert whole.stop_reason == "end_turn", whole
with client.messages.stream(**asked, system="Be brief.") as stream:
    texts = list(stream.text_stream)
    final = stream.get_final_message()
assert len(texts) > 5
assert final.content[0].text == whole.content[0].text, final
assert final.usage.output_tokens == whole.usage.output_tokens, final
used = final.usage.input_tokens + final.usage.cache_read_input_tokens

prompt = {name: value for name, value in asked.items() if name != "max_tokens"}
assert client.messages.count_tokens(**prompt, system="Be brief.").input_tokens == used


class Found(BaseModel):
    is_dark: bool


parsed = client.messages.parse(**asked, output_format=Found)
assert isinstance(parsed.parsed_output, Found), parsed


@anthropic.beta_tool
def get_weather(city: str) -> str:
    """Get the weather of a city.

    Args:
        city: Its name.
    """
    return f"rain in {city}"


question = [{"role": "user", "content": "What is the weather in Paris?"}]
runner = client.beta.messages.tool_runner(model=model, max_tokens=100, tools=[get_weather], messages=question)
assert "rain in Paris" in runner.until_done().content[0].text


def refused(**fields: object) -> anthropic.APIStatusError:
    """The error that a request with these fields is answered by."""
    try:
        answer = client.messages.create(**{**asked, **fields})
    except anthropic.APIStatusError as error:
        return error
    raise AssertionError(answer)


unknown = refused(model="no-such-model")
assert isinstance(unknown, anthropic.NotFoundError), unknown
assert unknown.body["error"]["type"] == "not_found_error", unknown.body
assert unknown.request_id == unknown.body["request_id"], unknown.body
assert isinstance(refused(max_tokens=0), anthropic.BadRequestError)
assert isinstance(refused(messages=[*question, {"role": "assistant", "content": "It ("}]), anthropic.BadRequestError)

assert next(one.id for one in client.models.list()) == model
assert client.models.retrieve(model).display_name == model


async def by_the_async_client() -> None:
    async with anthropic.AsyncAnthropic(base_url=url, api_key="unused", max_retries=0) as asynchronous:
        stream = await asynchronous.messages.create(**asked, stream=True)
        kinds = [event.type async for event in stream]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop"), kinds


asyncio.run(by_the_async_client())
print("ok")
