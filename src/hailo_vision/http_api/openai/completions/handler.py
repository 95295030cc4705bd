"""POST /v1/completions: answer one prompt after the other, whole or as a stream."""

from aiohttp import web

from hailo_vision.chat import Finish, Logprob, Piece
from hailo_vision.http_api.openai.completions.parse import completions
from hailo_vision.http_api.openai.completions.reply import Reply, choice
from hailo_vision.http_api.openai.completions.spec import COMPLETIONS
from hailo_vision.http_api.web.json_reply import json_reply
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.sse import DONE
from hailo_vision.http_api.web.stream import late_stream
from hailo_vision.http_api.web.surface import Call, Dialect, Events, prepare

Echoes = tuple[str, ...]

DIALECT = Dialect(parse=completions, conversation="prompt")


async def create(request: web.Request) -> web.StreamResponse:
    call = await prepare(request, DIALECT)
    reply = Reply(
        id=f"cmpl-{call.id}",
        created=call.created,
        model=call.model,
        fingerprint=call.fingerprint,
        shows_usage=call.include_usage,
    )
    async with call.events() as events:
        return await (_stream if call.stream else _whole)(request, reply, call, events)


async def _whole(request: web.Request, reply: Reply, call: Call[Echoes], events: Events) -> web.StreamResponse:
    texts = [[echo] for echo in call.rest for _ in range(call.n)]
    logprobs: list[list[Logprob]] = [[] for _ in texts]
    finishes: dict[int, Finish] = {}
    async for part in events:
        match part.event:
            case Piece() as piece:
                texts[part.choice].append(piece.text)
                logprobs[part.choice].extend(piece.logprobs)
            case Finish():
                finishes[part.choice] = part.event
    choices = [
        choice(index, "".join(texts[index]), finishes[index].reason, logprobs[index], offset=len(texts[index][0]))
        for index in sorted(finishes)
    ]
    return await json_reply(reply.whole(choices, call.total.usage))


async def _stream(request: web.Request, reply: Reply, call: Call[Echoes], events: Events) -> web.StreamResponse:
    """An error before the first chunk is a status; a long wait before it is filled with comments."""
    echoes = dict(enumerate(echo for echo in call.rest for _ in range(call.n)))
    offsets = {index: len(echo) for index, echo in echoes.items()}
    async with late_stream(request) as stream:
        async for part in events:
            if echo := echoes.pop(part.choice, ""):
                await stream.write(reply.chunk(part.choice, echo))
            match part.event:
                case Piece(text=text, logprobs=logprobs) if text or logprobs:
                    await stream.write(reply.chunk(part.choice, text, None, logprobs, offset=offsets[part.choice]))
                    offsets[part.choice] += len(text)
                case Finish():
                    await stream.write(reply.chunk(part.choice, "", part.event.reason))
        usage = reply.usage_chunk(call.total.usage) if reply.shows_usage else b""
        await stream.write(usage + DONE)
        return await stream.close()


SURFACE = Surface(routes=(Route(method="POST", path="/v1/completions", handler=create, about=COMPLETIONS),))
