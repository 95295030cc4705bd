"""What the log says of a request; the same records feed all that is ever said of it. Pure."""

from hailo_vision.chat import Finish
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.http_api.web.request import Facts


def prepared_facts(prepared: Prepared, model: str) -> Facts:
    sizes = prepared.image_sizes
    return {
        "model": model,
        "load_time_ms": round(prepared.model.load_s * 1000),
        "images": len(sizes),
        **({"image_size": ",".join(sizes), "image_ms": round(prepared.image_s * 1000)} if sizes else {}),
    }


def finish_facts(finish: Finish) -> Facts:
    usage, timings = finish.usage, finish.timings
    return {
        "queue_ms": round(timings.queue_s * 1000),
        "prefill_ms": round(timings.prefill_s * 1000),
        "decode_ms": round(timings.decode_s * 1000),
        "inference_time_ms": round((timings.prefill_s + timings.decode_s) * 1000),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "tokens_generated": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "finish_reason": finish.reason.value,
    }
