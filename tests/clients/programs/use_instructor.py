"""instructor, in each of the modes that this server serves. Arguments: URL MODEL; stdin: the picture."""

import sys

import instructor
from openai import OpenAI
from pydantic import BaseModel, Field

(url, model), picture = sys.argv[1:], sys.stdin.read()
content = [
    {"type": "text", "text": "What colours are in this photo? Found them all."},
    {"type": "image_url", "image_url": {"url": picture}},
]


class Found(BaseModel):
    description: str = Field(description="What it shows")
    share: int = Field(ge=0, le=100)


for mode in (instructor.Mode.JSON_SCHEMA, instructor.Mode.JSON, instructor.Mode.TOOLS, instructor.Mode.MD_JSON):
    if mode is instructor.Mode.MD_JSON:
        continue  # asks for Markdown in words, which no form of ours is about
    client = instructor.from_openai(OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0), mode=mode)
    found = client.chat.completions.create(
        model=model, response_model=Found, messages=[{"role": "user", "content": content}], max_retries=0
    )
    assert isinstance(found, Found), (mode, found)
    assert 0 <= found.share <= 100
print("ok")
