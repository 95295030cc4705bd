"""A server that misbehaves in one named way: the way is the model's name. On a port of its own, in the test's loop."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

SECRET = "sk-secret-of-the-other-side"
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}


def chunk(text: str | None = None, reason: str | None = None, **more: object) -> bytes:
    delta = {} if text is None else {"content": text}
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}
    return b"data: " + json.dumps(body).encode() + b"\r\n\r\n"


def delta(**fields: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": fields}]}).encode() + b"\n\n"


GOOD = (chunk("Hel"), b": a comment\n\n", chunk("lo"), chunk(reason="stop"), chunk(usage=USAGE), b"data: [DONE]\n\n")
REFUSALS = {
    "401": 401,
    "404": 404,
    "400": 400,
    "500": 500,
    "302": 302,
    "429": 429,
    "503": 503,
}


class Faulty:
    """`asked` are the bodies that came, `listed` what it says of its model. `left` is set when a client has hung up on
    a stream.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.left = asyncio.Event()
        self.written_bytes = 0
        self.base_url = ""
        self.listed: dict[str, object] = {"id": "good", "max_model_len": 4321}

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [self.listed]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        way = str(body["model"])
        if way == "busy once" and len(self.asked) == 1:
            return web.json_response({"error": {"message": SECRET}}, status=429, headers={"Retry-After": "0"})
        if way in REFUSALS:
            error = {"error": {"message": f"{SECRET} http://10.0.0.1/", "code": SECRET}}
            headers = {"Retry-After": "60", "Location": "http://127.0.0.1:1/"}
            return web.json_response(error, status=REFUSALS[way], headers=headers)
        if way.startswith("429 "):
            return web.json_response({}, status=429, headers={"Retry-After": way.removeprefix("429 ")})
        packed = {"Content-Encoding": "gzip"} if way == "gzip bomb" else {}
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **packed})
        await response.prepare(request)
        try:
            await getattr(self, way.replace(" ", "_"), self.good)(request, response)
        except (ConnectionResetError, asyncio.CancelledError):
            self.left.set()
            raise
        return response

    async def good(self, request: web.Request, response: web.StreamResponse) -> None:
        for part in GOOD:
            await response.write(part)

    async def in_crumbs(self, request: web.Request, response: web.StreamResponse) -> None:
        for byte in b"".join(GOOD):
            await response.write(bytes([byte]))

    async def dies(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(chunk("Hel"))
        assert request.transport is not None
        request.transport.abort()

    async def ends_early(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(chunk("Hel"))

    async def silent(self, request: web.Request, response: web.StreamResponse) -> None:
        await asyncio.Event().wait()

    async def silent_later(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(chunk("Hel"))
        while True:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.01)

    async def garbage(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(b"data: \xff\xfe{[[[\n\n")

    async def other_json(self, request: web.Request, response: web.StreamResponse) -> None:
        for odd in (b"3", b"[]", b'"x"', b"null"):
            await response.write(b"data: " + odd + b"\n\n")

    async def odd_fields(self, request: web.Request, response: web.StreamResponse) -> None:
        odd = {
            "choices": [{"delta": {"content": 7, "tool_calls": [3]}, "finish_reason": []}],
            "usage": "x",
            "timings": 3,
        }
        await response.write(b"data: " + json.dumps(odd).encode() + b"\n\n")
        await self.good(request, response)

    async def error_inside(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(chunk("Hel"))
        await response.write(b"data: " + json.dumps({"error": {"message": SECRET}}).encode() + b"\n\n")

    async def endless_line(self, request: web.Request, response: web.StreamResponse) -> None:
        while True:
            await response.write(b"data: " + b"x" * 65536)

    async def endless_words(self, request: web.Request, response: web.StreamResponse) -> None:
        part = chunk("word " * 200)
        while True:
            await response.write(part)
            self.written_bytes += len(part)

    async def _flood(self, response: web.StreamResponse, part: bytes) -> None:
        while True:
            await response.write(part)
            self.written_bytes += len(part)

    async def odd_numbers(self, request: web.Request, response: web.StreamResponse) -> None:
        logprob = '{"token":"a","logprob":NaN,"top_logprobs":[{"token":"b","logprob":-1e999}]}'
        await response.write(
            b'data: {"choices":[{"delta":{"content":"a"},"logprobs":{"content":[%s]}}]}\n\n' % logprob.encode()
        )
        huge = "1" + "0" * 4000
        usage = f'"usage":{{"prompt_tokens":NaN,"completion_tokens":{huge}}},"timings":{{"prompt_ms":1e999}}'
        await response.write(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],%s}\n\n' % usage.encode())

    async def gzip_bomb(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(gzip.compress(b": \n" * (20 << 20)))

    async def flood_of_text(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, chunk("A" * 500_000))

    async def flood_of_letters(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, chunk("A") * 500)

    async def flood_of_reasoning(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, delta(reasoning_content="A" * 5000))

    async def flood_of_arguments(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, delta(tool_calls=[{"index": 0, "function": {"name": "", "arguments": "A" * 5000}}]))

    async def flood_of_names(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, delta(tool_calls=[{"index": 0, "function": {"name": "A" * 50, "arguments": ""}}]))

    async def flood_of_calls(self, request: web.Request, response: web.StreamResponse) -> None:
        for index in range(200):
            await response.write(delta(tool_calls=[{"index": index, "function": {"name": "f", "arguments": ""}}]))

    async def flood_of_empty_events(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, delta() * 500)

    async def flood_of_comments(self, request: web.Request, response: web.StreamResponse) -> None:
        await self._flood(response, b": still here\n" * 500)

    async def calls(self, request: web.Request, response: web.StreamResponse) -> None:
        for delta in (
            {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"whe'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": 're":"left"}'}}]},
            {"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "look", "arguments": "{}"}}]},
        ):
            body = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            await response.write(b"data: " + json.dumps(body).encode() + b"\n\n")
        await response.write(chunk(reason="tool_calls") + b"data: [DONE]\n\n")


@asynccontextmanager
async def faulty(change: Callable[[web.Application], None] = lambda app: None) -> AsyncIterator[Faulty]:
    server, app = Faulty(), web.Application()
    app.router.add_get("/v1/models", server.models)
    app.router.add_post("/v1/chat/completions", server.complete)
    change(app)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield server
    finally:
        await runner.cleanup()
