"""Whatever stands where a file of ours is expected, nothing waits for it, and nothing elsewhere is changed."""

import argparse
import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hailo_vision.access.files import read_secret
from hailo_vision.access.tls import Tls
from hailo_vision.cli import models as command
from hailo_vision.config import load
from hailo_vision.config.settings import Llama, Model, Server, Settings
from hailo_vision.doctor import named_files
from hailo_vision.doctor.files import head_of
from hailo_vision.doctor.machine import Machine
from hailo_vision.engines.llama import plan
from hailo_vision.engines.llama.vocabulary import special_tokens
from hailo_vision.engines.remote.build import key_in
from hailo_vision.errors import ConfigError, DeviceUnavailable, ModelError, ModelFault, StartError
from hailo_vision.files import open_regular
from hailo_vision.models import records
from hailo_vision.models.catalogue import CATALOGUE, ModelFile
from hailo_vision.models.facts import gguf_facts, hef_facts
from hailo_vision.models.memory import shortage
from hailo_vision.models.part import delete, held
from hailo_vision.models.pull import pull
from hailo_vision.models.records import Origin, Partial
from hailo_vision.models.store import ModelPath, model_paths
from hailo_vision.models.verify import verify

PRECIOUS = b"nothing of ours may change this"
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _an_open_that_blocks_ends_the_test() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise AssertionError("this waited for what will never come")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def named_pipe(path: Path) -> None:
    os.mkfifo(path)


def listening_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is at most 107 bytes long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


KINDS = (named_pipe, listening_socket, device, folder)


def _verify(path: Path) -> None:
    verify(ModelPath(path=path), CATALOGUE, lambda event: None)


def _named_files(path: Path) -> None:
    """The key of the pair is good, so that the certificate is what it comes to."""
    files = named_files.look(Settings(server=Server(tls_cert=str(path), tls_key=str(path.parent / "key.pem"))), None)
    assert [problem.path for problem in files.problems if problem.path == "server.tls_cert"]


OPENERS: dict[str, Callable[[Path], object]] = {
    "a regular file": open_regular,
    "a record of a pull": lambda path: records.read(path, Origin),
    "a record of a part": lambda path: records.read(path, Partial),
    "models verify": _verify,
    "the facts of a GGUF": lambda path: gguf_facts(str(path), str(path), context_tokens=1),
    "the facts of a HEF": lambda path: hef_facts(str(path)),
    "the estimate of memory": lambda path: shortage(Llama(model=str(path), mmproj=str(path))),
    "the settings": load.load,
    "the settings that doctor salvages": load.salvage,
    "a key for a remote server": key_in,
    "a file with secrets": lambda path: read_secret(str(path)),
    "a certificate": lambda path: Tls(str(path), str(path.parent / "key.pem")),
    "the files that a configuration names": _named_files,
    "the vocabulary of a model": lambda path: special_tokens(str(path)),
    "llama.cpp's model": lambda path: plan._check(str(path), "llama.model"),
    "doctor's look at a model": lambda path: head_of(path, 10, get="get it"),
    "doctor's look at the machine": lambda path: Machine(root=path.parent).text(path.name),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS.keys())
def test_no_opener_waits_for_what_is_no_regular_file(
    tmp_path: Path, opener: Callable[[Path], object], kind: Callable[[Path], None]
) -> None:
    path = tmp_path / "Tiny.gguf"
    kind(path)
    (tmp_path / "key.pem").write_bytes(b"")
    (tmp_path / "key.pem").chmod(0o600)
    with suppress(OSError, ModelError, ConfigError, StartError, DeviceUnavailable):
        opener(path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_an_error(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    kind(tmp_path / "x")
    with pytest.raises(OSError, match=r"directory|no regular file"):
        open_regular(tmp_path / "x")


def test_a_symbolic_link_is_followed_only_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"content"
    with pytest.raises(OSError, match="symbolic link"):
        open_regular(tmp_path / "link", follow=False)


def test_settings_may_come_through_a_pipe_of_the_shell() -> None:
    readable, writable = os.pipe()
    os.write(writable, b"server: {port: 4711}\n")
    os.close(writable)
    try:
        assert load.load(Path(f"/dev/fd/{readable}")).server.port == 4711
    finally:
        os.close(readable)


def hard_link(path: Path) -> None:
    path.hardlink_to(path.parent.parent / "precious")


def symbolic_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "precious")


FILE = ModelFile(
    model="tiny", release="5.1.1", file="Tiny.hef", url="http://127.0.0.1:9/Tiny.hef", licence="none", listed_bytes=9
)
NAMES = ("Tiny.hef", "Tiny.hef.part", "Tiny.hef.json", "Tiny.hef.part.json", "Tiny.hef.json.new")


@pytest.fixture
def models(tmp_path: Path) -> Iterator[Path]:
    """A folder of models, whose neighbour must be the same afterwards."""
    precious = tmp_path / "precious"
    precious.write_bytes(PRECIOUS)
    precious.chmod(0o600)
    (tmp_path / "models").mkdir()
    yield tmp_path / "models"
    assert precious.read_bytes() == PRECIOUS
    assert precious.stat().st_mode & 0o777 == 0o600


def _pull(path: ModelPath) -> None:
    asyncio.run(pull(FILE, path.path.parent, report=lambda event: None, force=True))


def _list(path: ModelPath) -> None:
    for model in model_paths(path.path.parent):
        _ = model.origin, model.part_bytes, model.size_bytes


COMMANDS: dict[str, Callable[[ModelPath], None]] = {
    "list": _list,
    "pull": _pull,
    "verify": lambda path: _verify(path.path),
    "remove": delete,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [*KINDS, hard_link, symbolic_link])
@pytest.mark.parametrize("verb", COMMANDS)
def test_no_command_waits_or_changes_a_file_elsewhere(
    models: Path, monkeypatch: pytest.MonkeyPatch, verb: str, kind: Callable[[Path], None], name: str
) -> None:
    async def no_wait(delay: float) -> None:
        """The pauses between tries at an address where nothing answers."""

    monkeypatch.setattr("hailo_vision.models.download.asyncio.sleep", no_wait)
    kind(models / name)
    with suppress(OSError, ModelError):
        COMMANDS[verb](ModelPath(path=models / "Tiny.hef"))


@pytest.mark.parametrize("kind", [named_pipe, listening_socket, device, hard_link, symbolic_link])
def test_a_part_that_no_download_made_is_refused_and_can_be_removed(models: Path, kind: Callable[[Path], None]) -> None:
    model = ModelPath(path=models / "Tiny.hef")
    kind(model.part)
    with pytest.raises(ModelError) as caught, held(model):
        pass
    assert caught.value.fault is ModelFault.IN_THE_WAY
    delete(model)
    assert not os.path.lexists(model.part)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_downloaded_where_no_file_can_be_put(models: Path, kind: Callable[[Path], None]) -> None:
    kind(models / "Tiny.hef")
    with pytest.raises(ModelError, match="no regular file") as caught:
        _pull(ModelPath(path=models / "Tiny.hef"))
    assert caught.value.fault is ModelFault.IN_THE_WAY


def test_verify_says_that_a_pipe_is_no_model(models: Path) -> None:
    named_pipe(models / "Tiny.hef")
    settings = Settings(model=Model(hef=str(models / "Tiny.hef")))
    with pytest.raises(ModelError, match=r"no regular file\. Remove it"):
        command.on_disk(command.ModelsFolder(settings=settings), "Tiny.hef")


@pytest.mark.parametrize("verb", ["verify", "remove"])
def test_a_folder_that_is_closed_is_said(models: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    def closed(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    settings = Settings(model=Model(hef=str(models / "Qwen2-VL-2B-Instruct.hef")))
    folder = command.ModelsFolder(settings=settings)
    arguments = argparse.Namespace(name="qwen2-vl-2b-instruct", yes=True)
    run = {"verify": command._verify, "remove": command._remove}[verb]
    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr(Path, "lstat", closed)
    with pytest.raises(ModelError, match="There is no permission for") as caught:
        run(arguments, folder)
    monkeypatch.undo()
    assert caught.value.fault is ModelFault.NO_PERMISSION


def test_a_record_without_end_is_none(models: Path) -> None:
    with (models / "Tiny.hef.json").open("wb") as file:
        file.truncate(1 << 40)
    assert records.read(models / "Tiny.hef.json", Origin) is None
