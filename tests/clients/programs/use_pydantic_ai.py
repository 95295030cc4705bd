"""pydantic-ai: words, a form of its own (tools) and ours (native), tools of an agent.

Arguments: URL MODEL; stdin: the picture.
"""

import base64
import sys

from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

(url, name), picture = sys.argv[1:], sys.stdin.read()
model = OpenAIChatModel(name, provider=OpenAIProvider(base_url=f"{url}/v1", api_key="unused"))
photo = BinaryContent(base64.b64decode(picture.partition(",")[2]), media_type="image/jpeg")


class Found(BaseModel):
    description: str
    is_dark: bool


words = Agent(model).run_sync(["What colours are in this photo?", photo])
assert "blue" in words.output, words.output
assert words.usage.input_tokens > 144

native = Agent(model, output_type=NativeOutput(Found)).run_sync(["Describe this photo.", photo])
assert isinstance(native.output, Found)
by_tool = Agent(model, output_type=Found).run_sync(["What is the final result?", photo])
assert isinstance(by_tool.output, Found)

agent = Agent(model)
asked: list[str] = []


@agent.tool_plain
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    asked.append(city)
    return f"rain in {city}"


assert "rain in Paris" in agent.run_sync("What is the weather in Paris?").output
assert asked == ["Paris"]
print("ok")
