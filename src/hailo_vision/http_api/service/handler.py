"""The table of what the server says of itself."""

from hailo_vision.http_api.service import benchmark, docs, spec, status
from hailo_vision.http_api.web.routes import Route, Surface

SURFACE = Surface(
    routes=(
        Route(method="POST", path="/v1/benchmark", handler=benchmark.run, about=spec.BENCHMARK),
        Route(method="GET", path="/v1/models", handler=status.models, about=spec.MODELS),
        Route(method="GET", path="/v1/models/{id}", handler=status.model, about=spec.MODEL),
        Route(
            method="GET",
            path="/health",
            handler=status.health,
            about=spec.HEALTH,
            is_open=True,
            also=("/healthz", "/livez", "/health/live"),
        ),
        Route(
            method="GET",
            path="/health/ready",
            handler=status.ready,
            about=spec.READY,
            is_open=True,
            also=("/readyz",),
        ),
        Route(method="GET", path="/metrics", handler=status.metrics, about=spec.METRICS),
        Route(method="GET", path="/openapi.json", handler=docs.document, about=spec.OPENAPI, is_open=True),
        Route(method="GET", path="/docs", handler=docs.page, about=spec.DOCS, is_open=True),
    )
)
