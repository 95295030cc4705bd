"""What was seen, as JSON: the same keys in results and errors, and nothing of the picture sent back."""

import pytest
from shapes import fits

from hailo_vision.chat import Finish, FinishReason, ImageRef, Timings, Usage
from hailo_vision.errors import ImageFault, QueueFull, UnusableImage
from hailo_vision.http_api.vision.reply import Head, Outcome, Seen, address_of, engines_of, result_json, summary_json
from hailo_vision.http_api.web.faults import fault

FINISH = Finish(
    reason=FinishReason.STOP,
    usage=Usage(prompt_tokens=168, completion_tokens=9, image_tokens=144),
    timings=Timings(queue_s=0.5, prefill_s=0.9, decode_s=1.1),
)
SEEN = Outcome(index=0, outcome=Seen(text="A cat.", finish=FINISH, image_s=0.02, engine="hailo"))
BAD_IMAGE = UnusableImage(ImageFault.NO_IMAGE, "Image 1 of 1 is empty.", param="images[1]")
BAD = Outcome(index=1, outcome=fault(BAD_IMAGE))
HEAD = Head(id="vision-X", created=1, model="the-model", fingerprint="fp")


def test_an_analysis_has_its_results_and_their_sum() -> None:
    answer = {
        **HEAD.json("vision.analysis"),
        "results": [result_json(SEEN, "https://example.org/a.jpg", 2), result_json(BAD, None, 2)],
        **summary_json([SEEN, BAD]),
    }
    assert fits("vision_analysis", answer)
    assert (answer["images"], answer["failed"], answer["total_inference_time_ms"]) == (2, 1, 2000)
    assert answer["usage"]["total_tokens"] == 177


def test_a_result_says_what_was_seen_and_where_the_time_went() -> None:
    result = result_json(SEEN, "https://example.org/a.jpg", 2)
    assert (result["analysis"], result["finish_reason"], result["error"]) == ("A cat.", "stop", None)
    assert result["image_url"] == "https://example.org/a.jpg"
    assert result["timings"] == {"image_ms": 20, "queue_ms": 500, "prefill_ms": 900, "decode_ms": 1100}
    assert result["performance"] == {"inference_time_ms": 2000}


def test_the_engines_that_answered_are_named_each_once() -> None:
    other = Outcome(index=2, outcome=Seen(text="A dog.", finish=FINISH, image_s=0.02, engine="a llama"))
    assert engines_of([SEEN, BAD, SEEN]) == "hailo"
    assert engines_of([SEEN, other]) == "a llama, hailo"
    assert engines_of([BAD]) is None
    assert (result_json(SEEN, None, 2)["engine"], result_json(BAD, None, 2)["engine"]) == ("hailo", None)


def test_an_error_is_told_in_its_own_result_by_the_images_number() -> None:
    result = result_json(BAD, None, 2)
    assert result["error"]["message"] == "Image 2 of 2 is empty."
    assert (result["error"]["param"], result["error"]["code"]) == ("images[1]", "invalid_image")
    full = result_json(Outcome(index=1, outcome=fault(QueueFull(depth=1, retry_after_s=1))), None, 2)
    assert full["error"]["code"] == "queue_full"
    assert result.keys() == full.keys() == result_json(SEEN, None, 2).keys()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a.jpg", "https://example.org/a.jpg"),
        (" HTTP://example.org/a.jpg ", "HTTP://example.org/a.jpg"),
        ("data:image/png;base64,AAAA", None),
        ("/9j/AAAA", None),
        ("", None),
    ],
)
def test_an_address_is_repeated_and_data_is_not(url: str, shown: str | None) -> None:
    assert address_of(ImageRef(url=url, param="images[0]")) == shown
