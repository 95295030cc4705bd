"""Every mistake gets one line that says where it is, what stands there and what would be right."""

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hailo_vision.config.check import check
from hailo_vision.config.parse import Parsed, parse_text
from hailo_vision.config.schema import schema
from hailo_vision.config.settings import SECTIONS, Server, Settings
from hailo_vision.config.tree import settings_from

SERVER_KEYS = ", ".join(key.name for key in fields(Server))
KEYS = {name: list(schema()["properties"][name]["properties"]) for name in SECTIONS}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["pad", "/x"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
sections = st.sampled_from(list(SECTIONS)).flatmap(
    lambda name: st.tuples(
        st.just(name), st.dictionaries(st.sampled_from(KEYS[name]) | st.text(max_size=5), values, max_size=4) | values
    )
)
ENTRY_KEYS = list(schema()["properties"]["models"]["items"]["properties"])
engines = st.sampled_from(["hailo", "llama", "remote", "auto", "none", ["llama", "remote"]])
entries = st.dictionaries(st.sampled_from(ENTRY_KEYS) | st.text(max_size=5), values | engines, max_size=5)
named = st.builds(lambda entry, name, engine: {**entry, "name": name, "engine": engine}, entries, st.text(), engines)
models = st.tuples(st.just("models"), st.lists(entries | named | values, max_size=3) | values)
trees = st.lists(sections | models | st.tuples(st.text(max_size=5), values), max_size=4).map(dict)


def messages(text: str) -> list[str]:
    return [str(problem) for problem in check(parse_text(text, "x.yaml"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: {port: 99999}", "server.port: 99999 is too large; expected a whole number from 0 to 65535"),
        (
            "server: {host: '0.0.0.0:11435'}",
            'server.host: "0.0.0.0:11435" is no address to listen on; expected an address or a host name without a '
            "port, such as 0.0.0.0; server.port is the port",
        ),
        ("server: {port: -1}", "server.port: -1 is too small; expected a whole number from 0 to 65535"),
        ("server: {port: '80'}", 'server.port: "80" is text; expected a whole number from 0 to 65535'),
        ("server: {port: 012}", 'server.port: "012" is text; expected a whole number from 0 to 65535'),
        ("server: {port: 1.0}", "server.port: 1.0 is a decimal number; expected a whole number from 0 to 65535"),
        ("server: {port: yes}", "server.port: true is a yes or no value; expected a whole number from 0 to 65535"),
        ("server: {port: }", "server.port: null is empty; expected a whole number from 0 to 65535"),
        ("server: {port: [1]}", "server.port: [1] is a list; expected a whole number from 0 to 65535"),
        ("server: {port: {a: 1}}", 'server.port: {"a": 1} is a section; expected a whole number from 0 to 65535'),
        ("server: {port: .nan}", "server.port: NaN is not a finite number; expected a whole number from 0 to 65535"),
        (
            "queue: {deadline_s: .inf}",
            "queue.deadline_s: Infinity is not a finite number; expected a number above 0 and up to 86400",
        ),
        (
            "queue: {deadline_s: no}",
            "queue.deadline_s: false is a yes or no value; expected a number above 0 and up to 86400",
        ),
        ("queue: {deadline_s: 0}", "queue.deadline_s: 0 is too small; expected a number above 0 and up to 86400"),
        ("generation: {top_p: x}", 'generation.top_p: "x" is text; expected a number from 0 to 1 or null'),
        ("images: {fetch: 1}", "images.fetch: 1 is a whole number; expected true or false"),
        ("server: {host: 5}", "server.host: 5 is a whole number; expected text"),
        ("server: {host: ''}", 'server.host: "" is empty; expected text'),
        ('server: {host: "a\\0b"}', 'server.host: "a\\u0000b" holds the character U+0000; expected text without it'),
        ("images: {fit: padd}", 'images.fit: "padd" is not one of pad, stretch, crop; did you mean "pad"?'),
        ("images: {fit: 3}", "images.fit: 3 is not one of pad, stretch, crop"),
        ("model: {aliases: x}", 'model.aliases: "x" is text; expected a list of text'),
        ("model: {aliases: [a, 5]}", "model.aliases[1]: 5 is a whole number; expected text"),
        ("server: {prot: 1}", 'server.prot: unknown key; did you mean "port"?'),
        ("server: {Max-Body-MB: 1}", 'server.Max-Body-MB: unknown key; did you mean "max_body_mb"?'),
        ("server: {zzz: 1}", f"server.zzz: unknown key; the keys here are {SERVER_KEYS}"),
        ("server: {depth: 1}", "server.depth: unknown key; it belongs in the section queue"),
        ("server: {'a.b\\n': 1}", f'server."a.b\\\\n": unknown key; the keys here are {SERVER_KEYS}'),
        ("sever: {port: 1}", 'sever: unknown section; did you mean "server"?'),
        ("port: 1", "port: unknown section; it belongs in the section server"),
        (
            "zzz: 1",
            "zzz: unknown section; the sections here are server, device, model, generation, images, queue, logging, "
            "simulator, llama, remote, routing, models",
        ),
        ("server: 3", f"server: 3 is a whole number; expected a section with the keys {SERVER_KEYS}"),
        ("$schema: 3", "$schema: 3 is a whole number; expected text"),
        (
            f"server: {{port: {'long ' * 30}}}",
            f'server.port: "{("long " * 30)[:58]}… is text; expected a whole number from 0 to 65535',
        ),
    ],
)
def test_a_mistake_is_named_with_its_path_its_value_and_what_would_be_right(text: str, message: str) -> None:
    assert messages(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "generation: {max_tokens: 300, max_tokens_limit: 256}",
            "generation.max_tokens: 300 is more than max_tokens_limit, 256; expected a whole number from 1 to 256",
        ),
        (
            "generation: {max_tokens_limit: 100}",
            "generation.max_tokens: 200, the default, is more than max_tokens_limit, 100; expected a whole number from "
            "1 to 100",
        ),
        ("model: {name: a, aliases: [b, a]}", 'model.aliases[1]: "a" is the model\'s name already; leave it out'),
        ("model: {aliases: [b, c, b]}", 'model.aliases[2]: "b" stands twice; leave it out'),
        ("model: {hef: m.hef}", 'model.hef: "m.hef" is not an absolute path; expected a path that starts with /'),
        ("model: {hef: ~/m.hef}", 'model.hef: "~/m.hef" is not an absolute path; expected a path that starts with /'),
        (
            "server: {api_keys_file: keys}",
            'server.api_keys_file: "keys" is not an absolute path; expected a path that starts with /',
        ),
        ("server: {tls_cert: /a}", "server.tls_key: is missing; tls_cert is given, and https needs both"),
        ("server: {tls_key: /a}", "server.tls_cert: is missing; tls_key is given, and https needs both"),
        (
            "images: {fetch_allow: [192.168.1.7/24]}",
            'images.fetch_allow[0]: "192.168.1.7/24" is an address and not a network; did you mean "192.168.1.0/24" or '
            '"192.168.1.7"?',
        ),
    ],
)
def test_settings_that_do_not_fit_each_other_are_named(text: str, message: str) -> None:
    assert messages(text) == [message]


@pytest.mark.parametrize(
    "entry",
    ["http://nas.lan", "nas.lan:80", "*.lan", "300.1.1.1", "192.168.1", "10.0.0.0/33", "fe80::1%eth0", "[::1]", "a b"],
)
def test_what_is_no_host_cannot_be_allowed(entry: str) -> None:
    assert messages(json.dumps({"images": {"fetch_allow": [entry]}})) == [
        f'images.fetch_allow[0]: "{entry}" is no host; expected a host name, an address or a network, such as nas.lan '
        "or 192.168.1.0/24"
    ]


@pytest.mark.parametrize(
    "entry", ["nas", "nas.lan", "my_nas-2", "10.0.0.7", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0"]
)
def test_host_names_addresses_and_networks_can_be_allowed(entry: str) -> None:
    assert messages(json.dumps({"images": {"fetch_allow": [entry]}})) == []


@pytest.mark.parametrize(
    "entry",
    [
        "app.example",
        "https://app.example/",
        "https://*.app.example",
        "null",
        "https://",
        "http://a b",
        "://a",
        "https-extension://",
        "app://*",
    ],
)
def test_what_is_no_origin_cannot_be_listed(entry: str) -> None:
    (message,) = messages(json.dumps({"server": {"cors_origins": [entry]}}))
    assert message.startswith(f'server.cors_origins[0]: "{entry}" is no origin')


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "http://localhost:3000",
        "https://app.example",
        "app://obsidian.md",
        "http://[::1]:80",
        "a-b://c",
        "moz-extension://*",
    ],
)
def test_origins_of_pages_and_of_apps_can_be_listed(entry: str) -> None:
    assert messages(json.dumps({"server": {"cors_origins": [entry]}})) == []


@pytest.mark.parametrize("entry", ["*", "a:80", "https://a", "a b", ".a", "a..b", "[::1]"])
def test_what_is_no_name_cannot_be_one_of_the_servers(entry: str) -> None:
    (message,) = messages(json.dumps({"server": {"allowed_hosts": [entry]}}))
    assert message.startswith(f'server.allowed_hosts[0]: "{entry}" is no host name')


def test_a_rule_is_silent_about_a_value_that_is_wrong_already() -> None:
    assert messages("generation: {max_tokens: '9', max_tokens_limit: 8}") == [
        'generation.max_tokens: "9" is text; expected a whole number from 1 to 8192'
    ]


def test_all_problems_come_at_once_and_in_the_order_of_the_file() -> None:
    text = """
    queue: {depth: x, deadline_s: 1, deadline_s: 2}
    generation: {max_tokens_limit: 5, top_k: 0}
    zzzz: 1
    server: {port: 70000}
    """
    assert [message.partition(":")[0] for message in messages(text)] == [
        "queue.depth",
        "queue.deadline_s",
        "generation.max_tokens",
        "generation.top_k",
        "zzzz",
        "server.port",
    ]


def test_sections_and_the_file_may_be_empty() -> None:
    text = "server:\nmodel: {}\n"
    assert messages(text) == []
    assert settings_from(parse_text(text, "x.yaml").tree) == Settings()


def test_a_schema_key_for_editors_is_allowed() -> None:
    assert messages("$schema: ./hailo-vision.schema.json") == []


def test_a_whole_number_becomes_a_float_where_a_float_is_wanted() -> None:
    settings = settings_from({"queue": {"deadline_s": 5}, "generation": {"temperature": 1}})
    assert (repr(settings.queue.deadline_s), repr(settings.generation.temperature)) == ("5.0", "1.0")


@settings(deadline=None)
@given(tree=trees)
def test_any_tree_is_taken_or_explained_in_single_printable_lines(tree: dict[str, Any]) -> None:
    for problem in check(Parsed(tree=tree)):
        assert str(problem).isprintable()
        assert len(str(problem)) < 500


@settings(deadline=None)
@given(tree=trees)
def test_what_is_taken_is_valid_by_the_plain_schema_too(tree: dict[str, Any]) -> None:
    if not check(Parsed(tree=tree)):
        Draft202012Validator(schema()).validate(tree)
        settings_from(tree)
