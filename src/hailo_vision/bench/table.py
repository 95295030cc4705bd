"""A result as lines for a terminal. Pure."""

from collections.abc import Iterator

from hailo_vision.bench import words
from hailo_vision.bench.figures import QUANTITIES, Figure, is_extreme
from hailo_vision.bench.result import Phase, Result

_HEAD = ("", "p50", "p95", "p99", "least", "most", "mean")
_TITLE = 22
_CELL = 11
FOOTNOTE = "* only the slowest answer: p95 needs 20 answers, p99 a hundred (nearest rank)"


def table(result: Result) -> str:
    return "\n".join((*_head(result), *(line for phase in result.phases for line in _phase(phase)), *_foot(result)))


def _head(result: Result) -> Iterator[str]:
    versions, plan = result.versions, result.plan
    runtime = " ".join(versions[name] or "" for name in ("runtime", "runtime_version"))
    yield f"hailo-vision {versions['server']} at {result.url}: {result.model}, {runtime.strip()}"
    questions = words.count(plan["questions"], "question")
    yield f"{questions}, at most {plan['max_tokens']} tokens each, pictures: {plan['pictures']}"


def _phase(phase: Phase) -> Iterator[str]:
    yield ""
    yield (
        f"{phase.name}, {words.count(phase.clients, 'client')}: {phase.answered} of {phase.questions} answered in "
        f"{words.seconds(phase.wall_s)}, {words.rate(phase.throughput_tokens_per_s)} tokens/s over all"
    )
    yield f"{_HEAD[0]:<{_TITLE}}" + "".join(f"{title:>{_CELL}}" for title in _HEAD[1:])
    for quantity in QUANTITIES:
        yield f"{quantity.title:<{_TITLE}}" + _cells(quantity.name, phase.figures[quantity.name])
    yield f"NPU busy {words.percent(phase.npu_busy_share)}, CPU of the machine {words.percent(phase.cpu_busy_share)}"
    if phase.errors:
        yield "Errors: " + ", ".join(f"{code} {number}" for code, number in phase.errors.items())
    if any(figure and is_extreme(99, figure.count) for figure in phase.figures.values()):
        yield FOOTNOTE


def _cells(name: str, figure: Figure | None) -> str:
    if figure is None:
        return f"{'unknown':>{_CELL}}"
    cells = [words.quantity(name, figure.p50) + " "]
    for percent, value in ((95, figure.p95), (99, figure.p99)):
        cells.append(words.quantity(name, value) + ("*" if is_extreme(percent, figure.count) else " "))
    cells += [words.quantity(name, value) + " " for value in (figure.minimum, figure.maximum, figure.mean)]
    return "".join(f"{cell:>{_CELL}}" for cell in cells).rstrip()


def _foot(result: Result) -> Iterator[str]:
    before, after = result.phases[0].before, result.phases[-1].after
    yield ""
    yield f"Load    {'unknown' if result.load_s is None else words.seconds(result.load_s)}"
    yield f"Chip    {words.celsius(before.temperature_c)} before, {words.celsius(after.temperature_c)} after"
    for name, before_bytes, after_bytes in (
        ("Daemon", before.daemon_bytes, after.daemon_bytes),
        ("Worker", before.worker_bytes, after.worker_bytes),
    ):
        yield f"{name}  {words.megabytes(before_bytes)} before, {words.megabytes(after_bytes)} after"
    if before.worker_restarts != after.worker_restarts:
        yield f"Worker  restarted in between: {before.worker_restarts} times before, {after.worker_restarts} after"
