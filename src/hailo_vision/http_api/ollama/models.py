"""GET /api/version, /api/tags, /api/ps and POST /api/show: what there is. The device is never asked."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from hailo_vision.http_api.ollama import card
from hailo_vision.http_api.ollama.card import Card
from hailo_vision.http_api.ollama.parse import named
from hailo_vision.http_api.web.body import body_memory, json_body
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.serving.served import ServedModel


async def version(request: web.Request) -> web.Response:
    return web.json_response(card.version(request.app[SERVICES].version))


async def tags(request: web.Request) -> web.Response:
    """Every served model under each of its names."""
    services = request.app[SERVICES]
    cards = [(model.names, await _card(services, model)) for model in services.models]
    return web.json_response(card.listed([(name, one) for names, one in cards for name in names]))


async def ps(request: web.Request) -> web.Response:
    """The models that are loaded, under each of their names, each until when."""
    services, now = request.app[SERVICES], datetime.now(UTC)
    loaded = [model for model in services.models if model.is_loaded]
    cards = [(model, await _card(services, model)) for model in loaded]
    running = [(name, one, model.backend.scheduler.unloads_in_s) for model, one in cards for name in model.names]
    return web.json_response(card.running(running, now))


async def show(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    async with body_memory(request) as take:
        body = await json_body(request, services.limit_bytes, take)
    return web.json_response(card.shown(await _card(services, named(services.models, body))))


async def _card(services: Services, model: ServedModel) -> Card:
    """Reads the disk, so in a thread."""
    facts = await asyncio.to_thread(lambda: model.facts)
    loaded = model.backend.scheduler.engine_model
    return Card(
        name=model.name,
        facts=facts,
        sees=model.sees,
        context_tokens=loaded.context_tokens if loaded is not None else facts.context_tokens,
        started_at=float(services.started_at),
    )
