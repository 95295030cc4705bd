"""What a client of /api/pull is told of the progress: a total only where it is known."""

from dataclasses import replace

import pytest

from hailo_vision.http_api.ollama.pull import _progress
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.events import Event, Received, Started, StartedOver

LISTED = ModelFile(
    model="tiny", release="5.1.1", file="Tiny.hef", url="https://x/Tiny.hef", licence="x", listed_bytes=9
)
MEASURED = replace(LISTED, size_bytes=20)


@pytest.mark.parametrize(
    ("event", "file", "total"),
    [
        (Received(done_bytes=5, size_bytes=None), LISTED, None),
        (Received(done_bytes=5, size_bytes=15), LISTED, 15),
        (Received(done_bytes=5, size_bytes=None), MEASURED, 20),
        (Received(done_bytes=25, size_bytes=None), MEASURED, None),
        (Started(url="https://x", have_bytes=0, size_bytes=None), LISTED, None),
        (StartedOver(lost_bytes=5), LISTED, None),
        (StartedOver(lost_bytes=5), MEASURED, 20),
    ],
)
def test_a_listed_size_is_no_total(event: Event, file: ModelFile, total: int | None) -> None:
    assert _progress(event, file).get("total") == total
