"""The screen of `status`: /health as lines for a person. Pure.

The server may be older or newer than this command: a missing field is shown as a dash, unknown fields come last.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Health = Mapping[str, Any]
_TITLE = 9
_LARGEST = 1e15  # more is no count and no duration
_KNOWN = {
    "status", "state", "ready", "reason", "message", "model", "model_loaded", "runtime", "runtime_version", "device",
    "version", "uptime_seconds", "load_seconds", "queue", "memory", "worker_restarts", "chip", "tokens",
    "engines", "runtime_reason", "jobs", "models",
}  # fmt: skip


def screen(url: str, looks: Sequence[Health]) -> str:
    """The newest of some looks at one server; the older ones are for the rate."""
    now = looks[-1]
    rows = [
        ("State", _state(now)),
        ("Model", _model(now)),
        ("Queue", _queue(_part(now, "queue"))),
        *(("Jobs", jobs) for jobs in [_jobs(_part(now, "jobs"))] if jobs),
        ("Tokens", _tokens(_part(now, "tokens"))),
        ("Rate", _rate(looks)),
        ("Memory", _memory(_part(now, "memory"))),
        ("Chip", _chip(_part(now, "chip"))),
        ("Uptime", _uptime(now)),
        *_trouble(now),
        *(("More", ", ".join(more)) for more in [list(_unknown(now))] if more),
    ]
    lines = [f"{title:<{_TITLE}}{value}" for title, value in rows]
    return "\n".join(map(_printable, [f"hailo-vision {_text(now.get('version'))} at {url}", "", *lines]))


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _state(now: Health) -> str:
    ready = [_text(engine.get("engine")) for engine in _engines(now) if engine.get("ready")]
    by = f" by {', '.join(ready)}" if len(_engines(now)) > 1 and ready else ""
    takes = f"takes requests{by}" if now.get("ready") else "takes no requests now"
    return f"{_text(now.get('state'))}, {takes}"


def _model(now: Health) -> str:
    runtime = " ".join(_text(now[key]) for key in ("runtime", "runtime_version") if now.get(key) is not None)
    device = f" on {now['device']}" if now.get("device") else ""
    load = f", loaded in {load_s:.1f} s" if (load_s := _number(now.get("load_seconds"))) is not None else ""
    return f"{_text(now.get('model'))}, {runtime or '-'}{device}{load}"


def _queue(queue: Health) -> str:
    running, waiting, depth = (_count(queue.get(key)) for key in ("running", "waiting", "depth"))
    return f"{running} running, {waiting} of {depth} waiting"


def _tokens(tokens: Health) -> str:
    prompt, cached, written = (_count(tokens.get(key)) for key in ("prompt", "cached", "completion"))
    return f"{prompt} in prompts ({cached} of them cached), {written} generated"


def _rate(looks: Sequence[Health]) -> str:
    """Tokens of finished answers; they are counted when an answer ends."""
    now = looks[-1]
    same_run = [look for look in looks if (_uptime_s(look) or 0.0) <= (_uptime_s(now) or 0.0)]
    then = same_run[0] if len(same_run) > 1 else None
    earlier_s, earlier = (_uptime_s(then), _written(then)) if then else (0.0, 0.0)
    uptime_s, written = _uptime_s(now), _written(now)
    if uptime_s is None or written is None or earlier_s is None or earlier is None or uptime_s <= earlier_s:
        return "-"
    over = f"in the last {duration(uptime_s - earlier_s)}" if then else "since the start"
    return f"{(written - earlier) / (uptime_s - earlier_s):.2f} tokens/s {over}, pauses included"


def _memory(memory: Health) -> str:
    return f"daemon {_megabytes(memory.get('daemon_bytes'))}, worker {_megabytes(memory.get('worker_bytes'))}"


def _chip(chip: Health) -> str:
    celsius = _number(chip.get("temperature_c"))
    if celsius is None:
        return "temperature unknown"
    return f"{celsius:.1f} °C, {_text(chip.get('architecture'))}, firmware {_text(chip.get('firmware'))}"


def _uptime(now: Health) -> str:
    uptime_s, restarts = _uptime_s(now), now.get("worker_restarts")
    restarts_text = f", worker restarted {restarts} times" if restarts else ", worker never restarted"
    return ("-" if uptime_s is None else duration(uptime_s)) + restarts_text


def _jobs(jobs: Health) -> str:
    """The jobs since the start, by how they ended."""
    counts = (
        f"{_count(value)} {key}" for key, value in jobs.items() if _number(value) and not key.endswith("_seconds")
    )
    busy_s = _number(jobs.get("busy_seconds"))
    return ", ".join([*counts, *([f"{duration(busy_s)} of work"] if busy_s else [])])


def _trouble(now: Health) -> list[tuple[str, str]]:
    """The problems of each engine if there are several, else of the server."""
    rows = (
        [("", now)]
        if len(_engines(now)) < 2
        else [(f"{_text(engine.get('engine'))} ", engine) for engine in _engines(now)]
    )
    return [
        ("Trouble", f"{title}{_text(row.get('reason'))}: {row['message']}") for title, row in rows if row.get("message")
    ]


def _unknown(now: Health) -> Iterator[str]:
    for key, value in now.items():
        if key not in _KNOWN:
            yield from _flat(key, value)


def _flat(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from _flat(f"{key}.{inner}", part)
    elif value is not None and _number(value) != 0 and not isinstance(value, list):  # counters that never counted
        yield f"{key} {value}"


def _engines(now: Health) -> list[Health]:
    value = now.get("engines")
    return [engine for engine in value if isinstance(engine, dict)] if isinstance(value, list) else []


def _part(now: Health, key: str) -> Health:
    value = now.get(key)
    return value if isinstance(value, dict) else {}


def _uptime_s(look: Health) -> float | None:
    return _number(look.get("uptime_seconds"))


def _written(look: Health) -> float | None:
    return _number(_part(look, "tokens").get("completion"))


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _LARGEST:
        return None
    return float(value)


def _count(value: Any) -> str:
    return "-" if (number := _number(value)) is None else f"{number:,.0f}"


def _megabytes(value: Any) -> str:
    return "-" if (number := _number(value)) is None else f"{number / 1e6:,.0f} MB"


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def _printable(line: str) -> str:
    """Replace control characters, as another program's text must not control the terminal."""
    return "".join(character if character.isprintable() else "?" for character in line)
