"""The console's files as the package holds them."""

import re
import tomllib
from fnmatch import fnmatch
from importlib.resources import files

import pytest

from hailo_vision.console.files import PAGE, console_files
from harness import ROOT

FILES = console_files()
SCRIPTS = sorted(name for name in FILES if name.endswith(".js"))
TEXT = {name: file.content.decode() for name, file in FILES.items()}


def test_every_file_of_the_folder_but_python_is_served() -> None:
    there = {entry.name for entry in files("hailo_vision.console").iterdir() if entry.is_file()}
    assert there - FILES.keys() == {name for name in there if name.endswith(".py")}
    assert PAGE in FILES


def test_every_file_is_in_the_package_that_is_built() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["hailo_vision.console"]
    assert [name for name in FILES if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_the_etag_is_the_content_s() -> None:
    assert len({file.etag for file in FILES.values()}) == len(FILES)
    assert console_files() == FILES


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = TEXT[PAGE]
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_fetched_from_elsewhere(name: str) -> None:
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", TEXT[name]))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a namespace, which nobody fetches


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_makes_no_markup_out_of_text(name: str) -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", TEXT[name]) == []


def test_every_script_and_every_element_that_is_named_exists() -> None:
    for name in SCRIPTS:
        assert set(re.findall(r'from "\./([^"]+)"', TEXT[name])) <= FILES.keys(), name
        wanted = set(re.findall(r'(?:byId|swap)\("([^"]+)"', TEXT[name]))
        assert wanted <= set(re.findall(r'id="([^"]+)"', TEXT[PAGE])), name
    assert set(re.findall(r'(?:src|href)="console/([^"]+)"', TEXT[PAGE])) <= FILES.keys()
