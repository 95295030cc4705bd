"""What is known of a model by its files: the catalogue's entry of a HEF, and the header of a GGUF file."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from hailo_vision.chat import ModelFacts
from hailo_vision.models.catalogue import CATALOGUE, ModelFile
from hailo_vision.models.gguf_facts import FACTS_BYTES, Fact, facts_in
from hailo_vision.models.store import Place

# The vendor's page of the model (hailo_model_zoo_genai) and Qwen's own card. The template is what the device's comes
# to, tools and pictures aside, in Go's language of templates, as Ollama's clients read it.
_OF_THE_VENDOR: Final = {
    "qwen2-vl-2b-instruct": ModelFacts(
        format="hef",
        family="qwen2vl",
        parameters=2_208_985_600,
        quantization="A8W4",
        context_tokens=2048,
        modalities=("text", "image"),
        template=(
            "{{- if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}"
            "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
            "<|im_start|>assistant\n"
        ),
        stop="<|im_end|>",
    )
}
# general.file_type in a GGUF file (llama.cpp, enum llama_ftype)
_QUANTIZATIONS: Final = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    32: "BF16",
}


def hef_facts(path: str) -> ModelFacts:
    """Of a HEF: its catalogue entry by the file's name, and what the disk says. Of an unknown one only the latter."""
    place = Place(path=Path(path))
    known = next((file for file in CATALOGUE if file.file == place.path.name), None)
    described = ModelFacts(format="hef") if known is None else _OF_THE_VENDOR.get(known.model, ModelFacts(format="hef"))
    return _on_disk(described, place, known)


def gguf_facts(path: str, mmproj: str | None, *, context_tokens: int) -> ModelFacts:
    """Of a model for llama.cpp: its file's header. It takes pictures only with a vision projector (mmproj)."""
    place = Place(path=Path(path))
    known = next((file for file in CATALOGUE if file.file == place.path.name), None)
    header = _header(path, *_stamp(path))
    described = ModelFacts(
        format="gguf",
        family=_text(header, "general.architecture"),
        parameters=_number(header, "general.parameter_count"),
        quantization=_QUANTIZATIONS.get(_number(header, "general.file_type") or -1),
        context_tokens=context_tokens,
        modalities=("text",) if mmproj is None else ("text", "image"),
        licence=_text(header, "general.license"),
        template=_text(header, "tokenizer.chat_template"),
    )
    return _on_disk(described, place, known, None if mmproj is None else Path(mmproj))


def _on_disk(facts: ModelFacts, place: Place, known: ModelFile | None, projector: Path | None = None) -> ModelFacts:
    """The same with size, date and hash of the file. The vendor's listed size stands where there is no file."""
    size_bytes, modified_at = _stamp(str(place.path))
    origin = place.origin if size_bytes is not None else None
    more_bytes = 0 if projector is None else _stamp(str(projector))[0] or 0
    listed = None if known is None else known.listed_bytes
    return ModelFacts(
        format=facts.format,
        family=facts.family,
        parameters=facts.parameters,
        quantization=facts.quantization,
        context_tokens=facts.context_tokens,
        modalities=facts.modalities,
        licence=facts.licence or (None if known is None else known.licence),
        template=facts.template,
        stop=facts.stop,
        size_bytes=listed if size_bytes is None else size_bytes + more_bytes,
        sha256=origin.sha256 if origin is not None and origin.size_bytes == size_bytes else None,
        modified_at=modified_at,
    )


def _stamp(path: str) -> tuple[int | None, float | None]:
    """Size and date of a file; nothing of one that is not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return found.st_size, found.st_mtime


@lru_cache(maxsize=16)
def _header(path: str, size_bytes: int | None, modified_at: float | None) -> dict[str, Fact]:
    """The facts in a file's first bytes, read once for each state of the file."""
    if size_bytes is None:
        return {}
    try:
        with open(path, "rb") as file:
            return facts_in(file.read(FACTS_BYTES))
    except OSError:
        return {}


def _text(header: dict[str, Fact], key: str) -> str | None:
    value = header.get(key)
    return value if isinstance(value, str) and value else None


def _number(header: dict[str, Fact], key: str) -> int | None:
    value = header.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
