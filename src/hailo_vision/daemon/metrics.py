"""The metrics for Prometheus: counters grow as events happen, gauges are read at each scrape.

Names are the field's, with base units and `_total`. Every label has a bounded set of values: names of clients, models
and addresses are none.
"""

import platform
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hailo_vision.chat import LoadedModel, Priority
from hailo_vision.daemon.host import Host
from hailo_vision.engines.backoff import RESTART_REASONS
from hailo_vision.engines.contract import EngineState
from hailo_vision.http_api.app import CLIENT_GONE
from hailo_vision.http_api.openapi.document import failures
from hailo_vision.http_api.web.faults import IMAGE_CODES
from hailo_vision.http_api.web.routes import Route
from hailo_vision.http_api.web.services import Health
from hailo_vision.images.formats import Format
from hailo_vision.images.pictures import PictureRecord
from hailo_vision.scheduler.record import JobRecord, Outcome, Refusal
from hailo_vision.serving.served import ServedModels

# The chip needs 0.9 s to the first token and 0.12 s for each; who waits behind four others waits two minutes.
_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
_PREFILL_SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8, 15)
_TOKENS_PER_SECOND = (1, 2, 4, 6, 7, 8, 9, 10, 15, 25, 50, 100)
_TOKENS = (1, 8, 32, 64, 128, 256, 512, 1024, 2048, 4096)
_PIXELS = (1e5, 3e5, 1e6, 2e6, 4e6, 8e6, 1.6e7)
_DECODE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """Counters and histograms; each is updated from one record of another room."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        counter, histogram = self._counter, self._histogram
        self._requests = counter("requests", "Requests by what became of them.", "endpoint", "outcome", "status")
        self._jobs = counter(
            "jobs", "Requests that had a place in the queue, by how they ended.", "outcome", "priority"
        )
        self._refusals = counter("refusals", "Requests that got no place in the queue.", "reason")
        self._queue = histogram("queue_time_seconds", "From a place in the queue to a turn.", _SECONDS)
        self._ttft = histogram("time_to_first_token_seconds", "From a request's arrival to its first token.", _SECONDS)
        self._prefill = histogram("prefill_seconds", "From the turn to the first token.", _PREFILL_SECONDS)
        self._decode = histogram("decode_seconds", "From the first token to the last.", _SECONDS)
        self._rate = histogram("tokens_per_second", "Tokens of one answer by its decode time.", _TOKENS_PER_SECOND)
        self._length = histogram("completion_length_tokens", "Tokens of one answer.", _TOKENS)
        self._prompt = counter("prompt_tokens", "Tokens of prompts, cached ones included.")
        self._cached = counter("cached_tokens", "Tokens of prompts that needed no prefill.")
        self._completion = counter("completion_tokens", "Tokens of answers.")
        self._images = counter("images", "Pictures that were looked at.", "format", "cached")
        self._bad_images = counter("image_refusals", "Pictures that could not be used.", "reason")
        self._image_decode = histogram("image_decode_seconds", "The decoding of one picture.", _DECODE_SECONDS)
        self._image_pixels = histogram("image_pixels", "Pixels of one picture's file.", _PIXELS)
        self._restarts = counter(
            "worker_restarts", "Workers that had to be replaced, and servers that were lost.", "reason"
        )

        self._begin()

    def _begin(self) -> None:
        """Have each series from the start with 0: without it Prometheus' increase() would not see the first event."""
        for outcome in Outcome:
            for priority in Priority:
                self._jobs.labels(outcome, priority)
        for refusal in Refusal:
            self._refusals.labels(refusal)
        for name in Format:
            for is_cached in ("false", "true"):
                self._images.labels(name.setting, is_cached)
        for code in IMAGE_CODES.values():
            self._bad_images.labels(code)
        for reason in RESTART_REASONS:
            self._restarts.labels(reason)

    def serve(self, routes: Iterable[Route]) -> None:
        """The same for requests: the statuses that each route is documented with, and those of unknown paths."""
        for route in routes:
            for status in (200, *failures(route), CLIENT_GONE):
                self._requests.labels(route.path, _outcome(status), str(status))
        for status in (403, 404, 405):
            self._requests.labels("none", _outcome(status), str(status))

    def request_ended(self, endpoint: str, status: int) -> None:
        """`endpoint` is the pattern of a route, or one word for all that is none."""
        self._requests.labels(endpoint, _outcome(status), str(status)).inc()

    def job_ended(self, record: JobRecord) -> None:
        self._jobs.labels(record.outcome, record.priority).inc()
        timings, usage = record.timings, record.usage
        self._queue.observe(timings.queue_s)
        if record.ttft_s is not None:
            self._ttft.observe(record.ttft_s)
        if usage is None:
            return
        self._prefill.observe(timings.prefill_s)
        self._decode.observe(timings.decode_s)
        self._length.observe(usage.completion_tokens)
        if timings.decode_s > 0 and usage.completion_tokens > 1:
            self._rate.observe((usage.completion_tokens - 1) / timings.decode_s)
        self._prompt.inc(usage.prompt_tokens)
        self._cached.inc(usage.cached_tokens)
        self._completion.inc(usage.completion_tokens)

    def refused(self, reason: Refusal) -> None:
        self._refusals.labels(reason).inc()

    def picture_ended(self, record: PictureRecord) -> None:
        if record.fault is not None:
            self._bad_images.labels(IMAGE_CODES[record.fault]).inc()
            return
        self._images.labels(record.format, "false" if record.decode_s is not None else "true").inc()
        if record.decode_s is not None and record.pixels is not None:
            self._image_decode.observe(record.decode_s)
            self._image_pixels.observe(record.pixels)

    def worker_restarted(self, reason: str) -> None:
        self._restarts.labels(reason).inc()

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type: OpenMetrics for those who accept it, else Prometheus' own text."""
        encoder, content_type = choose_encoder(accept)
        page: bytes = encoder(self.registry)
        return page, content_type

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"hailo_vision_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"hailo_vision_{name}", about, buckets=buckets, registry=self.registry)


def _outcome(status: int) -> str:
    match status:
        case _ if status == CLIENT_GONE:
            return "cancelled"
        case 429 | 503:
            return "refused"
        case _ if status < 400:
            return "answered"
        case _ if status < 500:
            return "invalid"
        case _:
            return "failed"


class Readings(Collector):
    """Gauges that are read when Prometheus scrapes; none of them asks the device.

    The state is that of the default model; figures of work are sums over all engines.
    """

    def __init__(self, *, version: str, models: ServedModels, health: Callable[[], Health], host: Host) -> None:
        self._version = version
        self._models = models
        self._health = health
        self._host = host

    def collect(self) -> Iterator[Metric]:
        engine, backends = self._models.default.backend.engine, self._models.backends
        schedulers = [backend.scheduler for backend in backends]
        health, model, host = self._health(), engine.model, self._host.read()
        yield self._build(model)
        states = GaugeMetricFamily(
            "hailo_vision_engine_state", "1 at the state that the default model's engine is in.", labels=["state"]
        )
        for state in EngineState:
            states.add_metric([state], float(state is engine.state))
        yield states
        ready = float(self._models.default.unready is None)
        yield _gauge("ready", "1 when a question about a picture would be taken, by whichever engine.", ready)
        yield _gauge("requests_running", "Jobs that have an engine.", sum(queue.running for queue in schedulers))
        yield _gauge("requests_waiting", "Jobs that wait for their turn.", sum(queue.waiting for queue in schedulers))
        yield _gauge("queue_depth", "Places to wait, at all engines.", sum(queue.depth for queue in schedulers))
        yield self._busy()
        yield _gauge("start_time_seconds", "When the daemon began, since 1970.", time.time() - health.uptime_s)
        if model is not None:
            yield _gauge("model_load_seconds", "What the last load of the default model took.", model.load_s)
            yield _gauge("context_tokens", "The whole context of the default model.", model.context_tokens)
        memory = GaugeMetricFamily(
            "hailo_vision_memory_bytes",
            "Resident memory; worker is all children that hold a model.",
            labels=["process"],
        )
        memory.add_metric(["daemon"], health.daemon_memory_bytes)
        if health.worker_memory_bytes is not None:
            memory.add_metric(["worker"], health.worker_memory_bytes)
        yield memory
        if health.chip is not None:
            yield _gauge("chip_temperature_celsius", "The chip's own sensor.", health.chip.temperature_c)
        if host.temperature_c is not None:
            yield _gauge("cpu_temperature_celsius", "The processor's own sensor.", host.temperature_c)
        if host.is_throttled is not None:
            yield _gauge("cpu_throttled", "1 while the board is slowed down by heat or low voltage.", host.is_throttled)

    def _busy(self) -> Metric:
        """Busy seconds by engine, as those of the chip and of a fallback can't be added."""
        about = "Prefill and decode of all generations, by the engine's own clock."
        busy = CounterMetricFamily("hailo_vision_npu_busy_seconds", about, labels=["engine"])
        seconds: dict[str, float] = {}
        for backend in self._models.backends:
            seconds[backend.name] = seconds.get(backend.name, 0.0) + backend.engine.busy_s
        for name, busy_s in seconds.items():
            busy.add_metric([name], busy_s)
        return busy

    def _build(self, model: LoadedModel | None) -> Metric:
        """Constant facts, so that a graph can tell before and after an upgrade."""
        facts = {
            "version": self._version,
            "python": platform.python_version(),
            "runtime": model.runtime if model else "",
            "runtime_version": model.runtime_version if model else "",
        }
        build = GaugeMetricFamily("hailo_vision_build_info", "1; the facts are in the labels.", labels=list(facts))
        build.add_metric(list(facts.values()), 1.0)
        return build


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hailo_vision_{name}", about, value=float(value))
