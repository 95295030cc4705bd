"""docs/hailort-traps.md: complete, and every module and test that it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "src" / "hailo_vision"
TRAPS = 30

# What has no safe use, or none here, by trap: 8; 10, 21; 15; 18; 20; 25; 27.
UNSAFE = re.compile(
    r"set_stop_tokens|set_generation_recovery_sequence|save_context|load_context|generate_all|read_all|device_ids|"
    r"Speech2Text\w*|HAILO_MONITOR|get_throttling_state|_get_health_information|multiprocessing|subprocess|fork|spawn\w*|"
    r"popen|system"
)


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "hailort-traps.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| *\d", line)]
    assert all(len(row) == 4 for row in cells)
    return cells


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def names_of_tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_trap_has_its_row_in_order() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, TRAPS + 1))


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The names of all tests."""
    return {name for path in (ROOT / "tests").rglob("test_*.py") for name in names_of_tests(path)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_names_modules_and_tests_that_exist(row: list[str], known: set[str]) -> None:
    modules = [name for name in named(row[2]) if name.endswith(".py")]
    assert modules
    assert [name for name in modules if not (HOUSE / name).is_file()] == []
    tests = named(row[3])
    assert tests
    assert [name for name in tests if name not in known] == []


def test_the_engine_calls_nothing_that_has_no_safe_use() -> None:
    """Names and attributes of the worker's code; a word in a comment or a message is none."""
    found = []
    for path in sorted((HOUSE / "worker").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "module")]
            found += [f"{path.name}: {name}" for name in names if isinstance(name, str) and UNSAFE.fullmatch(name)]
    assert found == []
