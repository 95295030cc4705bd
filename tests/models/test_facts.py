"""What is told of a model comes from its catalogue entry or its file, and what nobody knows is not told."""

import json
from pathlib import Path

from hailo_vision.chat import ModelFacts
from hailo_vision.engines.openai import listing
from hailo_vision.models.facts import gguf_facts, hef_facts
from models.gguf_head import head

HEF = "Qwen2-VL-2B-Instruct.hef"


def test_the_catalogues_hef_is_known_before_it_is_there(tmp_path: Path) -> None:
    facts = hef_facts(str(tmp_path / HEF))
    assert (facts.format, facts.family, facts.parameters, facts.quantization) == (
        "hef",
        "qwen2vl",
        2_208_985_600,
        "A8W4",
    )
    assert facts.licence == "Apache-2.0"
    assert (facts.size_bytes, facts.sha256, facts.modified_at) == (None, None, None)  # a listed size is no fact


def test_a_file_tells_its_own_size_and_date(tmp_path: Path) -> None:
    (tmp_path / HEF).write_bytes(b"12345")
    facts = hef_facts(str(tmp_path / HEF))
    assert facts.size_bytes == 5
    assert facts.modified_at == (tmp_path / HEF).stat().st_mtime


def test_of_a_hef_that_the_catalogue_does_not_know_nothing_is_made_up(tmp_path: Path) -> None:
    assert hef_facts(str(tmp_path / "other.hef")) == ModelFacts(format="hef")


def test_a_gguf_file_tells_what_its_header_says(tmp_path: Path) -> None:
    path, projector = tmp_path / "m.gguf", tmp_path / "p.gguf"
    header = {"general.architecture": "llama", "general.file_type": 15, "general.license": "mit"}
    path.write_bytes(head(header))
    projector.write_bytes(b"1234")
    facts = gguf_facts(str(path), None, context_tokens=512)
    assert (facts.format, facts.family, facts.quantization, facts.licence) == ("gguf", "llama", "Q4_K_M", "mit")
    assert facts.context_tokens == 512
    assert facts.modalities == ("text",)
    assert facts.parameters is None
    seeing = gguf_facts(str(path), str(projector), context_tokens=512)
    assert seeing.modalities == ("text", "image")
    assert seeing.size_bytes == path.stat().st_size + 4


def test_a_file_type_of_0_is_one_and_an_unknown_one_is_none(tmp_path: Path) -> None:
    for file_type, quantization in ((0, "F32"), (999, None)):
        path = tmp_path / f"{file_type}.gguf"
        path.write_bytes(head({"general.file_type": file_type}))
        assert gguf_facts(str(path), None, context_tokens=512).quantization == quantization


def test_a_gguf_file_that_is_missing_or_none_tells_its_format_alone(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    for name in ("missing.gguf", "bad.gguf"):
        facts = gguf_facts(str(tmp_path / name), None, context_tokens=512)
        assert (facts.family, facts.quantization, facts.parameters) == (None, None, None)


def test_a_server_tells_what_its_list_says_and_nothing_that_is_no_number() -> None:
    entry = {"id": "m", "max_model_len": 4096, "architecture": {"input_modalities": ["text"]}}
    assert listing.facts(entry) == ModelFacts(context_tokens=4096, modalities=("text",))
    assert listing.facts({"meta": {"n_ctx": 512, "n_params": 7, "size": 9}}) == ModelFacts(
        context_tokens=512, parameters=7, size_bytes=9
    )
    nonsense = json.loads('{"max_model_len": 1e999, "meta": {"n_params": true, "size": -1}, "architecture": 5}')
    assert listing.facts(nonsense) == ModelFacts()
