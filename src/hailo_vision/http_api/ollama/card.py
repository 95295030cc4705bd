"""What Ollama's clients are told of a model. Pure.

Facts that nobody has told are left out where Ollama's clients can do without, and empty where they can't.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hailo_vision.chat import ModelFacts
from hailo_vision.http_api.ollama.reply import timestamp
from hailo_vision.serving.names import tagged

# Clients compare it and refuse or bend to old ones: VS Code wants 0.6.4, Open WebUI three numbers with dots. It is
# that of Ollama's routes and fields which are served here, not a release of this server: `hailo_vision` is.
OLLAMA_VERSION = "0.12.6"

_FOR_EVER = timedelta(days=100 * 365)  # Ollama's clients read a date; from twenty years on they show "Forever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A model and what is known of it. `started_at` stands for the date of a file that nobody knows, in seconds since
    1970; `context_tokens` is what the loaded model has, or what it will have.
    """

    name: str
    facts: ModelFacts
    sees: bool
    context_tokens: int | None
    started_at: float

    @property
    def modified_at(self) -> datetime:
        at = self.facts.modified_at
        return datetime.fromtimestamp(self.started_at if at is None else at, UTC)

    @property
    def capabilities(self) -> list[str]:
        """Tools are told to a model in words where it has none of its own, so every model takes them."""
        return ["completion", *(["vision"] if self.sees else []), "tools"]


def version(ours: str) -> dict[str, str]:
    return {"version": OLLAMA_VERSION, "hailo_vision": ours}


def listed(cards: Sequence[tuple[str, Card]]) -> dict[str, Any]:
    """Each name with its tag, as clients look for it."""
    return {"models": [{**_entry(name, card), "modified_at": timestamp(card.modified_at)} for name, card in cards]}


def running(cards: Sequence[tuple[str, Card, float | None]], now: datetime) -> dict[str, Any]:
    """The models that are loaded, under each name with the seconds until it leaves; None is never."""
    return {"models": [_running(name, card, now, left_s) for name, card, left_s in cards]}


def _running(name: str, card: Card, now: datetime, left_s: float | None) -> dict[str, Any]:
    ends_at = now + (_FOR_EVER if left_s is None else timedelta(seconds=left_s))
    return {
        **_entry(name, card),
        "expires_at": timestamp(ends_at),
        "size_vram": card.facts.size_bytes or 0,
        "context_length": card.context_tokens or 0,
    }


def shown(card: Card) -> dict[str, Any]:
    facts = card.facts
    parameters = [
        *([] if card.context_tokens is None else [f"num_ctx {card.context_tokens}"]),
        *([] if facts.stop is None else [f'stop "{facts.stop}"']),
    ]
    modelfile = [f"FROM {card.name}", *(f"PARAMETER {line}" for line in parameters if line.startswith("num_ctx"))]
    return {
        **({} if facts.licence is None else {"license": facts.licence}),
        "modelfile": "\n".join([*modelfile, ""]),
        "parameters": "\n".join(parameters),
        "template": _template(facts.template or ""),
        "details": _details(facts),
        "model_info": _model_info(card),
        "capabilities": card.capabilities,
        "modified_at": timestamp(card.modified_at),
    }


def _template(template: str) -> str:
    """LiteLLM and others call a model able to use tools if its template has that word. One that has not has tools told
    in the system turn, which a comment says in the template's own language: Jinja in GGUF files, else Go's.
    """
    if "tools" in template.lower():
        return template
    begin, end = ("{#", "#}") if "{%" in template else ("{{- /*", "*/ -}}")
    return f"{template}{begin} .Tools are told in the system turn by this server {end}"


def _model_info(card: Card) -> dict[str, Any]:
    """The names of a model's facts begin with its architecture, in the words of GGUF."""
    facts = card.facts
    family = facts.family or "unknown"
    facts_json = {
        "general.architecture": facts.family,
        "general.basename": card.name,
        "general.parameter_count": facts.parameters,
        f"{family}.context_length": card.context_tokens,
    }
    return {name: value for name, value in facts_json.items() if value is not None}


def _details(facts: ModelFacts) -> dict[str, Any]:
    """Ollama's clients take each of these for a text, so an unknown one is an empty text."""
    return {
        "parent_model": "",
        "format": facts.format or "",
        "family": facts.family or "",
        "families": [] if facts.family is None else [facts.family],
        "parameter_size": "" if facts.parameters is None else _parameter_size(facts.parameters),
        "quantization_level": facts.quantization or "",
    }


def _parameter_size(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.2f}M"


def _entry(name: str, card: Card) -> dict[str, Any]:
    shown_name = tagged(name)
    return {
        "name": shown_name,
        "model": shown_name,
        "size": card.facts.size_bytes or 0,
        "digest": card.facts.sha256 or _stand_in(card.name),
        "details": _details(card.facts),
    }


def _stand_in(name: str) -> str:
    """Clients cut twelve letters off the digest, so there must be one: of the name, where the file's is not known."""
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()
