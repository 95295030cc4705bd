"""What /metrics serves, and the dashboard and the alerts that are made of it."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness import PATIENCE_S, Daemon, ask, photo

DOCS = Path(__file__).parents[2] / "docs" / "monitoring"
DASHBOARD = json.loads((DOCS / "dashboard.json").read_text())
ALERTS = yaml.safe_load((DOCS / "alerts.yml").read_text())
NAME = re.compile(r"\bhailo_vision_\w+")
Start = Callable[..., Daemon]


def page_of(daemon: Daemon, accept: str = "*/*") -> tuple[str, str]:
    """Content type and text of /metrics."""
    request = urllib.request.Request(f"{daemon.url}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        return response.headers["Content-Type"], response.read().decode()


def scraped(daemon: Daemon) -> dict[tuple[str, ...], float]:
    """Every sample: its name and its labels, `name=value`, in order."""
    _, page = page_of(daemon)
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    variables = [one["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
    rules = [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]
    return [*panels, *variables, *rules]


def test_what_was_asked_is_counted_by_what_became_of_it(start: Start) -> None:
    daemon = start(queue={"depth": 4}).wait_until_ready()
    picture = photo("launch-pad.jpg")
    daemon.post(ask("What is this?", picture))
    daemon.post(ask("What is this?", picture))
    daemon.post(ask("What is this?", "data:image/png;base64,AAAA"))
    daemon.get("/v1/models")
    daemon.get("/nowhere")
    seen = scraped(daemon)
    chat = "endpoint=/v1/chat/completions"
    assert seen["hailo_vision_requests_total", chat, "outcome=answered", "status=200"] == 2
    assert seen["hailo_vision_requests_total", chat, "outcome=invalid", "status=400"] == 1
    assert seen["hailo_vision_requests_total", "endpoint=none", "outcome=invalid", "status=404"] == 1
    assert seen["hailo_vision_jobs_total", "outcome=finished", "priority=interactive"] == 2
    assert seen["hailo_vision_images_total", "cached=false", "format=jpeg"] == 1
    assert seen["hailo_vision_images_total", "cached=true", "format=jpeg"] == 1
    assert seen["hailo_vision_image_refusals_total", "reason=invalid_image"] == 1
    assert seen["hailo_vision_image_decode_seconds_count",] == 1
    assert seen["hailo_vision_time_to_first_token_seconds_count",] == 2
    assert seen["hailo_vision_prefill_seconds_count",] == 2
    assert seen["hailo_vision_engine_state", "state=ready"] == 1
    assert seen["hailo_vision_engine_state", "state=failed"] == 0
    assert seen["hailo_vision_ready",] == 1


def test_the_sums_are_those_of_health_and_of_usage(start: Start) -> None:
    daemon = start().wait_until_ready()
    usages = [daemon.post(ask(f"Question {number}?"))[1]["usage"] for number in range(3)]
    seen, (_, health) = scraped(daemon), daemon.get("/health")
    for name in ("prompt", "completion"):
        total = sum(usage[f"{name}_tokens"] for usage in usages)
        assert seen[f"hailo_vision_{name}_tokens_total",] == health["tokens"][name] == total
    assert seen["hailo_vision_npu_busy_seconds_total",] == pytest.approx(health["jobs"]["busy_seconds"], abs=0.01)
    assert seen["hailo_vision_jobs_total", "outcome=finished", "priority=interactive"] == 3


def test_a_worker_that_died_is_counted_with_its_reason(start: Start) -> None:
    daemon = start().wait_until_ready()
    daemon.kill_worker()
    daemon.wait_for(lambda: daemon.get("/health")[1]["worker_restarts"] == 1)
    assert scraped(daemon)["hailo_vision_worker_restarts_total", "reason=died"] == 1


def test_names_follow_prometheus_and_labels_hold_nothing_of_a_clients(start: Start) -> None:
    daemon = start().wait_until_ready()
    hostile = "x" * 50
    daemon.get(f"/{hostile}")
    daemon.post({**ask("secret words"), "model": hostile})
    content_type, page = page_of(daemon)
    assert content_type.startswith("text/plain; version=")
    assert hostile not in page
    assert "secret" not in page
    for family in text_string_to_metric_families(page):
        assert re.fullmatch(r"hailo_vision_[a-z][a-z_]*", family.name), family.name
        assert family.documentation.endswith("."), family.name


def test_openmetrics_is_for_those_who_ask_for_it(daemon: Daemon) -> None:
    content_type, page = page_of(daemon, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith("# EOF\n")


def test_every_metric_of_the_dashboard_and_the_alerts_is_served(start: Start) -> None:
    daemon = start().wait_until_ready()
    _, page = page_of(daemon)
    families = list(text_string_to_metric_families(page))
    served = {family.name for family in families} | {f"{f.name}_total" for f in families if f.type == "counter"}
    served |= {f"{f.name}{end}" for f in families if f.type == "histogram" for end in ("_bucket", "_count", "_sum")}
    # Only where the machine or the chip has such a sensor.
    served |= {
        f"hailo_vision_{name}" for name in ("cpu_temperature_celsius", "cpu_throttled", "chip_temperature_celsius")
    }
    named = {name for expression in expressions() for name in NAME.findall(expression)}
    assert named
    assert named <= served


def test_every_alert_says_what_to_do() -> None:
    rules: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["summary"] and rule["annotations"]["description"] for rule in rules)
    assert all(rule["labels"]["severity"] in ("warning", "critical") for rule in rules)


PROMTOOL = shutil.which("promtool") or next((str(p) for p in Path(".cache/promtool").rglob("promtool")), None)


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: scripts/promtool fetches Debian's")
def test_promtool_accepts_the_rules_and_the_metrics(daemon: Daemon) -> None:
    assert PROMTOOL is not None
    rules = subprocess.run([PROMTOOL, "check", "rules", DOCS / "alerts.yml"], capture_output=True, text=True)
    assert rules.returncode == 0, rules.stdout + rules.stderr
    page = page_of(daemon)[1]
    linted = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")
