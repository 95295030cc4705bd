"""LiteLLM: whole, streamed, a form, tools. Arguments: URL MODEL; stdin: the picture."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the internet for prices

import litellm

(url, model), picture = sys.argv[1:], sys.stdin.read()
common = {"model": f"openai/{model}", "api_base": f"{url}/v1", "api_key": "unused", "num_retries": 0}
content = [
    {"type": "text", "text": "What colours are in this photo?"},
    {"type": "image_url", "image_url": {"url": picture}},
]
messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": content}]

whole = litellm.completion(messages=messages, **common)
assert "blue" in whole.choices[0].message.content, whole
chunks = list(litellm.completion(messages=messages, stream=True, stream_options={"include_usage": True}, **common))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
assert len({chunk.created for chunk in chunks}) == 1

form = {"type": "object", "properties": {"is_dark": {"type": "boolean"}}, "required": ["is_dark"]}
wanted = {"type": "json_schema", "json_schema": {"name": "found", "schema": form, "strict": True}}
found = litellm.completion(messages=messages, response_format=wanted, **common)
assert isinstance(json.loads(found.choices[0].message.content)["is_dark"], bool)

parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
tools = [{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}]
asked = [{"role": "user", "content": "What is the weather in Paris?"}]
called = litellm.completion(messages=asked, tools=tools, **common)
(call,) = called.choices[0].message.tool_calls
assert json.loads(call.function.arguments) == {"city": "Paris"}

try:
    litellm.completion(messages=[{"role": "user", "content": "word " * 3000}], **common)
except litellm.ContextWindowExceededError:
    print("ok")
