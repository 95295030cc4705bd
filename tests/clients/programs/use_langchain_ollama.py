"""LangChain's ChatOllama: whole, streamed, with a form, with tools and their results.

Arguments: URL MODEL; stdin: the picture.
"""

import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

(url, model), picture = sys.argv[1:], sys.stdin.read()
chat = ChatOllama(base_url=url, model=model, validate_model_on_init=True)
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
print("ok")
