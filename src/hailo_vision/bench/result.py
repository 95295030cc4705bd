"""The result of a bench, and its JSON, which `bench compare` reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hailo_vision.bench.figures import Figure
from hailo_vision.bench.sample import Sample
from hailo_vision.errors import HailoVisionError

SCHEMA = 1
MAX_BYTES = 64 << 20


class BadResult(HailoVisionError):
    """A file that is no result of a bench."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The server at one moment; None stands for what is not reported.

    `cpu_busy_s` of `cpu_s` seconds of all cores were used by everything on the machine; they are set only when the
    server is on this machine. The temperature is up to a minute old.
    """

    daemon_bytes: int | None = None
    worker_bytes: int | None = None
    worker_restarts: int | None = None
    temperature_c: float | None = None
    npu_busy_s: float | None = None
    cpu_busy_s: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """All questions asked in one way. `errors` counts by code; figures are of whole answers alone."""

    name: str
    clients: int
    questions: int
    answered: int
    wall_s: float
    errors: dict[str, int]
    completion_tokens: int
    throughput_tokens_per_s: float
    npu_busy_share: float | None
    cpu_busy_share: float | None
    before: Vitals
    after: Vitals
    figures: dict[str, Figure | None]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`versions` names all that could make a difference, `plan` what was asked."""

    made_at: str
    url: str
    model: str
    load_s: float | None
    plan: dict[str, Any]
    versions: dict[str, str | None]
    phases: tuple[Phase, ...]

    @property
    def answered(self) -> int:
        return sum(phase.answered for phase in self.phases)


def share(before: float | None, after: float | None, of: float) -> float | None:
    """A part of a whole, from 0 to 1; None where a figure is missing or a restart has made it fall."""
    if before is None or after is None or of <= 0 or after < before:
        return None
    return min((after - before) / of, 1.0)


def as_json(result: Result) -> dict[str, Any]:
    tree = asdict(result)
    for phase, phase_tree in zip(result.phases, tree["phases"], strict=True):
        for sample, sample_tree in zip(phase.samples, phase_tree["samples"], strict=True):
            sample_tree["tokens_per_s"] = sample.tokens_per_s
    head = {"schema": SCHEMA, "kind": "hailo-vision bench", "percentiles": "nearest rank"}
    return {**head, **{name: _rounded(value) for name, value in tree.items()}}


def _rounded(value: Any) -> Any:
    """Floats to the microsecond: more is noise."""
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {name: _rounded(part) for name, part in value.items()}
        case list() | tuple():
            return [_rounded(part) for part in value]
        case _:
            return value


def read(path: Path) -> dict[str, Any]:
    """The JSON of a bench, as far as `compare` needs it. Raises BadResult."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadResult(f"{path} is too large to be a result of a bench.")
        tree = json.loads(content)
    except OSError as error:
        raise BadResult(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BadResult(f"{path} is no JSON: give what `hailo-vision bench --json` printed.") from error
    if not isinstance(tree, dict) or tree.get("kind") != "hailo-vision bench":
        raise BadResult(f"{path} is no result of a bench: give what `hailo-vision bench --json` printed.")
    if tree.get("schema") != SCHEMA:
        raise BadResult(f"{path} is of another version of bench (schema {tree.get('schema')}, here {SCHEMA}).")
    return tree
