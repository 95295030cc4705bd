"""POST /v1/chat/completions: parse, look at the pictures, take a turn, and answer whole or as a stream."""

from collections import defaultdict
from collections.abc import Sequence

from aiohttp import web

from hailo_vision.chat import Finish, Piece, ToolCall
from hailo_vision.http_api.openai.chat.parse import chat
from hailo_vision.http_api.openai.chat.reply import Choice, Reply
from hailo_vision.http_api.openai.chat.spec import CHAT
from hailo_vision.http_api.web.json_reply import json_reply
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.sse import DONE
from hailo_vision.http_api.web.stream import late_stream
from hailo_vision.http_api.web.surface import Call, Dialect, Events, prepare

DIALECT = Dialect(parse=chat, conversation="messages")


async def completions(request: web.Request) -> web.StreamResponse:
    call = await prepare(request, DIALECT)
    reply = Reply(
        id=f"chatcmpl-{call.id}",
        created=call.created,
        model=call.model,
        fingerprint=call.fingerprint,
        shows_usage=call.include_usage,
    )
    async with call.events() as events:
        return await (_stream if call.stream else _whole)(request, reply, call, events)


async def _whole(request: web.Request, reply: Reply, call: Call[None], events: Events) -> web.StreamResponse:
    parts: dict[int, list[Piece | ToolCall]] = defaultdict(list)
    finishes: dict[int, Finish] = {}
    async for part in events:
        if isinstance(part.event, Finish):
            finishes[part.choice] = part.event
        else:
            parts[part.choice].append(part.event)
    choices = [_choice(parts[index], finishes[index]) for index in sorted(finishes)]
    return await json_reply(reply.whole(choices, call.total))


def _choice(parts: Sequence[Piece | ToolCall], finish: Finish) -> Choice:
    pieces = [part for part in parts if isinstance(part, Piece)]
    return Choice(
        text="".join(piece.text for piece in pieces),
        calls=tuple(part for part in parts if isinstance(part, ToolCall)),
        reason=finish.reason,
        logprobs=tuple(logprob for piece in pieces for logprob in piece.logprobs),
    )


async def _stream(request: web.Request, reply: Reply, call: Call[None], events: Events) -> web.StreamResponse:
    async with late_stream(request) as stream:
        calls: dict[int, int] = {}  # of each choice that has begun
        async for part in events:
            chunks = b""
            if part.choice not in calls:
                calls[part.choice] = 0
                chunks = reply.first_chunk(part.choice)
            match part.event:
                case Piece(text=text, logprobs=logprobs):
                    chunks += reply.text_chunk(text, part.choice, logprobs) if text or logprobs else b""
                case ToolCall() as tool_call:
                    chunks += reply.call_chunk(calls[part.choice], tool_call, part.choice)
                    calls[part.choice] += 1
                case Finish() as finish:
                    chunks += reply.last_chunk(finish.reason, part.choice)
            await stream.write(chunks, has_next=part.has_next)
        usage = reply.usage_chunk(call.total) if reply.shows_usage else b""
        await stream.write(usage + DONE, has_next=True)
        return await stream.close()


SURFACE = Surface(
    routes=(Route(method="POST", path="/v1/chat/completions", handler=completions, about=CHAT),),
)
