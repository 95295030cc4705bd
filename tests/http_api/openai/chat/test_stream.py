"""The chunks of a stream of a chat."""

import json
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from hailo_vision.chat import Finish, FinishReason, Logprob, Piece, Timings, Usage
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.http_api.openai.chat.handler import _stream
from hailo_vision.http_api.openai.chat.reply import Reply
from hailo_vision.http_api.web.exchange import begin

# Keys of a request that are no strings are newer than the aiohttp of Debian 13.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

PIECES = (Piece(text="", logprobs=(Logprob(token="a", logprob=-1),)), Piece(text="é", logprobs=()))
FINISH = Finish(
    reason=FinishReason.STOP, usage=Usage(prompt_tokens=1, completion_tokens=2), timings=Timings(decode_s=1)
)


async def said() -> AsyncGenerator[ChoiceEvent]:
    for event in (*PIECES, FINISH):
        yield ChoiceEvent(choice=0, event=event)


async def handler(request: web.Request) -> web.StreamResponse:
    begin(request, 0.0)
    reply = Reply(id="chatcmpl-1", created=0, model="m", fingerprint="f")
    return await _stream(request, reply, cast(Any, SimpleNamespace(total=FINISH)), said())


async def test_the_log_probability_of_a_token_that_is_a_part_of_a_character_is_told() -> None:
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession() as client, client.get(f"http://{host}:{port}/") as response:
            lines = (await response.text()).split("\n\n")
    finally:
        await runner.cleanup()
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    tokens = [
        token["token"] for chunk in chunks for token in (chunk["choices"][0]["logprobs"] or {}).get("content", ())
    ]
    assert tokens == ["a"]
