"""`hailo-vision bench`, as a person runs it."""

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness import COMMAND, PATIENCE_S, PHOTOS, Daemon

pytestmark = pytest.mark.slow


def bench(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, "bench", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)


def test_a_table_for_people(daemon: Daemon) -> None:
    done = bench("--url", daemon.url, "-n", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 questions, at most 64 tokens each, pictures: drawn, a new one each" in done.stdout
    assert "sequential, 1 client: 3 of 3 answered in " in done.stdout
    for title in (
        "Time to first token",
        "Prefill",
        "Decode",
        "Tokens/s",
        "End to end",
        "NPU busy",
        "Load    ",
        "Chip    ",
    ):
        assert title in done.stdout
    assert "concurrent" not in done.stdout


def test_json_for_programs_keeps_its_shape(daemon: Daemon) -> None:
    done = bench("--url", daemon.url, "-n", "4", "-c", "2", "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == [
        "schema", "kind", "percentiles", "made_at", "url", "model", "load_s", "plan", "versions", "phases",
    ]  # fmt: skip
    assert [(phase["name"], phase["clients"], phase["answered"]) for phase in told["phases"]] == [
        ("sequential", 1, 4),
        ("concurrent", 2, 4),
    ]
    assert list(told["phases"][0]) == [
        "name", "clients", "questions", "answered", "wall_s", "errors", "completion_tokens", "throughput_tokens_per_s",
        "npu_busy_share", "cpu_busy_share", "before", "after", "figures", "samples",
    ]  # fmt: skip
    figure = told["phases"][0]["figures"]["ttft_s"]
    assert list(figure) == ["count", "p50", "p95", "p99", "mean", "minimum", "maximum"]
    assert figure["minimum"] <= figure["p50"] <= figure["p95"] <= figure["p99"] == figure["maximum"]
    sample = told["phases"][0]["samples"][0]
    assert sample["ttft_s"] + sample["decode_s"] == pytest.approx(sample["total_s"], abs=1e-5)
    assert told["load_s"] is not None


def test_the_report_is_a_page_that_stands_alone(daemon: Daemon, tmp_path: Path) -> None:
    done = bench("--url", daemon.url, "-n", "3", "--html", tmp_path / "report.html")
    assert done.stderr == f"The report is in {tmp_path}/report.html\n"
    html = (tmp_path / "report.html").read_text()
    assert len(list(ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>")).iter("svg"))) == 3


def test_two_results_are_compared(daemon: Daemon, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(bench("--url", daemon.url, "-n", "2", "--json").stdout)
    done = bench("compare", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 0
    assert "Time to first token, p50" in done.stdout
    assert "differs" not in done.stdout


def test_questions_and_pictures_can_be_chosen(daemon: Daemon) -> None:
    photos = [PHOTOS / "launch-pad.jpg", PHOTOS / "coffee-cup.jpg"]
    done = bench("--url", daemon.url, "-n", "2", "--prompt", "How many images?", "--json", "--image", *photos)
    plan = json.loads(done.stdout)["plan"]
    assert plan["prompts"] == ["How many images?"]
    assert plan["pictures"] == ", ".join(map(str, photos))


def test_a_full_queue_is_counted_and_does_not_end_the_bench(start: Callable[..., Daemon]) -> None:
    server = start(queue={"depth": 1}, simulator={"prefill_s": 0.3}).wait_until_ready()
    done = bench("--url", server.url, "-n", "6", "-c", "6", "--no-image", "--json")
    concurrent = json.loads(done.stdout)["phases"][1]
    assert done.returncode == 0
    assert concurrent["errors"] == {"queue_full": 6 - concurrent["answered"]}
    assert 0 < concurrent["answered"] < 6


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--url", "http://127.0.0.1:9"), 1, "Nothing answers at http://127.0.0.1:9"),
        (("--image", "/no/such/photo.jpg"), 1, "/no/such/photo.jpg: No such file"),
        (("--html", "/no/such/folder/report.html"), 1, "its folder is missing or closed"),
        (("--image", str(PHOTOS / "coffee-cup.jpg"), "--no-image"), 1, "exclude each other"),
        (("-n", "0"), 2, "'0' is no whole number from 1 on"),
        (("-c", "x"), 2, "'x' is no whole number from 1 on"),
        (("compare", "/no/a.json", "/no/b.json"), 1, "/no/a.json can't be read"),
        (("compare",), 2, "required"),
    ],
)
def test_what_can_not_be_done_is_said(words: tuple[str, ...], code: int, said: str) -> None:
    done = bench(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_ready_is_not_measured(start: Callable[..., Daemon]) -> None:
    loading = start(simulator={"load_s": 600})
    done = bench("--url", loading.url)
    assert done.returncode == 1
    assert "takes no requests now: The model is being loaded." in done.stderr


def test_a_bench_in_which_nothing_was_answered_has_failed(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = bench("--url", daemon.url, "-n", "2", "--image", tmp_path / "broken.jpg")
    assert done.returncode == 1
    assert "0 of 2 answered" in done.stdout
    assert "Errors: " in done.stdout


def test_a_terminal_gets_a_bar_and_the_table_stays_clean(daemon: Daemon) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "bench", "--url", daemon.url, "-n", "2", "--no-image"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=PATIENCE_S, check=False)
    os.close(theirs)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert "[########################] 2 of 2 sequential" in seen
    assert done.stdout.startswith("hailo-vision 0.1.0 at")
