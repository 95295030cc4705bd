"""What the server says of itself. No handler here asks the device: they answer at once, whatever it is doing."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import NotReady, UnknownModel
from hailo_vision.http_api.openai.usage import model_json
from hailo_vision.http_api.web.faults import fault
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.serving.names import is_served
from hailo_vision.serving.routing import unready


async def health(request: web.Request) -> web.Response:
    """200 while the process works, whatever the device does."""
    return web.json_response(health_json(request.app[SERVICES]))


def health_json(services: Services) -> dict[str, Any]:
    known, loaded = services.health(), services.engine.model
    return {
        "status": "ok",
        "state": services.engine.state,
        **_readiness(services),
        "model": services.settings.model.name,
        "model_loaded": services.engine.state in (EngineState.READY, EngineState.BUSY),
        "runtime": services.settings.device.runtime,
        "runtime_reason": known.runtime_reason,
        "runtime_version": loaded.runtime_version if loaded else None,
        "device": loaded.device if loaded else None,
        "load_seconds": round(loaded.load_s, 3) if loaded else None,
        "version": services.version,
        "uptime_seconds": round(known.uptime_s, 3),
        "queue": _added(
            {"running": one.running, "slots": one.slots, "waiting": one.waiting, "depth": one.depth}
            for one in (place.scheduler for place in services.places)
        ),
        "memory": {
            "daemon_bytes": known.daemon_memory_bytes,
            "worker_bytes": known.worker_memory_bytes,
        },
        "worker_restarts": known.worker_restarts,
        "chip": known.chip and asdict(known.chip),
        "jobs": _jobs(services),
        "tokens": _added(asdict(place.scheduler.totals.tokens) for place in services.places),
    }


def _jobs(services: Services) -> dict[str, Any]:
    """Sums since the start: all who asked are admitted or refused, all admitted have ended, wait or run.

    Of two engines both count: whom the first one refuses and the second one takes is in both sums.
    """
    totals = [place.scheduler.totals for place in services.places]
    return {
        "admitted": sum(one.admitted for one in totals),
        **_added(one.ended for one in totals),
        "refused": _added(one.refused for one in totals),
        "waited_seconds": round(sum(one.waited_s for one in totals), 3),
        "busy_seconds": round(sum(place.engine.busy_s for place in services.places), 3),
    }


def _added(counts: Iterable[Mapping[Any, int]]) -> dict[str, int]:
    """Sums by name, those that are 0 too."""
    sums: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            sums[name] = sums.get(name, 0) + count
    return sums


async def ready(request: web.Request) -> web.Response:
    """200 when a question about a picture would be taken by one of the engines, else 503 with the reason."""
    services = request.app[SERVICES]
    why = unready(*services.places)
    if why is None:
        return web.json_response(_readiness(services))
    told = fault(why)
    return web.json_response(_readiness(services), status=told.status, headers=told.headers)


def _readiness(services: Services) -> dict[str, Any]:
    """As a whole, and of each engine."""
    return {
        **_told(unready(*services.places)),
        "engines": [
            {"engine": place.name, "sees_pictures": place.sees, **_told(place.scheduler.unready)}
            for place in services.places
        ],
    }


def _told(why: NotReady | None) -> dict[str, Any]:
    return {
        "ready": why is None,
        "reason": None if why is None else why.reason,
        "message": None if why is None else str(why),
    }


async def metrics(request: web.Request) -> web.Response:
    """For Prometheus."""
    page, content_type = request.app[SERVICES].metrics(request.headers.get("Accept", ""))
    return web.Response(body=page, headers={"Content-Type": content_type})


async def models(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    names = _names(services)
    return web.json_response({"object": "list", "data": [_model(services, name) for name in names]})


async def model(request: web.Request) -> web.Response:
    services, name = request.app[SERVICES], request.match_info["id"]
    if name not in _names(services) and not is_served(name, services.settings.model):
        raise UnknownModel(name[:100], services.settings.model.name)
    return web.json_response(_model(services, name))


def _names(services: Services) -> tuple[str, ...]:
    model = services.settings.model
    return (model.name, *model.aliases, *([] if model.fallback_name is None else [model.fallback_name]))


def _model(services: Services, name: str) -> dict[str, Any]:
    """What clients of vLLM and of llama.cpp look for stands in it too, each in its place."""
    place, wanted = services.place_of(name), services.settings.model
    known = (name,) if name == wanted.fallback_name else (wanted.name, *wanted.aliases)
    loaded = place.scheduler.engine_model
    entry = model_json(name, place.name, services.started_at, loaded)
    return {
        **entry,
        "aliases": [other for other in known if other != name],
        "architecture": {"input_modalities": entry["input_modalities"], "output_modalities": ["text"]},
        "meta": {"n_ctx": loaded and loaded.context_tokens},
    }
