"""What was seen in pictures becomes JSON. Pure."""

from dataclasses import dataclass

from hailo_vision.chat import Finish, ImageRef, Usage
from hailo_vision.generate.usage import summed
from hailo_vision.http_api.openai.usage import finish_word, usage_json
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.fields import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the model said of one picture."""

    text: str
    finish: Finish
    image_s: float
    engine: str

    @property
    def inference_ms(self) -> int:
        """How long the NPU was at it."""
        return round((self.finish.timings.prefill_s + self.finish.timings.decode_s) * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it went with the picture at `index` of a request."""

    index: int
    outcome: Seen | Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What all answers of this surface begin with."""

    id: str
    created: int
    model: str
    fingerprint: str

    def json(self, kind: str) -> JsonObject:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def answer_json(seen: Seen) -> JsonObject:
    """What is told of one answer, beside the answer itself."""
    timings = seen.finish.timings
    return {
        "finish_reason": finish_word(seen.finish.reason, has_calls=False),
        "usage": usage_json(seen.finish.usage),
        "timings": {
            "image_ms": round(seen.image_s * 1000),
            "queue_ms": round(timings.queue_s * 1000),
            "prefill_ms": round(timings.prefill_s * 1000),
            "decode_ms": round(timings.decode_s * 1000),
        },
        "performance": {"inference_time_ms": seen.inference_ms},
    }


def result_json(outcome: Outcome, address: str | None, count: int) -> JsonObject:
    """One of `results`: an analysis or an error, and every key in both."""
    shared: JsonObject = {"index": outcome.index, "image_url": address}
    match outcome.outcome:
        case Seen() as seen:
            return {**shared, "analysis": seen.text, "error": None, "engine": seen.engine, **answer_json(seen)}
        case Fault() as failure:
            error = failure.body["error"]
            # Each picture is a request of its own, which counts its one picture.
            message = error["message"].replace("Image 1 of 1 ", f"Image {outcome.index + 1} of {count} ", 1)
            nothing = {"finish_reason": None, "usage": None, "timings": None, "performance": None}
            return {**shared, "analysis": None, "error": {**error, "message": message}, "engine": None, **nothing}


def summary_json(outcomes: list[Outcome]) -> JsonObject:
    """What is said of all pictures together, after the results."""
    seen = [outcome.outcome for outcome in outcomes if isinstance(outcome.outcome, Seen)]
    finishes = [seen_one.finish for seen_one in seen]
    usage = summed(finishes).usage if finishes else Usage(prompt_tokens=0, completion_tokens=0)
    return {
        "images": len(outcomes),
        "failed": len(outcomes) - len(seen),
        "usage": usage_json(usage),
        "total_inference_time_ms": sum(seen_one.inference_ms for seen_one in seen),
    }


def engines_of(outcomes: list[Outcome]) -> str | None:
    """The engine that answered; several are named with commas, as a fallback may have taken some of the pictures."""
    engines = {outcome.outcome.engine for outcome in outcomes if isinstance(outcome.outcome, Seen)}
    return ", ".join(sorted(engines)) or None


def address_of(ref: ImageRef) -> str | None:
    """The address that a result repeats; data is not sent back."""
    url = ref.url.strip()
    return url if url[:8].lower().startswith(("http://", "https://")) else None
