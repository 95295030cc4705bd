"""A request that is wrong leaves its field and the reason in the log, in every dialect, and none of its words."""

from typing import Any

import pytest

from harness import MODEL, Daemon

SECRET = "my pin is 4711"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "/v1/chat/completions": ({"messages": [{"role": SECRET, "content": "a"}]}, "messages[0].role"),
    "/v1/completions": ({"prompt": "a", "temperature": SECRET}, "temperature"),
    "/v1/responses": ({"input": [{"role": SECRET, "content": "a"}]}, "input[0].role"),
    "/v1/vision/caption": ({"image": SECRET}, "image"),
    "/api/chat": ({"messages": [{"role": SECRET, "content": "a"}]}, "messages[0].role"),
    "/api/generate": ({"prompt": "a", "options": {"temperature": SECRET}}, "options.temperature"),
}


def request_line(daemon: Daemon, before: int, path: str) -> str | None:
    """The line of a request to a path; that of a request before it may be late."""
    return next((line for line in daemon.log[before:].splitlines() if f"endpoint={path} " in line), None)


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_request_leaves_its_field_and_the_reason_in_the_log(daemon: Daemon, path: str) -> None:
    body, param = WRONG[path]
    before = len(daemon.log)
    assert daemon.post({"model": MODEL, **body}, path)[0] == 400
    line = daemon.wait_for(lambda: request_line(daemon, before, path))
    assert "status=400" in line
    assert f"param={param} " in line + " "
    assert "reason=" in line
    assert SECRET not in daemon.log
