"""The chip's health, read by a child."""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hailo_vision.engines.chip.probe import ChipProbe, ChipReading
from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.probe import read

SIMULATOR = "hailo_vision.simulator"


def options(folder: Path, **more: object) -> dict[str, str]:
    return {"HAILO_VISION_SIMULATOR": json.dumps({"kv_slot": str(folder / "chip"), **more})}


@pytest.mark.parametrize("version", ["5.1.1", "5.2.0"])
async def test_a_reading_has_the_chips_temperature_and_versions(tmp_path: Path, version: str) -> None:
    reading = await ChipProbe(SIMULATOR, environment=options(tmp_path, version=version)).read()
    assert reading is not None
    assert 0 < reading.temperature_c < 120
    assert version in reading.firmware
    assert reading.runtime_version == version
    assert "10H" in reading.architecture


@pytest.mark.parametrize("fault", ["no_device", "no_permission", "driver_mismatch"])
async def test_a_chip_that_does_not_answer_gives_no_reading(tmp_path: Path, fault: str) -> None:
    assert await ChipProbe(SIMULATOR, environment=options(tmp_path, fault=fault)).read() is None


async def test_a_runtime_that_is_not_installed_gives_no_reading() -> None:
    assert await ChipProbe("no_such_package").read() is None


@pytest.mark.parametrize("says", ["print('hello')", "print('[]')", "print('{}')", "pass", "raise SystemExit(3)"])
async def test_a_child_that_says_something_else_gives_no_reading(says: str) -> None:
    assert await ChipProbe("x", command=(sys.executable, "-c", says)).read() is None


@pytest.mark.slow
async def test_a_child_that_hangs_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    says = f"import os, signal; open({str(note)!r}, 'w').write(str(os.getpid())); signal.pause()"
    assert await ChipProbe("x", command=(sys.executable, "-c", says), budget_s=2).read() is None
    assert not Path(f"/proc/{note.read_text()}").exists()


async def test_a_reading_is_replaced_by_the_next_one(tmp_path: Path) -> None:
    switch = tmp_path / "fault"
    environment = options(tmp_path, fault_file=str(switch))
    probe = ChipProbe(SIMULATOR, environment=environment, period_s=0.01)
    task = asyncio.create_task(probe.run())
    async with asyncio.timeout(20):
        while probe.reading is None:
            await asyncio.sleep(0.01)
        switch.write_text("no_device")
        while probe.reading is not None:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Counted(ChipProbe):
    """A probe whose readings are counted and cost nothing."""

    readings = 0

    async def read(self) -> ChipReading | None:
        self.readings += 1
        return ChipReading(temperature_c=40.0, firmware="5", architecture="x", runtime_version="5")


async def test_nothing_is_read_while_nobody_asks_and_many_questions_are_one_reading() -> None:
    probe = Counted("x", period_s=1000)
    task = asyncio.create_task(probe.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert probe.readings == 0
    for _ in range(20):
        _ = probe.reading
        await asyncio.sleep(0)
    assert probe.readings == 1
    assert probe.reading is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_old_reading_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Counted("x", period_s=1000)
    task = asyncio.create_task(probe.run())
    _ = probe.reading
    while not probe.readings:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert probe.reading is not None
    loop = asyncio.get_running_loop()
    later = loop.time() + 301
    monkeypatch.setattr(loop, "time", lambda: later)
    assert probe.reading is None
    monkeypatch.undo()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("status", "says"), [(13, "can't read its own sensor"), (62, "connection with the chip was closed"), (4, "in time")]
)
def test_the_probe_explains_its_failures_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, status: int, says: str
) -> None:
    """13 is a missing model file to the loader, and 62 a taken place."""
    error = type("Status", (Exception,), {})
    raised = error(str(status))

    def fail() -> None:
        raise raised

    fake = SimpleNamespace(root=SimpleNamespace(Device=fail), errors=(error,), version="5")
    monkeypatch.setattr("hailo_vision.worker.probe.import_runtime", lambda name: fake)
    with pytest.raises(DeviceUnavailable, match=says) as caught:
        read("x")
    assert "model" not in str(caught.value)


RIGHT = {"temperature_c": 47.5, "firmware": "5.2.0", "architecture": "HAILO10H", "runtime_version": "5.2.0"}


def printing(output: str) -> tuple[str, ...]:
    return sys.executable, "-c", f"print({output!r})"


@pytest.mark.parametrize("name", list(RIGHT))
@pytest.mark.parametrize(
    "value", ["NaN", "1e999", "1" + "0" * 4000, "true", "null", "[7]", "{}", '"' + "x" * 1000 + '"']
)
async def test_a_field_of_a_wrong_kind_gives_no_reading(name: str, value: str) -> None:
    """NaN would be in the JSON of /health, and a word would end a scrape of /metrics."""
    fields = {**{field: json.dumps(right) for field, right in RIGHT.items()}, name: value}
    output = "{" + ",".join(f'"{field}":{text}' for field, text in fields.items()) + "}"
    assert await ChipProbe("x", command=printing(output)).read() is None


async def test_a_chip_below_zero_is_read() -> None:
    reading = await ChipProbe("x", command=printing(json.dumps({**RIGHT, "temperature_c": -12.5}))).read()
    assert reading is not None
    assert reading.temperature_c == -12.5


async def test_deep_json_gives_no_reading_and_ends_nothing() -> None:
    says = "print('[' * 50_000)"
    assert await ChipProbe("x", command=(sys.executable, "-c", says)).read() is None


async def test_a_child_that_floods_is_killed_at_once(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    says = f"import os; open({str(note)!r}, 'w').write(str(os.getpid()))\nwhile True: os.write(1, bytes(65536))"
    async with asyncio.timeout(20):
        assert await ChipProbe("x", command=(sys.executable, "-c", says), budget_s=3600).read() is None
    assert not Path(f"/proc/{note.read_text()}").exists()
