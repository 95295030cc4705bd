"""POST /v1/responses: parse, look at the pictures, take a turn, and answer whole or as a stream. Nothing is stored."""

import time
from collections.abc import AsyncGenerator

from aiohttp import web

from hailo_vision.chat import Finish
from hailo_vision.errors import NotServed
from hailo_vision.generate.choices import Said
from hailo_vision.generate.frames import pictures
from hailo_vision.http_api.openai.responses.events import Telling, frames
from hailo_vision.http_api.openai.responses.parse import responses_request
from hailo_vision.http_api.openai.responses.reply import Reply
from hailo_vision.http_api.web.body import BODIES, json_body
from hailo_vision.http_api.web.facts import finish_facts, prepared_facts
from hailo_vision.http_api.web.guard import charge_images
from hailo_vision.http_api.web.late_stream import late_stream
from hailo_vision.http_api.web.naming import naming
from hailo_vision.http_api.web.request import FACTS, REQUEST_ID, caller
from hailo_vision.http_api.web.services import SERVICES


async def create(request: web.Request) -> web.StreamResponse:
    services, who = request.app[SERVICES], caller(request)
    with naming("input"):
        with request.app[BODIES].share() as take:
            body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
            asked = responses_request(body, services.settings.model, services.settings.generation)
            charge_images(request, len(pictures(asked.request)))
            prepared = await services.answers.prepare(asked.request, who)
        model, stream, echo = asked.request.model, asked.request.stream, asked.echo
        request[FACTS].update(prepared_facts(prepared, model))
        del body, asked  # tens of megabytes of pictures need not wait with the job
        reply = Reply(id=request[REQUEST_ID], created_at=int(time.time()), model=model, echo=echo)
        async with services.answers.answer(prepared, who) as said:
            return await (_stream if stream else _whole)(request, Telling(reply), said)


async def nothing_stored(_: web.Request) -> web.Response:
    message = "Responses are not stored here: a response is in the answer to POST /v1/responses, and nowhere else."
    raise NotServed(message, code="not_found")


async def not_counted(_: web.Request) -> web.Response:
    message = "Tokens are counted by the device, when it answers: see usage in the answer to POST /v1/responses."
    raise NotServed(message, code="not_found")


async def _whole(request: web.Request, telling: Telling, said: AsyncGenerator[Said]) -> web.Response:
    async for part in said:
        telling.tell(part.event)
        if isinstance(part.event, Finish):
            request[FACTS].update(finish_facts(part.event))
    return web.json_response(telling.response)


async def _stream(request: web.Request, telling: Telling, said: AsyncGenerator[Said]) -> web.StreamResponse:
    """An error before the first event is a status; a long wait before it is filled with comments."""
    async with late_stream(request, tell=lambda what: frames(telling.fail(what))) as stream:
        told = telling.begin()
        async for part in said:
            told += telling.tell(part.event)
            if told:
                await stream.write(frames(told))
            told = []
            if isinstance(part.event, Finish):
                request[FACTS].update(finish_facts(part.event))
        return await stream.close()
