"""GET /api/version, /api/tags, /api/ps and POST /api/show: what there is. The device is never asked."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import ModelError
from hailo_vision.http_api.ollama import card
from hailo_vision.http_api.ollama.card import Facts
from hailo_vision.http_api.ollama.parse import model_name
from hailo_vision.http_api.web.body import BODIES, json_body
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.models.catalogue import CATALOGUE, builds
from hailo_vision.models.store import Place

_CONTEXT_TOKENS = 2048  # of the catalogue's model, until it is loaded and says it itself


async def version(request: web.Request) -> web.Response:
    return web.json_response(card.version(request.app[SERVICES].version))


async def tags(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    names = (services.settings.model.name, *services.settings.model.aliases)
    return web.json_response(card.listed(names, await facts_of(services)))


async def ps(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    if services.engine.state not in (EngineState.READY, EngineState.BUSY):
        return web.json_response({"models": []})
    left_s = services.scheduler.unloads_in_s
    return web.json_response(card.running(await facts_of(services), datetime.now(UTC), left_s))


async def show(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    with request.app[BODIES].share() as take:
        body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
    model_name(body, services.settings.model)
    return web.json_response(card.shown(await facts_of(services)))


async def facts_of(services: Services) -> Facts:
    return await asyncio.to_thread(_facts, services)


def _facts(services: Services) -> Facts:
    """Reads the disk: the file's size and date, and the note that a pull has left beside it."""
    model, loaded = services.settings.model, services.engine.model
    place = Place(path=Path(model.hef))
    try:
        known = builds(CATALOGUE, model.name)[0]
    except ModelError:
        known = CATALOGUE[0]  # under a name of the operator's own
    try:
        size_bytes, changed_at = place.path.stat().st_size, place.path.stat().st_mtime
    except OSError:
        size_bytes, changed_at = known.listed_bytes, float(services.started_at)
    origin = place.origin
    return Facts(
        name=model.name,
        size_bytes=size_bytes,
        modified_at=datetime.fromtimestamp(changed_at, UTC),
        sha256=origin.sha256 if origin is not None and origin.size_bytes == size_bytes else None,
        licence=known.licence,
        context_tokens=_CONTEXT_TOKENS if loaded is None else loaded.context_tokens,
    )
