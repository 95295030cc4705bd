"""LangChain's ChatOpenAI: whole, streamed, with a form, with tools and their results.

Arguments: URL MODEL; stdin: the picture.
"""

import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

(url, model), picture = sys.argv[1:], sys.stdin.read()
chat = ChatOpenAI(base_url=f"{url}/v1", api_key="unused", model=model, max_retries=0, stream_usage=True)
question = HumanMessage(
    content=[
        {"type": "text", "text": "What colours are in this photo?"},
        {"type": "image_url", "image_url": {"url": picture}},
    ]
)

whole = chat.invoke([question])
assert "blue" in whole.content, whole
assert whole.usage_metadata["total_tokens"] > 144
streamed = list(chat.stream([question]))
assert "".join(part.content for part in streamed) == whole.content
assert len(streamed) > 5


class Found(BaseModel):
    description: str
    is_dark: bool


found = chat.with_structured_output(Found).invoke([question])
assert isinstance(found, Found), found
assert "blue" in found.description


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"rain in {city}"


agent = chat.bind_tools([get_weather])
talk = [HumanMessage("What is the weather in Paris?")]
said = agent.invoke(talk)
assert [call["args"] for call in said.tool_calls] == [{"city": "Paris"}], said
talk += [said, *[ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]) for call in said.tool_calls]]
assert "rain in Paris" in agent.invoke(talk).content
streamed_calls = [call for part in agent.stream(talk[:1]) for call in part.tool_call_chunks]
assert [call["name"] for call in streamed_calls] == ["get_weather"]
forced = chat.bind_tools([get_weather], tool_choice="get_weather").invoke("Hello!")
assert forced.tool_calls[0]["name"] == "get_weather"
print("ok")
