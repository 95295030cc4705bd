"""The facts of a model that its files tell: a HEF's entry in the catalogue, or the metadata of a GGUF file."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from hailo_vision.chat import ModelFacts
from hailo_vision.files import open_regular
from hailo_vision.models.catalogue import CATALOGUE, ModelFile
from hailo_vision.models.gguf import FACTS_BYTES, Fact, facts_in
from hailo_vision.models.store import ModelPath

# The vendor's page of the model (hailo_model_zoo_genai) and Qwen's own card. The template is what the device's comes
# to, pictures aside, in Go's language of templates, as Ollama's clients read it.
_OF_THE_VENDOR: Final = {
    "qwen2-vl-2b-instruct": ModelFacts(
        format="hef",
        family="qwen2vl",
        parameters=2_208_985_600,
        quantization="A8W4",
        context_tokens=2048,
        modalities=("text", "image"),
        template=(
            "{{- if or .System .Tools }}<|im_start|>system\n{{ .System }}"
            "{{- if .Tools }}\n\n# Tools\n\n<tools>\n{{ range .Tools }}{{ .Function }}\n{{ end }}</tools>{{ end }}"
            "<|im_end|>\n{{ end }}"
            '{{- range .Messages }}<|im_start|>{{ if eq .Role "tool" }}user\n<tool_response>\n{{ .Content }}\n'
            "</tool_response>{{ else }}{{ .Role }}\n{{ .Content }}{{ range .ToolCalls }}\n<tool_call>\n"
            '{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}\n</tool_call>{{ end }}{{ end }}'
            "<|im_end|>\n{{ end }}<|im_start|>assistant\n"
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
    """Returns the facts of a HEF: its catalogue entry by the file's name, and size, date and hash from the disk."""
    model = ModelPath(path=Path(path))
    entry = next((file for file in CATALOGUE if file.file == model.path.name), None)
    described = ModelFacts(format="hef") if entry is None else _OF_THE_VENDOR.get(entry.model, ModelFacts(format="hef"))
    return _on_disk(described, model, entry)


def gguf_facts(path: str, mmproj: str | None, *, context_tokens: int) -> ModelFacts:
    """Returns the facts of a GGUF model from its metadata. It takes pictures only with a vision projector (mmproj)."""
    model = ModelPath(path=Path(path))
    entry = next((file for file in CATALOGUE if file.file == model.path.name), None)
    header = _header(path, *_stamp(path))
    file_type = _number(header, "general.file_type")  # 0 is one too
    described = ModelFacts(
        format="gguf",
        family=_text(header, "general.architecture"),
        parameters=_number(header, "general.parameter_count"),
        quantization=None if file_type is None else _QUANTIZATIONS.get(file_type),
        context_tokens=context_tokens,
        modalities=("text",) if mmproj is None else ("text", "image"),
        licence=_text(header, "general.license"),
        template=_text(header, "tokenizer.chat_template"),
    )
    return _on_disk(described, model, entry, None if mmproj is None else Path(mmproj))


def _on_disk(facts: ModelFacts, model: ModelPath, entry: ModelFile | None, projector: Path | None = None) -> ModelFacts:
    """Adds size, date and hash of the file; a size that is only listed by the vendor is no fact."""
    size_bytes, modified_at = _stamp(str(model.path))
    origin = model.origin if size_bytes is not None else None
    more_bytes = 0 if projector is None else _stamp(str(projector))[0] or 0
    return ModelFacts(
        format=facts.format,
        family=facts.family,
        parameters=facts.parameters,
        quantization=facts.quantization,
        context_tokens=facts.context_tokens,
        modalities=facts.modalities,
        licence=facts.licence or (None if entry is None else entry.licence),
        template=facts.template,
        stop=facts.stop,
        size_bytes=None if size_bytes is None else size_bytes + more_bytes,
        sha256=origin.sha256 if origin is not None and origin.size_bytes == size_bytes else None,
        modified_at=modified_at,
    )


def _stamp(path: str) -> tuple[int | None, float | None]:
    """Returns size and date of a file; None for one that is not there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime


@lru_cache(maxsize=16)
def _header(path: str, size_bytes: int | None, modified_at: float | None) -> dict[str, Fact]:
    """Reads the metadata of a GGUF file, once for each state of the file."""
    if size_bytes is None:
        return {}
    try:
        with open_regular(path) as file:
            return facts_in(file.read(FACTS_BYTES))
    except OSError:
        return {}


def _text(header: dict[str, Fact], key: str) -> str | None:
    value = header.get(key)
    return value if isinstance(value, str) and value else None


def _number(header: dict[str, Fact], key: str) -> int | None:
    value = header.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
