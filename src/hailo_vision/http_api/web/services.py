"""What the handlers work with: given once, by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from hailo_vision.access.access import Access
from hailo_vision.config.settings import TooMany
from hailo_vision.http_api.web.routes import Routes
from hailo_vision.serving.served import ServedModels


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
class Downloads:
    """How clients may have a model's file downloaded: whether at all, into which folder, and for which HailoRT.

    `release` may ask the system, and raises ModelError where it can't be told.
    """

    are_allowed: bool
    folder: Path
    release: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The rooms behind HTTP. `started_at` is in seconds since 1970, as OpenAI's `created` wants it.

    `limit_bytes` is the largest body. `on_request` gets the route and the status of each request at its end; `metrics`
    gives the page for Prometheus and its content type for what a scraper accepts. `too_many_pictures` is the setting
    `images.too_many`.
    """

    version: str
    started_at: int
    access: Access
    models: ServedModels
    limit_bytes: int
    allows_benchmark: bool
    has_console: bool
    downloads: Downloads
    health: Callable[[], Health]
    on_request: Callable[[str, int], None]
    metrics: Callable[[str], tuple[bytes, str]]
    too_many_pictures: TooMany = "auto"


SERVICES = web.AppKey("services", Services)
ROUTES = web.AppKey("routes", Routes)
