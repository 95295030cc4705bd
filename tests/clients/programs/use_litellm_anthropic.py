"""LiteLLM by way of Anthropic's API: whole, streamed, tools, too long. Arguments: URL MODEL; stdin: the picture."""

import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the internet for prices

import litellm

litellm.suppress_debug_info = True
(url, model), picture = sys.argv[1:], sys.stdin.read()
common = {"model": f"anthropic/{model}", "api_base": url, "api_key": "unused", "num_retries": 0, "max_tokens": 100}
content = [
    {"type": "text", "text": "What colours are in this photo?"},
    {"type": "image_url", "image_url": {"url": picture}},
]
messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]

whole = litellm.completion(messages=messages, **common)
assert "blue" in whole.choices[0].message.content, whole
chunks = list(litellm.completion(messages=messages, stream=True, **common))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content

parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
tools = [{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}]
question = [{"role": "user", "content": "What is the weather in Paris?"}]
first = litellm.completion(messages=question, tools=tools, **common).choices[0]
assert first.finish_reason == "tool_calls", first
(call,) = first.message.tool_calls
result = {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"}
second = litellm.completion(messages=[*question, first.message.model_dump(), result], tools=tools, **common)
assert "18 degrees" in second.choices[0].message.content, second

try:
    answer = litellm.completion(messages=[{"role": "user", "content": "word " * 3000}], **common)
except litellm.ContextWindowExceededError:
    print("ok")
else:
    raise AssertionError(answer)
