"""A list of models beside the sections that it takes the place of: refused, with the list that says the same."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from hypothesis import assume, given, settings

from any_settings import any_settings
from hailo_vision.config.check import check
from hailo_vision.config.forms import as_list
from hailo_vision.config.parse import Parsed, parse_text
from hailo_vision.config.served import EngineSettings, ModelSettings, served
from hailo_vision.config.settings import NAME_A_MODEL, ModelEntry, Settings
from hailo_vision.config.tree import settings_from
from hailo_vision.serving.names import tagged

BOTH = """
model: {name: eyes, pinned: true, load_timeout_s: 30}
device: {runtime: auto}
routing: {fallback: remote}
remote: {base_url: "http://nas.lan/v1", model: big, retries: 0}
models: [{name: other, engine: simulated}]
"""


def without(tree: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """The tree as JSON has it, without the keys that a list takes the place of."""
    return {
        name: {key: value for key, value in section.items() if f"{name}.{key}" not in paths}
        for name, section in json.loads(json.dumps(tree)).items()
        if name != "models"
    }


def used(model: ModelSettings) -> tuple[ModelSettings, list[dict[str, Any]]]:
    """A model, and of its engines what each reads: not the file for the chip, say, where it is a remote server."""
    keep_alive = None if model.is_pinned else model.keep_alive
    return replace(model, engines=(), keep_alive=keep_alive), [dict(read(engine)) for engine in model.engines]


def read(engine: EngineSettings) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(engine, name)) for name in ("runtime", "load_timeout_s", "takes_pictures"))
    if engine.runtime in ("hailo", "simulated", "auto"):
        yield from ((name, getattr(engine, name)) for name in ("hef", "reuse_context", "simulator"))
        yield from (("path", engine.device.path), ("group_id", engine.device.group_id))
    if engine.runtime in ("hailo", "auto"):
        yield ("is_alone", engine.is_alone)
    if engine.runtime in ("llama", "auto"):
        yield ("llama", engine.llama)
    if engine.runtime == "remote":
        yield ("remote", engine.remote)


@settings(deadline=None)
@given(short=any_settings())
def test_the_list_that_is_printed_says_the_same_as_the_sections(short: Settings) -> None:
    names = [model.name for model in served(short)]
    aliases = {tagged(name) for name in (short.model.name, *short.model.aliases)}
    assume(tagged(names[-1]) not in aliases or len(names) == 1)  # taken in short, though Ollama's clients mix them up
    parsed = parse_text(as_list(short), "x.yaml")
    assert parsed.problems == ()
    for entry in parsed.tree["models"]:
        if "remote" in (entry["engine"], *entry["engine"]):
            entry["headers"] = list(short.remote.headers)  # which is not printed: it may be secret
    tree = {**without(asdict(short), NAME_A_MODEL), **parsed.tree}
    assert check(Parsed(tree=tree)) == ()
    assert list(map(used, served(settings_from(tree)))) == list(map(used, served(short)))


def test_both_forms_in_one_file_are_one_problem_with_the_list_that_says_the_same() -> None:
    (problem,) = check(parse_text(BOTH, "x.yaml"))
    assert str(problem) == (
        "models: takes the place of device.runtime, model.name, model.pinned, remote.base_url, remote.model, "
        "routing.fallback; leave those out, or the list"
    )
    assert problem.remedy == (
        "This list says the same as those keys:\n"
        "\n"
        "models:\n"
        "  - name: eyes\n"
        "    engine: [auto, remote]\n"
        "    file: [/var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct.hef, "
        "/var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct-Q4_K_M.gguf]\n"
        "    keep: pinned\n"
        '    base_url: "http://nas.lan/v1"\n'
        "    remote_name: big\n"
    )


def test_headers_of_a_server_are_not_printed() -> None:
    (problem,) = check(parse_text(BOTH.replace("retries: 0", "headers: ['X-Key: hush']"), "x.yaml"))
    assert problem.remedy.startswith(
        "This list says the same as those keys but for remote.headers, which may be secret and belong in headers:\n"
    )
    assert "hush" not in problem.remedy + problem.message


def test_sections_that_name_no_model_stand_beside_a_list() -> None:
    tree = {**without(asdict(Settings()), NAME_A_MODEL), "models": [{"name": "a", "engine": "simulated"}]}
    assert check(Parsed(tree=tree)) == ()
    assert settings_from(tree).models == (ModelEntry(name="a", engine=("simulated",)),)


def test_an_empty_list_is_no_list() -> None:
    for nothing in ("", "[]", "null"):
        text = f"model: {{name: a}}\nmodels: {nothing}\n"
        assert check(parse_text(text, "x.yaml")) == ()
        assert settings_from(parse_text(text, "x.yaml").tree).models == ()
