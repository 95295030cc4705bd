"""What the handlers work with: given once, by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from hailo_vision.access.access import Access
from hailo_vision.config.settings import Settings
from hailo_vision.engines.contract import Engine
from hailo_vision.http_api.web.routes import Routes
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.serving.routing import Answering, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """What the chip last said of itself; up to a minute old."""

    temperature_c: float
    firmware: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What only the process as a whole knows of itself. `chip` is None when it did not answer, or there is none."""

    uptime_s: float
    daemon_memory_bytes: int
    worker_memory_bytes: int | None
    worker_restarts: int
    runtime_reason: str
    chip: Chip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The rooms behind the door. `started_at` is in seconds since 1970, as OpenAI's `created` wants it.

    `on_request` gets the route and the status of each request at its end; `metrics` gives the page for Prometheus and
    its content type for what a scraper accepts. `places` are the engines: the first one, which `engine` and `scheduler`
    are, then the one that answers in its stead, where there is one.
    """

    version: str
    started_at: int
    settings: Settings
    access: Access
    engine: Engine
    scheduler: Scheduler
    answers: Answering
    places: tuple[Place, ...]
    health: Callable[[], Health]
    on_request: Callable[[str, int], None]
    metrics: Callable[[str], tuple[bytes, str]]

    def place_of(self, model: object) -> Place:
        """Where a request for this name of a model is to be answered."""
        return self.places[-1 if model is not None and model == self.settings.model.fallback_name else 0]


SERVICES = web.AppKey("services", Services)
ROUTES = web.AppKey("routes", Routes)
