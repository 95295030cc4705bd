"""LlamaIndex, OpenAILike and Ollama: a picture, whole, streamed, a schema, tools, errors.

Arguments: URL MODEL; stdin: the picture.
"""

import sys
from collections.abc import Callable

import ollama
import openai
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import FunctionTool
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

(url, name), picture = sys.argv[1:], sys.stdin.read()
question = ChatMessage(role="user", blocks=[TextBlock(text="What colours are in this photo?"), ImageBlock(url=picture)])


class Found(BaseModel):
    description: str
    is_dark: bool


def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"rain in {city}"


def by_openai(model: str) -> FunctionCallingLLM:
    return OpenAILike(
        model=model,
        api_base=f"{url}/v1",
        api_key="unused",
        is_chat_model=True,
        is_function_calling_model=True,
        should_use_structured_outputs=True,
        context_window=2048,
        max_retries=0,
    )


def by_ollama(model: str) -> FunctionCallingLLM:
    return Ollama(model=model, base_url=url, context_window=2048)


def try_all(client: Callable[[str], FunctionCallingLLM]) -> None:
    llm = client(name)
    whole = llm.chat([question]).message.content
    assert whole, whole
    assert "blue" in whole, whole
    pieces = [piece.delta or "" for piece in llm.stream_chat([question])]
    assert len(pieces) > 5, pieces
    assert "".join(pieces) == whole
    found = llm.as_structured_llm(Found).chat([question]).raw
    assert isinstance(found, Found), found

    tool = FunctionTool.from_defaults(get_weather)
    asked = ChatMessage(role="user", content="What is the weather in Paris?")
    said = llm.chat_with_tools([tool], chat_history=[asked])
    (call,) = llm.get_tool_calls_from_response(said)
    assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Paris"}), call
    result = ChatMessage(role="tool", content=get_weather(**call.tool_kwargs))
    result.additional_kwargs = {"tool_call_id": call.tool_id, "name": call.tool_name}
    answer = llm.chat_with_tools([tool], chat_history=[asked, said.message, result]).message.content
    assert answer, answer
    assert "rain in Paris" in answer, answer

    try:
        answer = client("no-such-model").chat([asked])
    except (openai.NotFoundError, ollama.ResponseError) as error:
        shown = str(error)
    else:
        raise AssertionError(answer)
    assert "no-such-model" in shown, shown


for each in (by_openai, by_ollama):
    try_all(each)
print("ok")
