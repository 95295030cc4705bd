"""Two results side by side."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.results import phase, result, sample
from hailo_vision.bench.compare import compare
from hailo_vision.bench.result import BadResult, as_json, read
from hailo_vision.bench.result import Result as BenchResult


def saved(made: BenchResult) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(json.dumps(as_json(made)))
    return tree


def of(total_s: float, tokens: int = 10) -> dict[str, Any]:
    samples = (sample(number, total_s=total_s, completion_tokens=tokens) for number in range(10))
    return saved(result(phase(*samples)))


def line(text: str, start: str) -> list[str]:
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return found.removeprefix(start).split()


def test_shorter_is_better_and_a_higher_rate_is_better() -> None:
    told = compare(of(3.0), of(2.0))
    assert line(told, "End to end, p50") == ["3.00", "s", "2.00", "s", "-33", "%", "better"]
    assert line(told, "Tokens/s, p50")[-2:] == ["%", "better"]
    assert line(compare(of(2.0), of(3.0)), "End to end, p50")[-1] == "worse"


def test_a_95th_percentile_of_fewer_than_20_answers_is_not_judged() -> None:
    """It is the slowest answer, and one slow answer is no trend."""
    assert line(compare(of(2.0), of(3.0)), "End to end, p95") == ["2.00", "s", "3.00", "s", "too", "few"]


def test_a_change_within_the_noise_is_none() -> None:
    assert line(compare(of(3.0), of(3.02)), "End to end, p50")[-1] == "same"


def test_other_differences_are_named() -> None:
    other = of(2.0)
    other["versions"]["runtime_version"] = "5.2.0"
    other["plan"]["questions"] = 20
    told = compare(of(2.0), other)
    assert "differs: runtime_version 5.1.1 -> 5.2.0" in told
    assert "differs: questions 10 -> 20" in told


def test_results_without_a_phase_in_common_can_not_be_compared() -> None:
    other = saved(result(phase(sample(0), name="concurrent")))
    with pytest.raises(BadResult, match="no phase in common"):
        compare(of(2.0), other)


@pytest.mark.parametrize("key", ["phases", "versions", "plan", "made_at", "model"])
@pytest.mark.parametrize("broken", [None, 7, [7]])
def test_a_result_that_is_not_whole_is_an_error_in_words(key: str, broken: Any) -> None:
    if key in ("made_at", "model"):
        tree = of(2.0)
        del tree[key]
    else:
        tree = {**of(2.0), key: broken}
    with pytest.raises(BadResult):
        compare(tree, tree)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[]", "is no result of a bench"),
        (b'{"kind": "other"}', "is no result of a bench"),
        (b'{"kind": "hailo-vision bench", "schema": 99}', "schema 99, here 1"),
    ],
)
def test_a_file_that_is_no_result_is_an_error_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadResult, match=said):
        read(tmp_path / "x.json")
    with pytest.raises(BadResult, match="can't be read"):
        read(tmp_path / "missing.json")
