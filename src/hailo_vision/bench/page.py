"""A result as one HTML page that needs nothing else: style and charts are in it, and no script. Pure."""

from collections.abc import Iterator
from html import escape

from hailo_vision.bench import chart, words
from hailo_vision.bench.chart import Mark, Point
from hailo_vision.bench.figures import QUANTITIES, Figure, Quantity, is_extreme
from hailo_vision.bench.result import Phase, Result
from hailo_vision.bench.style import STYLE

# Also for a browser that opens the file from a disk: nothing is fetched, nothing runs.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_HEAD = ("p50", "p95", "p99", "least", "most", "mean")


def page(result: Result) -> str:
    """Well-formed as XML too, so that a test can hold it against that."""
    title = f"{result.model}: {result.answered} answers measured"
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>',
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
            '<meta name="color-scheme" content="light dark"/>',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
            *_header(result),
            *(part for phase in result.phases for part in _phase(phase)),
            *_surroundings(result),
            "</main></body></html>\n",
        )
    )


def _header(result: Result) -> Iterator[str]:
    versions, plan = result.versions, result.plan
    runtime = " ".join(versions[name] or "" for name in ("runtime", "runtime_version")).strip()
    yield f'<header><p class="over">hailo-vision bench</p><h1>{escape(result.model)}</h1>'
    yield f"<p>{escape(words.count(plan['questions'], 'question'))}, at most {plan['max_tokens']} tokens each, "
    yield f"pictures: {escape(str(plan['pictures']))}. "
    yield f"Runtime {escape(runtime)}, measured {escape(result.made_at)}.</p>"
    if versions["runtime"] != "hailo":
        yield '<p class="note">No NPU was measured: these are the times of a stand-in, not of the chip.</p>'
    yield "</header>"


def _phase(phase: Phase) -> Iterator[str]:
    clients = words.count(phase.clients, "client")
    yield f"<section><h2>{escape(phase.name.capitalize())}, {clients}</h2>"
    yield f'<dl class="cards">{"".join(_cards(phase))}</dl><div class="charts">{"".join(_charts(phase))}</div>'
    yield f'<div class="scroll"><table><thead><tr><th scope="col">Figure</th>{"".join(map(_th, _HEAD))}</tr></thead>'
    rows = "".join(_row(quantity, phase.figures[quantity.name]) for quantity in QUANTITIES)
    yield f"<tbody>{rows}</tbody></table></div>"
    if phase.errors:
        errors = ", ".join(f"{escape(code)} ({number})" for code, number in phase.errors.items())
        yield f'<p class="note">Not answered: {errors}.</p>'
    yield f'<p class="small">{_footnote(phase)}</p></section>'


def _cards(phase: Phase) -> Iterator[str]:
    for name, title in (("ttft_s", "First token"), ("tokens_per_s", "Tokens/s"), ("total_s", "End to end")):
        figure = phase.figures[name]
        value = "not measured" if figure is None else words.quantity(name, figure.p50)
        yield f"<div><dt>{title}, median</dt><dd>{escape(value)}</dd></div>"
    yield f"<div><dt>Answered</dt><dd>{phase.answered} of {phase.questions}</dd></div>"
    yield f"<div><dt>Tokens/s over all</dt><dd>{words.rate(phase.throughput_tokens_per_s)}</dd></div>"
    yield f"<div><dt>NPU busy</dt><dd>{words.percent(phase.npu_busy_share)}</dd></div>"


def _charts(phase: Phase) -> Iterator[str]:
    whole = [sample for sample in phase.samples if sample.error is None]
    failures = [sample.started_s for sample in phase.samples if sample.error is not None]
    titles = (("ttft_s", "Time to first token", "seconds"), ("tokens_per_s", "Token rate", "tokens/s"))
    for name, title, unit in titles:
        quantity, figure = _quantity(name), phase.figures[name]
        points = [
            Point(x=sample.started_s, y=value, about=f"{words.quantity(name, value)}, question {sample.number + 1}")
            for sample in whole
            if (value := quantity.of(sample)) is not None
        ]
        median = Mark(
            at=figure.p50 if figure else 0.0, word=f"median {words.quantity(name, figure.p50 if figure else 0)}"
        )
        is_joined = phase.clients == 1
        drawing = chart.over_time(points, failures, median, unit=unit, name=title, joined=is_joined)
        yield f"<figure><figcaption>{title} over time</figcaption>{drawing}</figure>"
    total = phase.figures["total_s"]
    marks = [
        Mark(at=at, word=f"{name} {words.seconds(at)}")
        for name, at in ((("p50", total.p50), ("p95", total.p95), ("p99", total.p99)) if total else ())
    ]
    spread = chart.distribution([sample.total_s for sample in whole], marks, unit="seconds", name="End to end")
    yield f"<figure><figcaption>End to end, how it is spread</figcaption>{spread}</figure>"


def _row(quantity: Quantity, figure: Figure | None) -> str:
    title = f'<th scope="row">{escape(quantity.title)}</th>'
    if figure is None:
        return f'<tr>{title}<td colspan="{len(_HEAD)}" class="none">not reported by the server</td></tr>'
    stars = {percent: "*" if is_extreme(percent, figure.count) else "" for percent in (95, 99)}
    cells = [
        words.quantity(quantity.name, figure.p50),
        words.quantity(quantity.name, figure.p95) + stars[95],
        words.quantity(quantity.name, figure.p99) + stars[99],
        *(words.quantity(quantity.name, value) for value in (figure.minimum, figure.maximum, figure.mean)),
    ]
    return f"<tr>{title}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _footnote(phase: Phase) -> str:
    text = (
        "Percentiles are by nearest rank: each is a value that was measured. For a rate, a high percentile is a slow "
        "answer. Queue, picture and prefill are measured by the server's clock, the rest by the client's."
    )
    counts = [figure.count for figure in phase.figures.values() if figure]
    if any(is_extreme(99, count) for count in counts):
        text += " * marks a percentile that is only the slowest answer: p95 needs 20 answers, p99 a hundred."
    return escape(text)


def _surroundings(result: Result) -> Iterator[str]:
    before, after = result.phases[0].before, result.phases[-1].after
    daemon = words.megabytes(before.daemon_bytes), words.megabytes(after.daemon_bytes)
    worker = words.megabytes(before.worker_bytes), words.megabytes(after.worker_bytes)
    facts = {
        "Load of the model": "unknown" if result.load_s is None else words.seconds(result.load_s),
        "Chip": f"{words.celsius(before.temperature_c)} before, {words.celsius(after.temperature_c)} after",
        "Memory of the daemon": f"{daemon[0]} before, {daemon[1]} after",
        "Memory of the worker": f"{worker[0]} before, {worker[1]} after",
        "CPU of the machine": ", ".join(
            f"{words.percent(phase.cpu_busy_share)} {phase.name}" for phase in result.phases
        ),
        "Restarts of the worker": f"{before.worker_restarts} before, {after.worker_restarts} after",
        "Address": result.url,
    }
    yield '<section><h2>Surroundings</h2><dl class="facts">'
    for name, value in facts.items():
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
    for name, version in result.versions.items():
        if version is not None:
            yield f"<div><dt>{escape(name.replace('_', ' ').capitalize())}</dt><dd>{escape(version)}</dd></div>"
    yield "</dl></section>"


def _quantity(name: str) -> Quantity:
    return next(quantity for quantity in QUANTITIES if quantity.name == name)


def _th(word: str) -> str:
    return f'<th scope="col">{word}</th>'
