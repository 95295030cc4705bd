"""What Ollama's clients are told of the model. Pure.

The facts are those of the one model in the catalogue; what only its file knows stands in Facts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hailo_vision.http_api.ollama.reply import timestamp
from hailo_vision.http_api.ollama.template import STOP, TEMPLATE
from hailo_vision.serving.names import tagged

# Clients compare it and refuse or bend to old ones: VS Code wants 0.6.4, Open WebUI three numbers with dots. It is
# that of Ollama's routes and fields which are served here, not a release of this server: `hailo_vision` is.
OLLAMA_VERSION = "0.12.6"

_FAMILY = "qwen2vl"  # Ollama's word for the architecture; the names of its facts begin with it
_PARAMETERS = 2_208_985_600
_DETAILS: dict[str, Any] = {
    "parent_model": "",
    "format": "hef",
    "family": _FAMILY,
    "families": [_FAMILY],
    "parameter_size": "2.2B",
    "quantization_level": "A8W4",
}
_CAPABILITIES = ("completion", "vision", "tools")
_FOR_EVER = timedelta(days=100 * 365)  # Ollama's clients read a date; from twenty years on they show "Forever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Of the model's file: `sha256` is None where nobody has told it, the size is the vendor's where there is no file.

    `context_tokens` is what the loaded model has, or what it will have.
    """

    name: str
    size_bytes: int
    modified_at: datetime
    sha256: str | None
    licence: str
    context_tokens: int


def version(ours: str) -> dict[str, str]:
    return {"version": OLLAMA_VERSION, "hailo_vision": ours}


def listed(names: Sequence[str], facts: Facts) -> dict[str, Any]:
    """Each name with its tag, as clients look for it."""
    return {"models": [{**_entry(name, facts), "modified_at": timestamp(facts.modified_at)} for name in names]}


def running(facts: Facts, now: datetime, left_s: float | None) -> dict[str, Any]:
    """The model while it is on the chip, and until when."""
    ends_at = now + (_FOR_EVER if left_s is None else timedelta(seconds=left_s))
    more = {
        "expires_at": timestamp(ends_at),
        "size_vram": facts.size_bytes,
        "context_length": facts.context_tokens,
    }
    return {"models": [{**_entry(facts.name, facts), **more}]}


def shown(facts: Facts) -> dict[str, Any]:
    return {
        "license": facts.licence,
        "modelfile": f"FROM {facts.name}\nPARAMETER num_ctx {facts.context_tokens}\n",
        "parameters": f'num_ctx {facts.context_tokens}\nstop "{STOP}"',
        "template": TEMPLATE,
        "details": _DETAILS,
        "model_info": {
            "general.architecture": _FAMILY,
            "general.basename": facts.name,
            "general.parameter_count": _PARAMETERS,
            f"{_FAMILY}.context_length": facts.context_tokens,
        },
        "capabilities": list(_CAPABILITIES),
        "modified_at": timestamp(facts.modified_at),
    }


def _entry(name: str, facts: Facts) -> dict[str, Any]:
    shown_name = tagged(name)
    return {
        "name": shown_name,
        "model": shown_name,
        "size": facts.size_bytes,
        "digest": facts.sha256 or _stand_in(facts.name),
        "details": _DETAILS,
    }


def _stand_in(name: str) -> str:
    """Clients cut twelve letters off the digest, so there must be one: of the name, where the file's is not known."""
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()
