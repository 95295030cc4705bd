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

from harness import MODEL, PATIENCE_S, Daemon, ask, photo, posting

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


def test_every_series_with_labels_is_there_before_its_first_event(start: Start) -> None:
    daemon = start().wait_until_ready()
    before = scraped(daemon)
    daemon.post(ask("What is this?", photo("launch-pad.jpg")))
    daemon.post(ask("What is this?", "data:image/png;base64,AAAA"))
    daemon.get("/nowhere")
    daemon.get("/v1/chat/completions")
    daemon.kill_worker()
    daemon.wait_for(lambda: daemon.get("/health")[1]["worker_restarts"] == 1)
    changed = {name: value for name, value in scraped(daemon).items() if value and "_total" in name[0]}
    assert {name[0] for name in changed if len(name) > 1} >= {
        f"hailo_vision_{name}_total" for name in ("requests", "jobs", "images", "image_refusals", "worker_restarts")
    }
    assert changed.keys() <= before.keys()


def test_the_sums_are_those_of_health_and_of_usage(start: Start) -> None:
    daemon = start().wait_until_ready()
    usages = [daemon.post(ask(f"Question {number}?"))[1]["usage"] for number in range(3)]
    seen, (_, health) = scraped(daemon), daemon.get("/health")
    for name in ("prompt", "completion"):
        total = sum(usage[f"{name}_tokens"] for usage in usages)
        assert seen[f"hailo_vision_{name}_tokens_total",] == health["tokens"][name] == total
    busy_s = seen["hailo_vision_npu_busy_seconds_total", "engine=simulated"]
    assert busy_s == pytest.approx(health["jobs"]["busy_seconds"], abs=0.01)
    assert seen["hailo_vision_jobs_total", "outcome=finished", "priority=interactive"] == 3


def test_a_worker_that_died_is_counted_with_its_reason(start: Start) -> None:
    daemon = start().wait_until_ready()
    daemon.kill_worker()
    daemon.wait_for(lambda: daemon.get("/health")[1]["worker_restarts"] == 1)
    assert scraped(daemon)["hailo_vision_worker_restarts_total", "reason=died"] == 1


def test_a_server_that_was_lost_as_the_fallback_is_counted_too(start: Start) -> None:
    away = start().wait_until_ready()
    both = start(
        model={"fallback_name": "big"},
        remote={"base_url": f"{away.url}/v1", "model": MODEL, "retries": 0},
        routing={"fallback": "remote"},
    ).wait_until_ready()
    big = {**ask("Hello?", max_tokens=3), "model": "big"}
    both.wait_for(lambda: both.post(big)[0] == 200)
    away.stop()
    assert both.post(big)[0] == 503
    assert scraped(both)["hailo_vision_worker_restarts_total", "reason=no_device"] == 1
    assert both.get("/health")[1]["worker_restarts"] == 1


def test_what_counts_work_counts_that_of_both_engines(daemon: Daemon, start: Start) -> None:
    remote = {"base_url": f"{daemon.url}/v1", "model": MODEL}
    both = start(
        model={"fallback_name": "big"}, queue={"depth": 4}, remote=remote, routing={"fallback": "remote"}
    ).wait_until_ready()
    both.wait_for(lambda: both.post({**ask("Hello?", max_tokens=3), "model": "big"})[0] == 200)
    assert both.post(ask("Hello?", max_tokens=3))[0] == 200
    seen, (_, health) = scraped(both), both.get("/health")
    assert seen["hailo_vision_queue_depth",] == health["queue"]["depth"] == 8
    assert (
        seen["hailo_vision_jobs_total", "outcome=finished", "priority=interactive"] == health["jobs"]["finished"] == 2
    )
    assert seen["hailo_vision_completion_tokens_total",] == health["tokens"]["completion"] == 6
    busy = {name: seen["hailo_vision_npu_busy_seconds_total", f"engine={name}"] for name in ("simulated", "remote")}
    assert sum(busy.values()) == pytest.approx(health["jobs"]["busy_seconds"], abs=0.01)
    refused = sum(value for name, value in seen.items() if name[0] == "hailo_vision_refusals_total")
    assert refused == sum(health["jobs"]["refused"].values())


def test_jobs_of_a_fallback_are_seen_while_they_run_and_wait(start: Start) -> None:
    slow = start(simulator={"tokens_per_s": 4}).wait_until_ready()
    both = start(
        simulator={"fault": "wedge_in_load"},
        remote={"base_url": f"{slow.url}/v1", "model": MODEL},
        routing={"fallback": "remote"},
    )
    both.wait_for(lambda: both.get("/health/ready")[1]["engines"][1]["ready"])
    assert scraped(both)["hailo_vision_ready",] == 0  # it is shown no pictures
    long = ask("Describe everything at length.", max_tokens=12)
    with posting(both, long) as first, posting(both, long) as second:
        busy = {"running": 1, "slots": 2, "waiting": 1, "depth": 32}  # a slot and a queue of each engine
        both.wait_for(lambda: both.get("/health")[1]["queue"] == busy)
        seen = scraped(both)
        assert seen["hailo_vision_requests_running",] == seen["hailo_vision_requests_waiting",] == 1
        assert first.result()[0] == second.result()[0] == 200
    assert scraped(both)["hailo_vision_requests_running",] == 0


def test_it_is_ready_by_a_fallback_that_sees(daemon: Daemon, start: Start) -> None:
    both = start(
        simulator={"fault": "wedge_in_load"},
        remote={"base_url": f"{daemon.url}/v1", "model": MODEL},
        routing={"fallback": "remote", "send_pictures_away": True},
    ).wait_until_ready()
    seen = scraped(both)
    assert seen["hailo_vision_ready",] == 1
    assert seen["hailo_vision_engine_state", "state=starting"] == 1  # that is the first engine's


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
