"""POST /v1/vision/analyze, caption and vqa: read JSON or a form, look at the pictures, and tell what was seen."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from hailo_vision.chat import LoadedModel, Priority
from hailo_vision.http_api.vision.ahead import ahead
from hailo_vision.http_api.vision.batch import Batch, heard
from hailo_vision.http_api.vision.parse import analyze as parse_analyze
from hailo_vision.http_api.vision.parse import caption as parse_caption
from hailo_vision.http_api.vision.parse import vqa as parse_vqa
from hailo_vision.http_api.vision.reply import Head, Outcome, Seen, answer_json, engines_of, result_json, summary_json
from hailo_vision.http_api.vision.spec import ANALYZE, CAPTION, VQA
from hailo_vision.http_api.vision.upload import form_object
from hailo_vision.http_api.web.body import json_body, media_type, read_body
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.form import boundary_of, fields
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.services import SERVICES
from hailo_vision.http_api.web.sse import DONE, event
from hailo_vision.http_api.web.stream import EventStream
from hailo_vision.http_api.web.surface import Dialect, fingerprint, named_or_default, prepare, taking

_READS = "application/json, or a form with the picture in its field image (as of curl -F image=@photo.jpg)"


async def _read(request: web.Request, limit_bytes: int, take: Callable[[int], None]) -> JsonObject:
    """A body of JSON, or the fields of a form as JSON would say them."""
    if media_type(request) != "multipart/form-data":
        return await json_body(request, limit_bytes, take, reads=_READS)
    boundary = boundary_of(request.headers["Content-Type"])
    body = await read_body(request, limit_bytes, take)
    return form_object(await asyncio.to_thread(fields, body, boundary))


_ANALYZE = Dialect(parse=parse_analyze, conversation="prompt", read=_read, find=named_or_default)
_CAPTION = Dialect(parse=parse_caption, conversation="prompt", read=_read, find=named_or_default)
_VQA = Dialect(parse=parse_vqa, conversation="question", read=_read, find=named_or_default)


async def analyze(request: web.Request) -> web.StreamResponse:
    """Many pictures, each with an outcome of its own: once the request is taken, its status is 200."""
    async with taking(request, _ANALYZE) as taken:
        router, requests = taken.model.router, taken.parsed.requests
        model = await router.admit(requests[0], replace(taken.caller, priority=Priority.BATCH))
        deadline_s = taken.model.backend.scheduler.deadline_s
        batch = Batch(router, taken.caller, requests, deadline_s=deadline_s, take=taken.take)
        stream, count, name = taken.parsed.rest, len(requests), taken.model.name
        del taken, requests  # the batch lets go of each picture when it is a frame
        exchange(request).facts["images"] = count
        return await (_stream if stream else _whole)(request, _head(request, name, model), batch, count)


async def caption(request: web.Request) -> web.Response:
    _, seen, head = await _one(request, _CAPTION)
    return web.json_response({**head.json("vision.caption"), "caption": seen.text, **answer_json(seen)})


async def vqa(request: web.Request) -> web.Response:
    question, seen, head = await _one(request, _VQA)
    answer = {"question": question, "answer": seen.text, **answer_json(seen)}
    return web.json_response({**head.json("vision.answer"), **answer})


async def _one(request: web.Request, dialect: Dialect[str]) -> tuple[str, Seen, Head]:
    """What was asked of the one picture, what was seen in it, and how the answer begins."""
    call = await prepare(request, dialect)
    async with call.events() as events:
        seen = await heard(events, call.image_s)
    head = Head(id=f"vision-{call.id}", created=call.created, model=call.model, fingerprint=call.fingerprint)
    return call.rest, seen, head


def _head(request: web.Request, name: str, model: LoadedModel) -> Head:
    return Head(
        id=f"vision-{exchange(request).id}",
        created=int(time.time()),
        model=name,
        fingerprint=fingerprint(request.app[SERVICES].version, model),
    )


async def _whole(request: web.Request, head: Head, batch: Batch, count: int) -> web.Response:
    outcomes: list[Outcome] = []

    async def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)

    async def ping() -> None:
        pass

    await ahead(count, batch.one, tell, ping)
    summary = _summary(request, outcomes)
    outcomes.sort(key=lambda outcome: outcome.index)
    results = [result_json(outcome, batch.addresses[outcome.index], count) for outcome in outcomes]
    return web.json_response({**head.json("vision.analysis"), "results": results, **summary})


async def _stream(request: web.Request, head: Head, batch: Batch, count: int) -> web.StreamResponse:
    stream = await EventStream.open(request)
    outcomes: list[Outcome] = []

    async def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        result = result_json(outcome, batch.addresses[outcome.index], count)
        await stream.write(event({**head.json("vision.analysis.result"), **result}))

    async def ping() -> None:
        await stream.write(b": waiting\n\n")

    await ahead(count, batch.one, tell, ping)
    summary = _summary(request, outcomes)
    await stream.write(event({**head.json("vision.analysis.summary"), **summary}) + DONE)
    await stream.close()
    return stream.response


def _summary(request: web.Request, outcomes: list[Outcome]) -> JsonObject:
    summary = summary_json(outcomes)
    usage = summary["usage"]
    tokens = {name: usage[name] for name in ("prompt_tokens", "completion_tokens")}
    exchange(request).engine = engines_of(outcomes)
    exchange(request).facts.update({"failed": summary["failed"], **tokens})
    return summary


SURFACE = Surface(
    routes=(
        Route(method="POST", path="/v1/vision/analyze", handler=analyze, about=ANALYZE),
        Route(method="POST", path="/v1/vision/caption", handler=caption, about=CAPTION),
        Route(method="POST", path="/v1/vision/vqa", handler=vqa, about=VQA),
    )
)
