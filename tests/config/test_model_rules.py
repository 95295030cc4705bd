"""What does not fit in a list of models is named with its path, what stands there and what would be right."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.config.check import check
from hailo_vision.config.parse import Parsed, parse_text
from hailo_vision.serving.names import tagged

KEYS = (
    "name, aliases, kind, engine, file, mmproj, keep, fallback, generation, base_url, remote_name, key_file, headers, "
    "native, send_pictures_away, context, slots"
)
OTHER = "{name: other, engine: remote, base_url: 'http://x/v1'}"


def messages(text: str) -> list[str]:
    return [str(problem) for problem in check(parse_text(text, "x.yaml"))]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("3", f": 3 is a whole number; expected a section with the keys {KEYS}"),
        ("{engine: simulated}", ".name: is missing; expected text"),
        ("{name: a}", ".engine: is missing; expected one of hailo, simulated, llama, remote, auto or a list of these"),
        ("{name: '', engine: simulated}", '.name: "" is empty; expected text'),
        (
            "{name: a, engine: lama}",
            '.engine: "lama" is not one of hailo, simulated, llama, remote, auto or a list of these; did you mean '
            '"llama"?',
        ),
        (
            "{name: a, engine: 3}",
            ".engine: 3 is a whole number; expected one of hailo, simulated, llama, remote, auto or a list of these",
        ),
        (
            "{name: a, engine: [simulated, lama]}",
            '.engine[1]: "lama" is not one of hailo, simulated, llama, remote, auto; did you mean "llama"?',
        ),
        ("{name: a, engine: []}", ".engine: [] is empty; expected a list of text"),
        ("{name: a, engine: simulated, file: 3}", ".file: 3 is a whole number; expected text or a list of text"),
        ("{name: a, engine: simulated, file: [/a, 3]}", ".file[1]: 3 is a whole number; expected text"),
        (
            "{name: a, engine: simulated, keep: pined}",
            '.keep: "pined" is not a number from 0 to 31536000 or null or pinned; did you mean "pinned"?',
        ),
        (
            "{name: a, engine: simulated, keep: yes}",
            ".keep: true is a yes or no value; expected a number from 0 to 31536000 or null or pinned",
        ),
        (
            "{name: a, engine: simulated, keep: -1}",
            ".keep: -1 is too small; expected a number from 0 to 31536000 or null",
        ),
        ("{name: a, engine: simulated, kind: txt}", '.kind: "txt" is not one of vision, text; did you mean "text"?'),
        ("{name: a, engine: simulated, kind: speech}", '.kind: "speech" is not one of vision, text'),
        ("{name: a, engine: simulated, aliases: b}", '.aliases: "b" is text; expected a list of text'),
        ("{name: a, engine: simulated, alias: [b]}", '.alias: unknown key; did you mean "aliases"?'),
        ("{name: a, engine: simulated, threads: 3}", ".threads: unknown key; it belongs in the section llama"),
        ("{name: a, engine: simulated, hef: /a.hef}", f".hef: unknown key; the keys here are {KEYS}"),
        (
            "{name: a, engine: simulated, generation: {top_k: 0}}",
            ".generation.top_k: 0 is too small; expected a whole number from 1 to 1000000 or null",
        ),
        (
            "{name: a, engine: simulated, generation: {max_tokens: 600}}",
            ".generation.max_tokens: 600 is more than max_tokens_limit, 512; expected a whole number from 1 to 512",
        ),
        (
            "{name: a, engine: simulated, context: 9}",
            ".context: 9 is too small; expected a whole number from 256 to 10000000 or null",
        ),
    ],
)
def test_a_mistake_in_a_model_is_named_with_its_place_in_the_list(entry: str, message: str) -> None:
    assert messages(f"models: [{OTHER}, {entry}]") == [f"models[1]{message}"]


def test_models_without_their_dashes_are_explained() -> None:
    (message,) = messages("models: {name: a}")
    assert message == (
        f'models: {{"name": "a"}} is a section; expected a list of sections with the keys {KEYS} or null'
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("engine: hailo", ".file: is missing; the engine hailo needs a .hef file"),
        ("engine: llama, file: []", ".file: is missing; the engine llama needs a .gguf file"),
        (
            "engine: auto, file: /a.hef",
            ".file: lacks one; the engine auto needs a .hef file and a .gguf file",
        ),
        (
            "engine: hailo, file: a.hef",
            '.file: "a.hef" is not an absolute path; expected a path that starts with /',
        ),
        (
            "engine: [hailo, llama], file: [/a.hef, a.gguf]",
            '.file[1]: "a.gguf" is not an absolute path; expected a path that starts with /',
        ),
        (
            "engine: hailo, file: [/a.hef, /b.hef]",
            '.file[1]: "/b.hef" is read by none of its engines; leave it out',
        ),
        (
            "engine: remote, base_url: 'http://x/v1', file: /a",
            '.file: "/a" is read by none of its engines; leave it out',
        ),
        ("engine: remote", ".base_url: is missing; the engine remote needs it"),
        (
            "engine: remote, base_url: nas",
            '.base_url: "nas" is no address; expected an address such as '
            "http://nas.lan:8000/v1, without a user, ? or #",
        ),
        (
            "engine: remote, base_url: 'http://x/v1', headers: [bad]",
            ".headers[0]: is no header; expected a name, a colon, a space and a value, such as X-Team: kitchen",
        ),
        (
            "engine: remote, base_url: 'http://x/v1', key_file: k",
            '.key_file: "k" is not an absolute path; expected a path that starts with /',
        ),
        (
            "engine: llama, file: /a.gguf, mmproj: m",
            '.mmproj: "m" is not an absolute path; expected a path that starts with /',
        ),
        ("engine: simulated, mmproj: /m", ".mmproj: is only read by the engine llama or auto; leave it out"),
        (
            "engine: simulated, base_url: 'http://x/v1'",
            ".base_url: is only read by the engine remote; leave it out",
        ),
        (
            "engine: simulated, send_pictures_away: true",
            ".send_pictures_away: is only read by the engine remote; leave it out",
        ),
        (
            "engine: simulated, slots: 2",
            ".slots: is only read by the engine llama, remote or auto; leave it out",
        ),
        (
            "engine: llama, file: /a.gguf, slots: 65",
            ".slots: 65 is too large for llama; expected a whole number up to 64",
        ),
        ("engine: [simulated, simulated]", ".engine[1]: simulated stands twice; leave it out"),
        (
            "kind: text, engine: llama, file: /a.gguf, mmproj: /m",
            ".mmproj: a model of kind text has no vision projector; leave it out, or set kind to vision",
        ),
        (
            "kind: text, engine: remote, base_url: 'http://x/v1', send_pictures_away: true",
            ".send_pictures_away: a model of kind text takes no pictures; leave it out, or set kind to vision",
        ),
        (
            "kind: text, engine: simulated",
            ".kind: text does not go with the engine simulated, which takes models of kind vision alone yet",
        ),
        (
            "engine: simulated, fallback: b",
            '.fallback: "b" is not the name of another model; expected one of "other"',
        ),
        (
            "engine: simulated, fallback: [other, b]",
            '.fallback[1]: "b" is not the name of another model; expected one of "other"',
        ),
        ("engine: simulated, fallback: a", '.fallback: "a" is this model itself; expected another model'),
        ("engine: simulated, fallback: [other, other]", '.fallback[1]: "other" stands twice; leave it out'),
        (
            "engine: simulated, aliases: [b, a]",
            '.aliases[1]: "a" is the model\'s name already; leave it out',
        ),
        ("engine: simulated, aliases: [b, b]", '.aliases[1]: "b" stands twice; leave it out'),
        (
            "engine: simulated, aliases: ['other:latest']",
            '.aliases[0]: "other:latest" is a name of models[0] '
            "already, as a name without a tag is one with :latest; expected another name",
        ),
    ],
)
def test_what_does_not_fit_in_a_model_is_named(entry: str, message: str) -> None:
    assert messages(f"models: [{OTHER}, {{name: a, {entry}}}]") == [f"models[1]{message}"]


def test_no_two_models_share_a_name() -> None:
    (message,) = messages(f"models: [{OTHER}, {{name: other, engine: simulated}}]")
    assert message == 'models[1].name: "other" is a name of models[0] already; expected another name'


@pytest.mark.parametrize(("engine", "other"), [("hailo", "hailo"), ("hailo", "auto"), ("auto", "[remote, hailo]")])
def test_one_model_at_a_time_is_on_the_chip(engine: str, other: str) -> None:
    files = "file: [/a.hef, /a.gguf]"
    one, two = f"name: a, engine: {engine}, {files}", f"name: b, engine: {other}, {files}, base_url: 'http://x/v1'"
    found = messages(f"models: [{{{one}}}, {{{two}}}]")
    (message,) = (message for message in found if "needs the chip" in message)
    assert message == (
        f"models[1].engine: {other.strip('[]').split(', ')[-1]} needs the chip, which models[0] has; only one model "
        "can be on it yet; expected llama or remote"
    )


def test_the_stand_in_is_a_chip_of_its_own() -> None:
    chip = "{name: a, engine: hailo, file: /a.hef, fallback: b}"
    assert messages(f"models: [{chip}, {{name: b, engine: simulated}}]") == []
    (message,) = messages(f"models: [{chip}, {{name: b, engine: simulated}}, {{name: c, engine: simulated}}]")
    assert message.startswith("models[2].engine: simulated needs the simulated chip, which models[1] has;")


def test_two_models_may_stand_in_for_each_other() -> None:
    assert messages(f"models: [{{name: a, engine: simulated, fallback: other}}, {OTHER[:-1]}, fallback: a}}]") == []


def test_problems_of_a_list_come_in_the_order_of_the_file() -> None:
    text = """
    models:
      - {name: a, engine: remote, slots: 2}
      - {name: b, fallback: zz, engine: [hailo, hailo]}
    server: {prot: 1}
    """
    assert [message.partition(": ")[0] for message in messages(text)] == [
        "models[0].base_url",
        "models[1].file",
        "models[1].fallback",
        "models[1].engine[1]",
        "server.prot",
    ]


@given(
    name=st.sampled_from(["a", "a:latest", "a:7b", "A", "b"]),
    other=st.sampled_from(["a", "a:latest", "a:7b", "A", "b"]),
)
def test_names_are_one_where_serving_takes_them_for_one(name: str, other: str) -> None:
    tree: dict[str, Any] = {
        "models": [
            {"name": name, "engine": "simulated"},
            {"name": other, "engine": "remote", "base_url": "http://x/v1"},
        ]
    }
    assert bool(check(Parsed(tree=json.loads(json.dumps(tree))))) is (tagged(name) == tagged(other))
