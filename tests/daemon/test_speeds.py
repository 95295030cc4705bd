"""How fast each model answered is kept across restarts."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.daemon.speeds import SpeedKeeper, Speeds, load, save, speeds_path
from hailo_vision.scheduler.estimate import Speed
from harness import PATIENCE_S, Daemon, ask

KNOWN: Speeds = {
    "a-model on hailo": Speed(prefill_s=1.5, token_s=0.12, tokens=80.5),
    "b-model on llama": Speed(prefill_s=1, token_s=None, tokens=1),
}


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "cache" / "speeds.json", KNOWN)
    assert load(tmp_path / "cache" / "speeds.json") == KNOWN
    assert os.listdir(tmp_path / "cache") == ["speeds.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 50_000,
        "{",
        '{"a": 1}',
        '{"a": {"prefill_s": -1, "token_s": 1, "tokens": 1}}',
        '{"a": {"prefill_s": NaN, "token_s": 1, "tokens": 1}}',
        '{"a": {"prefill_s": 1, "token_s": Infinity, "tokens": 1}}',
        '{"a": {"prefill_s": 1, "token_s": true, "tokens": 1}}',
        '{"a": {"prefill_s": 1, "token_s": 1}}',
    ],
)
def test_a_file_of_anything_else_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "speeds.json").write_text(content)
    assert load(tmp_path / "speeds.json") == {}


def test_without_a_file_or_a_folder_nothing_is_known(tmp_path: Path) -> None:
    assert load(tmp_path / "speeds.json") == load(None) == {}
    os.mkfifo(tmp_path / "pipe")
    assert load(tmp_path / "pipe") == {}


def test_the_file_is_in_the_packages_folder_or_the_users_own(tmp_path: Path) -> None:
    assert speeds_path({}, system=tmp_path) == tmp_path / "cache" / "speeds.json"
    user = {"XDG_DATA_HOME": "/home/u/data"}
    assert speeds_path(user, system=tmp_path / "none") == Path("/home/u/data/hailo-vision/cache/speeds.json")
    assert speeds_path({}, system=tmp_path / "none") is None


async def test_it_is_written_when_it_has_changed_and_models_that_are_not_served_keep_theirs(tmp_path: Path) -> None:
    path, now = tmp_path / "speeds.json", Speeds()
    keeper = SpeedKeeper(path, KNOWN, lambda: now, every_s=0.01)
    running = asyncio.create_task(keeper.run())
    await keeper.save()
    assert not path.exists()
    now["a-model on hailo"] = Speed(prefill_s=2, token_s=0.2, tokens=9)
    async with asyncio.timeout(PATIENCE_S):
        while load(path) != {**KNOWN, **now}:
            await asyncio.sleep(0.01)
    running.cancel()


async def test_a_disk_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    await SpeedKeeper(tmp_path / "file" / "speeds.json", {}, lambda: KNOWN).save()
    await SpeedKeeper(None, {}, lambda: KNOWN).save()


@pytest.mark.slow
def test_a_daemon_writes_what_it_measured_when_it_stops(start: Any) -> None:
    daemon: Daemon = start().wait_until_ready()
    assert daemon.post(ask("Hello!"))[0] == 200
    daemon.stop()
    (known,) = json.loads((daemon.config.parent / "hailo-vision" / "cache" / "speeds.json").read_text()).items()
    assert known[0].endswith(" on simulated")
    assert known[1]["tokens"] > 0
