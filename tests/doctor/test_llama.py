"""llama.cpp: the program, its files, memory and threads."""

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.pi import Pi, as_line
from hailo_vision.doctor import gguf, llama, llama_memory, remote
from hailo_vision.doctor.checks import examine
from hailo_vision.engines.llama import plan as llama_plan
from hailo_vision.models.catalogue import CATALOGUE
from hailo_vision.models.gguf import Fact
from models.gguf_head import SHAPE, head
from needs import needs_root

FOLDER = "var/lib/hailo-vision/models"
MODEL, PROJECTOR = f"{FOLDER}/own.gguf", f"{FOLDER}/mmproj-own.gguf"
LISTED = next(file for file in CATALOGUE if file.file == "SmolVLM-256M-Instruct-Q8_0.gguf")
PULL = "`sudo -u hailo-vision hailo-vision models pull smolvlm-256m-instruct-gguf"


@pytest.fixture
def speaking(pi: Pi) -> Pi:
    """A Pi with a model of its own and the model's vision projector."""
    pi.write(MODEL, head(SHAPE) + bytes(1000))
    pi.write(PROJECTOR, head({"general.architecture": "clip"}) + bytes(500))
    configure(pi)
    return pi


def test_each_model_of_a_list_is_looked_at(speaking: Pi) -> None:
    own = {"name": "own", "engine": ["llama", "remote"], "file": f"/{MODEL}", "mmproj": f"/{PROJECTOR}"}
    own |= {"base_url": "http://nas.lan/v1", "remote_name": "big"}
    other = {"name": "other", "kind": "text", "engine": "llama", "file": f"/{FOLDER}/missing.gguf"}
    speaking.configure(server={"port": 0}, models=[own, other])
    installation = speaking.installation()
    assert (installation.runtime, installation.fallback) == ("llama", "remote")
    assert as_line(gguf.model(installation)).startswith(f"ok: {speaking.root / MODEL}")
    assert as_line(gguf.mmproj(installation)).startswith(f"ok: {speaking.root / PROJECTOR}")
    assert remote.address(installation).saw == "big at http://nas.lan/v1"
    ((name, second),) = installation.others()
    assert (name, second.runtime, second.fallback) == ("other", "llama", None)
    found = [(check.id, finding.saw) for check, finding in examine(installation) if finding.saw.startswith("other: ")]
    saw = dict(found)
    assert saw["llama_model"] == f"other: {speaking.root / FOLDER}/missing.gguf is not there"
    assert "llama_mmproj" not in saw  # a model of kind text has none
    assert "remote" not in saw


def configure(pi: Pi, **wanted: Any) -> None:
    given = {"model": f"/{MODEL}", "mmproj": f"/{PROJECTOR}", **wanted}
    pi.configure(server={"port": 0}, device={"runtime": "llama"}, llama=given)


# The program


def test_a_llama_server_on_path_is_named_with_its_version(speaking: Pi) -> None:
    speaking.say("llama-server", "", "version: 6543 (0123abcd)\nbuilt with cc for aarch64-linux-gnu\n")
    line = as_line(llama.look(speaking.installation()))
    assert line == f"ok: {speaking.commands}/llama-server, version 6543 (0123abcd) -> None"


def test_one_that_is_named_comes_before_path(speaking: Pi) -> None:
    speaking.say("llama-server", "version: 1 (a)\n")
    speaking.say("mine", "version: 2 (b)\n")
    configure(speaking, server=str(speaking.commands / "mine"))
    assert as_line(llama.look(speaking.installation())) == f"ok: {speaking.commands}/mine, version 2 (b) -> None"


def test_one_that_is_named_and_not_there_is_a_failure_whatever_is_on_path(speaking: Pi) -> None:
    speaking.say("llama-server", "version: 1 (a)\n")
    configure(speaking, server="/opt/none/llama-server")
    line = as_line(llama.look(speaking.installation()))
    assert line.startswith("failed: llama.server: /opt/none/llama-server is no program that can be run -> ")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("echo 'libggml.so: cannot open shared object file' >&2; exit 127", "failed: … does not run: libggml.so: cann"),
        ("kill -ILL $$", "failed: … does not run: it was ended by signal 4"),
        ("echo something else", "ok: …, which does not report its version"),
    ],
)
def test_a_program_that_does_not_run_is_a_failure_in_its_words(speaking: Pi, body: str, line: str) -> None:
    speaking.script("llama-server", body)
    found = as_line(llama.look(speaking.installation())).replace(f"{speaking.commands}/llama-server", "…")
    assert found.startswith(line)


def test_a_file_that_is_no_program_of_this_machine_is_a_failure(speaking: Pi) -> None:
    (speaking.commands / "llama-server").write_bytes(b"\x7fELF nothing")
    (speaking.commands / "llama-server").chmod(0o755)
    assert "does not run: it could not be started" in as_line(llama.look(speaking.installation()))


@needs_root("only root can give a file away")
def test_root_runs_no_program_that_others_can_change(speaking: Pi) -> None:
    ran = speaking.root / "ran"
    speaking.script("llama-server", f"touch {ran}; echo 'version: 1 (a)'")
    os.chown(speaking.commands / "llama-server", 990, 990)
    line = as_line(llama.look(speaking.installation(uid=0)))
    assert line.startswith("ok: ")
    assert "it was not run" in line
    assert not ran.exists()


def test_a_program_that_the_service_s_user_may_not_run_is_a_failure(speaking: Pi) -> None:
    speaking.say("llama-server", "version: 1 (a)\n")
    (speaking.commands / "llama-server").chmod(0o700)
    assert as_line(llama.look(speaking.installation())).startswith("failed: hailo-vision may not run ")


def test_without_any_llama_cpp_both_ways_to_one_are_named(speaking: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)  # as if it were not installed
    line = as_line(llama.look(speaking.installation()))
    assert line.startswith("failed: there is no llama.cpp: no llama-server on PATH, and no Python package xllamacpp")
    assert "/usr/local/bin" in line
    assert "`sudo hailo-vision engines install llama`" in line
    assert "scripts/setup llama" in line


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("", "ok: the Python package xllamacpp 1.2.3"),
        (
            "raise ImportError('libgomp.so.1: cannot open')",
            "failed: the Python package xllamacpp can't be imported: Imp",
        ),
        (
            "import os; os.kill(os.getpid(), 4)",
            "failed: the Python package xllamacpp can't be imported: it was ended by",
        ),
    ],
)
def test_the_package_is_imported_in_a_child(
    speaking: Pi, monkeypatch: pytest.MonkeyPatch, package: str, line: str
) -> None:
    folder = Path(speaking.environment["PYTHONPATH"])
    (folder / "xllamacpp").mkdir()
    (folder / "xllamacpp/__init__.py").write_text(package)
    (folder / "xllamacpp-1.2.3.dist-info").mkdir()
    (folder / "xllamacpp-1.2.3.dist-info/METADATA").write_text("Name: xllamacpp\nVersion: 1.2.3\n")
    monkeypatch.syspath_prepend(folder)
    assert as_line(llama.look(speaking.installation())).startswith(line)


# Files


def test_good_files_are_named_with_their_size(speaking: Pi) -> None:
    installation = speaking.installation()
    assert as_line(gguf.model(installation)) == f"ok: {speaking.root / MODEL}, 0.0 MB -> None"
    assert as_line(gguf.mmproj(installation)) == f"ok: {speaking.root / PROJECTOR}, 0.0 MB -> None"


def test_a_model_without_a_projector_is_a_warning(speaking: Pi) -> None:
    configure(speaking, mmproj=None)
    line = as_line(gguf.mmproj(speaking.installation()))
    assert line.startswith(
        "warning: llama.mmproj is null, so the model has no vision projector, and pictures are refused -> "
    )


def empty(pi: Pi) -> None:
    pi.write(MODEL, b"")


def page(pi: Pi) -> None:
    pi.write(MODEL, "<html>Not found</html>")


def of_the_chip(pi: Pi) -> None:
    pi.write(MODEL, b"\x01HEF" + bytes(100))


def of_another_age(pi: Pi) -> None:
    pi.write(MODEL, struct.pack("<4sIQQ", b"GGUF", 1, 0, 0) + bytes(100))


def the_projector(pi: Pi) -> None:
    pi.write(MODEL, (pi.root / PROJECTOR).read_bytes())


def gone(pi: Pi) -> None:
    pi.remove(MODEL)


def a_pipe(pi: Pi) -> None:
    pi.remove(MODEL)
    os.mkfifo(pi.root / MODEL)


def closed(pi: Pi) -> None:
    (pi.root / MODEL).chmod(0o600)


def cut_since_the_pull(pi: Pi) -> None:
    pi.write(f"{MODEL}.json", '{"model": "x", "release": "gguf", "url": "u", "size_bytes": 99999, "sha256": "0"}')


@pytest.mark.parametrize(
    ("spoil", "saw", "advice"),
    [
        (empty, "is empty", "Put the file there, or correct llama.model."),
        (page, "is no GGUF: it does not begin like one", "Put the file there"),
        (of_the_chip, "is no GGUF", "Put the file there"),
        (of_another_age, "is a GGUF of version 1", "Put the file there"),
        (the_projector, "is a vision projector and no model", "Set llama.model to the right file"),
        (gone, "is not there", "Put the file there"),
        (a_pipe, "is no file", "Remove it, then put the file there"),
        (closed, "hailo-vision may not read", "`sudo chmod a+rX "),
        (cut_since_the_pull, "bytes instead of 99,999", "Put the file there"),
    ],
)
def test_a_spoilt_model_is_a_failure(speaking: Pi, spoil: Callable[[Pi], None], saw: str, advice: str) -> None:
    spoil(speaking)
    finding = gguf.model(speaking.installation())
    assert finding.verdict == "failed"
    assert saw in finding.saw
    assert (finding.advice or "").startswith(advice)


def test_a_language_model_is_no_projector(speaking: Pi) -> None:
    configure(speaking, mmproj=f"/{MODEL}")
    assert "is a language model and no vision projector" in as_line(gguf.mmproj(speaking.installation()))


def test_a_file_of_the_catalogue_is_pulled(speaking: Pi) -> None:
    configure(speaking, model=f"/{FOLDER}/{LISTED.file}")
    assert as_line(gguf.model(speaking.installation())).endswith(f"is not there -> {PULL}`")
    speaking.write(f"{FOLDER}/{LISTED.file}", b"")
    assert as_line(gguf.model(speaking.installation())).endswith(f"is empty -> {PULL} --force`")


def test_a_pull_puts_nothing_into_another_folder(speaking: Pi) -> None:
    configure(speaking, model=f"/srv/{LISTED.file}")
    assert as_line(gguf.model(speaking.installation())).endswith("-> Put the file there, or correct llama.model.")


def test_a_file_that_is_shorter_than_the_catalogue_s_is_a_warning_where_nobody_knows_whence_it_came(
    speaking: Pi,
) -> None:
    path = speaking.root / FOLDER / LISTED.file
    path.write_bytes(head(SHAPE))
    configure(speaking, model=f"/{FOLDER}/{LISTED.file}")
    line = as_line(gguf.model(speaking.installation()))
    assert line.startswith(
        f"warning: {path} has {path.stat().st_size} bytes, and the catalogue's file of this name 175"
    )
    assert line.endswith(f"{PULL} --force`")
    os.truncate(path, LISTED.size_bytes or 0)  # a hole, not 175 MB
    assert as_line(gguf.model(speaking.installation())) == f"ok: {path}, 175.1 MB -> None"


@pytest.mark.parametrize(
    ("folder", "unit", "is_hidden"),
    [
        ("home/pi", {"ProtectHome": "yes"}, True),
        ("root", {"ProtectHome": "tmpfs"}, True),
        ("tmp", {"PrivateTmp": "yes"}, True),
        ("home/pi", {"ProtectHome": "read-only"}, False),
        ("home/pi", {"ProtectHome": "yes", "LoadState": "not-found"}, False),
        ("srv", {"ProtectHome": "yes", "PrivateTmp": "yes"}, False),
    ],
)
def test_what_the_service_s_unit_hides_from_it_is_a_failure(
    speaking: Pi, folder: str, unit: dict[str, str], is_hidden: bool
) -> None:
    speaking.write(f"{folder}/own.gguf", head(SHAPE) + bytes(9))
    configure(speaking, model=f"/{folder}/own.gguf")
    speaking.set_unit(**unit)
    finding = gguf.model(speaking.installation())
    assert (finding.verdict == "failed") is is_hidden
    assert ("which the service can't see" in finding.saw) is is_hidden


def test_a_link_out_of_a_home_is_followed(speaking: Pi) -> None:
    speaking.write("home/pi/own.gguf", head(SHAPE))
    speaking.remove(MODEL)
    (speaking.root / MODEL).symlink_to(speaking.root / "home/pi/own.gguf")
    speaking.set_unit(ProtectHome="yes")
    assert "which the service can't see" in as_line(gguf.model(speaking.installation()))


# Memory


def test_files_context_and_kept_prompts_are_added_up(speaking: Pi) -> None:
    """28 layers of 2 heads of 128, keys and values, in f16, for 4096 tokens: 117.4 MB; 256 MiB are 268.4 MB."""
    line = as_line(llama_memory.look(speaking.installation()))
    assert line == (
        "ok: it takes about 385.9 MB (files 0.0 MB, context 117.4 MB, kept prompts up to 268.4 MB); the service is "
        "running -> None"
    )


def test_what_is_not_available_is_a_warning_unless_the_service_has_it_already(speaking: Pi) -> None:
    speaking.write("proc/meminfo", "MemTotal: 8257536 kB\nMemAvailable: 102400 kB\n")
    assert as_line(llama_memory.look(speaking.installation())).startswith("ok: ")
    speaking.set_unit(ActiveState="inactive")
    line = as_line(llama_memory.look(speaking.installation()))
    assert line.startswith("warning: it takes about 385.9 MB")
    assert "and 104.9 MB are available -> End other programs." in line


def test_more_than_there_is_at_all_is_a_failure(speaking: Pi) -> None:
    os.truncate(speaking.root / MODEL, 9 << 30)  # a hole
    line = as_line(llama_memory.look(speaking.installation()))
    assert line.startswith("failed: it takes about 10.05 GB")
    assert "and this machine has 8.46 GB -> Take a smaller model" in line


def test_the_unit_s_limit_counts_where_it_holds(speaking: Pi) -> None:
    speaking.set_unit(MemoryMax=str(300 << 20))
    line = as_line(llama_memory.look(speaking.installation()))
    assert line.startswith("warning: it takes about 385.9 MB")
    assert "and the service may have 314.6 MB (MemoryMax= in its unit) -> `sudo systemctl edit hailo-vision`" in line
    speaking.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
    assert as_line(llama_memory.look(speaking.installation())).startswith("ok: ")
    speaking.write("sys/fs/cgroup/cgroup.controllers", "memory\n")
    speaking.set_unit(MemoryMax="infinity")
    assert as_line(llama_memory.look(speaking.installation())).startswith("ok: ")


def test_each_slot_has_a_context_of_its_own(speaking: Pi) -> None:
    configure(speaking, slots=3, prompt_cache_mib=0)
    assert "(files 0.0 MB, context 352.3 MB)" in as_line(llama_memory.look(speaking.installation()))


def test_a_draft_takes_its_own_context(speaking: Pi) -> None:
    speaking.write(f"{FOLDER}/draft.gguf", head(SHAPE))
    configure(speaking, speculative="draft", draft_model=f"/{FOLDER}/draft.gguf", prompt_cache_mib=0, kv_type="q8_0")
    assert "(files 0.0 MB, context 124.8 MB)" in as_line(llama_memory.look(speaking.installation()))


@pytest.mark.parametrize("facts", [{}, {"general.architecture": "qwen2vl"}, SHAPE | {"qwen2vl.block_count": "many"}])
def test_a_context_that_the_file_does_not_tell_is_not_made_up(speaking: Pi, facts: dict[str, Fact]) -> None:
    speaking.write(MODEL, head(facts) + bytes(99))
    line = as_line(llama_memory.look(speaking.installation()))
    assert "(files 0.0 MB, kept prompts up to 268.4 MB), and the context, which this file does not tell" in line


def test_without_the_files_there_is_no_estimate(speaking: Pi) -> None:
    speaking.remove(PROJECTOR)
    assert as_line(llama_memory.look(speaking.installation())).startswith("skipped: without its files")


# Threads


def test_more_threads_than_cores_is_a_warning(speaking: Pi) -> None:
    cores = llama_plan.cores()
    configure(speaking, threads=cores + 1)
    line = as_line(llama.threads(speaking.installation()))
    assert line.startswith(f"warning: {cores + 1} threads on {cores} core")
    configure(speaking)
    assert as_line(llama.threads(speaking.installation())).startswith(f"ok: {max(cores - 1, 1)} thread")


def test_a_unit_that_gives_less_than_the_threads_want_is_a_warning(speaking: Pi) -> None:
    configure(speaking, threads=1)
    speaking.set_unit(CPUQuotaPerSecUSec="800ms")
    line = as_line(llama.threads(speaking.installation()))
    assert "but the service may use 0.8 of a core (CPUQuota=80% in its unit)" in line
    assert "`CPUQuota=100%`" in line
    speaking.set_unit(CPUQuotaPerSecUSec="1s")
    assert as_line(llama.threads(speaking.installation())).startswith("ok: 1 thread on ")


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("800ms", 0.8), ("2.500s", 2.5), ("1min 30s", 90), ("5us", 5e-6), ("infinity", None), ("", None), ("3 s", None)],
)
def test_spans_of_time_as_systemd_prints_them(span: str, seconds: float | None) -> None:
    assert llama.seconds(span) == (None if seconds is None else pytest.approx(seconds))


@given(span=st.text())
def test_any_text_is_a_span_or_none(span: str) -> None:
    found = llama.seconds(span)
    assert found is None or found >= 0
