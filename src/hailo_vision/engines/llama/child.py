"""`python -m hailo_vision.engines.llama.child`: becomes a server of llama.cpp, whose life is tied to the daemon's.

What to do stands in the environment, as the key for it must not be seen in a list of processes: a Plan as JSON. With
a `program` this process becomes that one; without, it runs llama.cpp's server from the package xllamacpp.
"""

import json
import os
import signal
import sys
from typing import Any

from hailo_vision.worker.parent import die_with_parent

PLAN_VARIABLE = "HAILO_VISION_LLAMA"
_LOG_LEVEL = 3  # llama.cpp's: what it does, and nothing of what is asked of it


def main() -> None:
    plan: dict[str, Any] = json.loads(os.environ.pop(PLAN_VARIABLE))
    die_with_parent(plan["parent"])
    if plan["program"] is not None:
        os.environ["LLAMA_API_KEY"] = plan["key"]
        os.execv(plan["program"], [plan["program"], *plan["arguments"]])
    # When it ends is the daemon's decision, not that of whoever signals a whole group.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    server = _serve(plan)
    while server is not None:
        signal.pause()


def _serve(plan: dict[str, Any]) -> object:
    if plan["package_path"] is not None:
        sys.path.append(plan["package_path"])
    try:
        import xllamacpp
    except ImportError as error:  # a library of the system is missing: the parent reads the last line
        sys.exit(f"ImportError: {error}")
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, plan))
    except RuntimeError as error:
        sys.exit(f"{error}")  # without a trace: llama.cpp has said why
    sys.stderr.flush()
    return server


def _parameters(x: Any, plan: dict[str, Any]) -> Any:
    """A plan in the package's words (xllamacpp 2026.10)."""
    params = x.CommonParams()
    params.hostnames, params.port, params.api_keys = [plan["socket"]], 0, [plan["key"]]
    params.model.path = plan["model"]
    if plan["mmproj"] is not None:
        params.mmproj.path, params.image_max_tokens = plan["mmproj"], plan["image_max_tokens"]
    params.n_ctx, params.n_parallel, params.kv_unified = plan["all_context"], plan["slots"], False
    params.cache_ram_mib = plan["prompt_cache_mib"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = plan["threads"]
    params.cache_type_k = params.cache_type_v = getattr(x.ggml_type, f"GGML_TYPE_{plan['kv_type'].upper()}")
    attention = {"auto": "AUTO", "always": "ENABLED", "never": "DISABLED"}[plan["flash_attention"]]
    params.flash_attn_type = getattr(x.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{attention}")
    if plan["speculative"] != "none":
        name = {"ngram": "NGRAM_SIMPLE", "draft": "DRAFT_SIMPLE"}[plan["speculative"]]
        params.speculative.types = [getattr(x.common_speculative_type, f"COMMON_SPECULATIVE_TYPE_{name}")]
    if plan["speculative"] == "draft":
        params.speculative.draft.mparams.path = plan["draft_model"]
    params.verbosity, params.ui = _LOG_LEVEL, False
    return params


if __name__ == "__main__":
    main()
