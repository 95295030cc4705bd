"""What the settings say of models, in short or as a list, becomes the one form that is served."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from any_settings import any_settings
from hailo_vision.config.check import check
from hailo_vision.config.load import load
from hailo_vision.config.parse import Parsed, parse_text
from hailo_vision.config.served import EngineSettings, ModelSettings, served
from hailo_vision.config.settings import Generation, Settings
from hailo_vision.config.tree import settings_from

EVERY_KEY_OF_0_1 = Path(__file__).parent / "every_key_of_0_1.yaml"


def read(text: str) -> Settings:
    parsed = parse_text(text, "x.yaml")
    assert check(parsed) == ()
    return settings_from(parsed.tree)


def models(text: str) -> tuple[ModelSettings, ...]:
    return served(read(text))


def test_a_file_with_every_key_of_0_1_starts_and_each_key_means_what_it_meant() -> None:
    tree = parse_text(EVERY_KEY_OF_0_1.read_text(), "x.yaml").tree
    values = asdict(load(EVERY_KEY_OF_0_1))
    for section, keys in tree.items():
        for key, value in keys.items():
            assert values[section][key] == (tuple(value) if isinstance(value, list) else value), (section, key)


def trees() -> st.SearchStrategy[dict[str, Any]]:
    """Files of 0.1: all sections and keys but for some."""
    return any_settings().flatmap(lambda one: st.builds(_without, st.just(asdict(one)), st.sets(_paths())))


def _paths() -> st.SearchStrategy[str]:
    return st.sampled_from([f"{name}.{key}" for name, keys in asdict(Settings()).items() for key in keys])


def _without(tree: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    return {
        name: {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in keys.items()
            if f"{name}.{key}" not in paths
        }
        for name, keys in tree.items()
        if name != "models"
    }


@settings(deadline=None)
@given(tree=trees())
def test_sections_are_one_model_and_with_a_name_for_the_fallback_another(tree: dict[str, Any]) -> None:
    if check(Parsed(tree=tree)):
        return  # a half that does not fit without the other half
    one = settings_from(tree)
    runtime, fallback, name = one.device.runtime, one.routing.fallback, one.model.fallback_name
    has_fallback = fallback not in ("none", runtime)
    engine = EngineSettings(
        runtime=runtime,
        hef=one.model.hef,
        load_timeout_s=one.model.load_timeout_s,
        reuse_context=one.model.reuse_context,
        takes_pictures=True,
        is_alone=not has_fallback,
        device=one.device,
        llama=one.llama,
        remote=one.remote,
        simulator=one.simulator,
    )
    model = ModelSettings(
        name=one.model.name,
        aliases=one.model.aliases,
        engines=(engine,),
        kind="vision",
        keep_alive=one.model.keep_alive,
        is_pinned=one.model.pinned,
        generation=one.generation,
    )
    expected = (model,)
    if fallback != "none" and has_fallback:
        sends = fallback != "remote" or one.routing.send_pictures_away
        other = replace(engine, runtime=fallback, takes_pictures=sends)
        if name is None:
            expected = (replace(model, engines=(engine, other)),)
        else:
            expected = (replace(model, fallback=(name,)), replace(model, name=name, aliases=(), engines=(other,)))
    assert served(one) == expected


def test_each_model_of_a_list_has_its_own_values_and_the_sections_say_the_rest() -> None:
    eyes, reader, away = models("""
        model: {load_timeout_s: 30, reuse_context: false}
        device: {path: /dev/hailo1}
        llama: {threads: 3, context: 1024}
        remote: {retries: 0, native: [tools], context: 16384}
        generation: {temperature: 0.5, max_tokens: 100}
        models:
          - {name: eyes, aliases: [e], engine: hailo, file: /m/eyes.hef, keep: 300, fallback: [away, reader]}
          - name: reader
            kind: text
            engine: llama
            file: /m/reader.gguf
            keep: pinned
            slots: 4
            generation: {max_tokens: 300, temperature: null}
          - {name: away, engine: remote, base_url: "http://nas/v1", key_file: /k, headers: ["X-A: b"], context: 4096}
    """)
    assert (eyes.aliases, eyes.kind, eyes.fallback, eyes.keep_alive, eyes.is_pinned) == (
        *(("e",), "vision", ("away", "reader"), 300.0, False),
    )
    assert eyes.generation == Generation(temperature=0.5, max_tokens=100)
    (chip,) = eyes.engines
    assert (chip.runtime, chip.hef, chip.load_timeout_s, chip.reuse_context) == ("hailo", "/m/eyes.hef", 30.0, False)
    assert chip.device.path == "/dev/hailo1"
    assert (reader.kind, reader.keep_alive, reader.is_pinned) == ("text", None, True)
    assert reader.generation == Generation(temperature=None, max_tokens=300)
    llama = reader.engines[0].llama
    assert (llama.model, llama.mmproj, llama.threads, llama.context, llama.slots) == (
        "/m/reader.gguf",
        None,
        3,
        1024,
        4,
    )
    remote = away.engines[0].remote
    assert (remote.base_url, remote.model, remote.key_file, remote.headers) == (
        *("http://nas/v1", "away", "/k", ("X-A: b",)),
    )
    assert (remote.retries, remote.native, remote.context, remote.slots) == (0, ("tools",), 4096, 1)


def test_two_servers_are_asked_each_with_what_is_its_own() -> None:
    one, other = models("""
        models:
          - name: one
            engine: remote
            base_url: http://one/v1
            remote_name: m
            native: [logprobs]
            headers: ["A: b"]
          - {name: other, engine: remote, base_url: "http://other/v1", key_file: /other.key}
    """)
    of_one, of_other = one.engines[0].remote, other.engines[0].remote
    assert (of_one.model, of_one.native, of_one.headers, of_one.key_file) == ("m", ("logprobs",), ("A: b",), None)
    assert (of_other.model, of_other.native, of_other.headers, of_other.key_file) == (
        *("other", ("grammar", "tools", "penalties"), (), "/other.key"),
    )


def test_an_engine_is_alone_where_no_other_one_answers_for_its_model() -> None:
    hailo = "name: a, engine: hailo, file: /a.hef"
    other = "{name: b, engine: llama, file: /b.gguf}"
    (alone,) = models(f"models: [{{{hailo}}}]")
    beside, _ = models(f"models: [{{{hailo}}}, {other}]")
    backed, _ = models(f"models: [{{{hailo}, fallback: b}}, {other}]")
    (two,) = models("models: [{name: a, engine: [hailo, llama], file: [/a.hef, /a.gguf]}]")
    assert [model.engines[0].is_alone for model in (alone, beside, backed, two)] == [True, True, False, False]


def test_pictures_stay_here_unless_the_model_says_that_they_may_be_sent_away() -> None:
    model = "name: a, engine: [llama, remote], file: /a.gguf, base_url: 'http://x/v1'"
    (kept,) = models(f"models: [{{{model}}}]")
    (sent,) = models(f"models: [{{{model}, send_pictures_away: true}}]")
    assert [engine.takes_pictures for engine in kept.engines] == [True, False]
    assert [engine.takes_pictures for engine in sent.engines] == [True, True]


def test_an_engine_takes_the_file_with_its_suffix_and_one_with_another_name_the_engine_that_has_none() -> None:
    def files(engine: str, file: str) -> tuple[str, str]:
        (model,) = models(f"models: [{{name: a, engine: {engine}, file: {file}}}]")
        return model.engines[0].hef, model.engines[0].llama.model

    assert files("auto", "[/a.gguf, /a.HEF]") == ("/a.HEF", "/a.gguf")
    assert files("[hailo, llama]", "[/blobs/1, /a.hef]") == ("/a.hef", "/blobs/1")
    assert files("[hailo, llama]", "[/blobs/1, /blobs/2]") == ("/blobs/1", "/blobs/2")
    assert files("[llama, hailo]", "[/blobs/1, /blobs/2]") == ("/blobs/2", "/blobs/1")
    assert files("llama", "/blobs/1") == (Settings().model.hef, "/blobs/1")


def test_the_stand_in_needs_no_file() -> None:
    (model,) = models("models: [{name: a, engine: simulated}]")
    assert model.engines[0].hef == Settings().model.hef
