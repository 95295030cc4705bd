"""`hailo-vision models`, as a person types it: a process, a folder, a terminal, and a mirror in place of the vendor."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from hailo_vision.models import records
from hailo_vision.models.catalogue import CATALOGUE, GGUF
from hailo_vision.models.records import Origin
from hailo_vision.models.store import model_path
from models.mirror import Mirror, hef, says, stalls_after
from needs import POWERLESS, needs_powerless, require

pytestmark = pytest.mark.slow

NAME = "qwen2-vl-2b-instruct"
FILE = "Qwen2-VL-2B-Instruct.hef"
BODY = hef(300_000)
HALF = len(BODY) // 2
PATIENCE_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    code: int
    out: str
    err: str


class Shell:
    """Runs the command with a config that names a folder of its own; HailoRT 5.1.1 is simulated."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "models"
        self.path = self.folder / FILE
        self.config = home / "config.json"
        self.configure(FILE)
        keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
        self.environment = {**keep, "HOME": str(home), "NO_PROXY": "127.0.0.1", "COLUMNS": "100"}

    def configure(self, file: str, runtime: str = "simulated") -> None:
        sections = {"model": {"hef": str(self.folder / file)}, "device": {"runtime": runtime}}
        self.config.write_text(json.dumps(sections))

    def command(self, verb: str, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "hailo_vision", "models", verb, *arguments, "--config", str(self.config)]

    async def start(self, verb: str, *arguments: str, **environment: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *self.command(verb, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self.environment | environment,
        )

    async def __call__(self, verb: str, *arguments: str, **environment: str) -> Done:
        process = await self.start(verb, *arguments, **environment)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Done(code=process.returncode, out=out.decode(), err=err.decode())

    @property
    def names(self) -> list[str]:
        return sorted(os.listdir(self.folder))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A key and its certificate for localhost in one file, which nobody trusts unless told to."""
    require("openssl")
    pem = tmp_path_factory.mktemp("tls") / "localhost.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {pem} -out {pem}.crt".split(),
        capture_output=True,
        check=True,
    )
    pem.write_bytes(pem.read_bytes() + Path(f"{pem}.crt").read_bytes())
    return pem


async def test_pull_fetches_the_file_of_the_release_and_says_what_to_do_next(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert done.code == 0, done.err
    assert [request.path for request in mirror.asked] == [f"/v5.1.1/blob/{FILE}"]
    assert shell.path.read_bytes() == BODY
    assert shell.names == [FILE, f"{FILE}.json"]
    assert done.out.splitlines() == [
        f"{shell.path} is there, for HailoRT 5.1.1: 300,000 bytes "
        "(checked: size and header; the vendor publishes no hash)",
        f"SHA-256 {sha256(BODY).hexdigest()}",
        "For a running service to use it:  sudo systemctl restart hailo-vision",
    ]
    assert "100 %, 300 of 300 kB" in done.err
    assert "\r" not in done.err


async def test_a_second_pull_finds_it_there(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        await shell("pull", NAME, "--mirror", mirror.url)
        again = await shell("pull", NAME, "--mirror", mirror.url)
    assert (again.code, len(mirror.asked)) == (0, 1)
    assert again.out == f"{shell.path} is there already, for HailoRT 5.1.1. To download it again: --force\n"


async def test_another_release_and_another_mirror_can_be_named(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        done = await shell("pull", NAME, "--release", "5.2.0", HAILO_VISION_MIRROR=f"{mirror.url}/hailo/")
    assert done.code == 0, done.err
    assert [request.path for request in mirror.asked] == [f"/hailo/v5.2.0/blob/{FILE}"]


async def test_a_model_that_is_not_the_configured_one_is_said_to_be_none(shell: Shell) -> None:
    shell.configure("other.hef")
    async with Mirror(BODY) as mirror:
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert f"To use this one, set model.hef to {shell.path}." in done.out
    assert "systemctl" not in done.out


async def test_pull_goes_through_a_proxy(shell: Shell) -> None:
    async with Mirror(BODY) as proxy:
        done = await shell("pull", NAME, "--mirror", "http://mirror.invalid", http_proxy=proxy.url)
    assert done.code == 0, done.err
    assert [request.headers["Host"] for request in proxy.asked] == ["mirror.invalid"]


async def test_ctrl_c_keeps_what_has_come_and_the_next_run_goes_on_with_it(shell: Shell) -> None:
    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        process = await shell.start("pull", NAME, "--mirror", mirror.url)
        assert process.stderr
        async with asyncio.timeout(PATIENCE_S):
            while b"50 %" not in await process.stderr.readline():
                assert not process.stderr.at_eof()
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
        assert (process.returncode, out) == (130, b"")
        assert err.decode().splitlines()[-1] == "Stopped. 0.1 MB are kept: the same command goes on from there."
        assert shell.names == [f"{FILE}.part", f"{FILE}.part.json"]
        assert "0.1 MB of it have come" in (await shell("list")).out
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert done.code == 0, done.err
    assert mirror.ranges == [None, f"bytes={HALF}-"]
    assert f"Downloading {mirror.url}/v5.1.1/blob/{FILE}, going on after 150 of 300 kB" in done.err
    assert shell.path.read_bytes() == BODY
    assert shell.names == [FILE, f"{FILE}.json"]


async def test_a_pull_that_was_killed_leaves_no_half_model_and_the_next_run_makes_it_whole(shell: Shell) -> None:
    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        process = await shell.start("pull", NAME, "--mirror", mirror.url)
        assert process.stderr
        async with asyncio.timeout(PATIENCE_S):
            while b"50 %" not in await process.stderr.readline():
                assert not process.stderr.at_eof()
        process.kill()
        await process.communicate()
        assert not shell.path.exists()
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert done.code == 0, done.err
    assert shell.path.read_bytes() == BODY
    assert shell.names == [FILE, f"{FILE}.json"]


async def test_two_pulls_at_once_do_not_mix(shell: Shell) -> None:
    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        first = await shell.start("pull", NAME, "--mirror", mirror.url)
        assert first.stderr
        async with asyncio.timeout(PATIENCE_S):
            while b"50 %" not in await first.stderr.readline():
                assert not first.stderr.at_eof()
        second = await shell("pull", NAME, "--mirror", mirror.url)
        removal = await shell("remove", NAME, "--yes")
        mirror.go_on.set()
        await first.communicate()
    said = f"hailo-vision models: Another process is downloading {FILE} just now.\n"
    assert (second.code, second.err) == (1, said)
    assert (removal.code, removal.err.endswith(said)) == (1, True)
    assert (first.returncode, shell.path.read_bytes() == BODY) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("llama",), "There is no 'llama' in the catalogue. It has qwen2-vl-2b-instruct, "),
        ((NAME, "--release", "5.0.0"), "The catalogue has no qwen2-vl-2b-instruct for HailoRT 5.0.0"),
        ((NAME, "--mirror", "nas.lan"), "nas.lan is no address of a mirror"),
    ],
)
async def test_what_can_not_be_pulled_is_said_in_a_line(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = await shell("pull", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"hailo-vision models: {said}")
    assert done.err.count("\n") == 1
    assert not shell.folder.exists() or shell.names == []


async def test_a_file_that_is_not_there_is_exit_code_1_and_nothing_is_left(shell: Shell) -> None:
    async with Mirror(BODY, says(404)) as mirror:
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert (done.code, done.out, shell.names) == (1, "", [])
    assert done.err == (
        "hailo-vision models: The file is not there (status 404). The vendor may have moved it: try a mirror.\n"
    )


async def test_a_runtime_that_is_not_installed_is_said_with_the_next_step(shell: Shell) -> None:
    shell.configure(FILE, runtime="hailo")
    done = await shell("pull", NAME, PATH=str(shell.folder))
    assert done.code == 1
    assert "No HailoRT is installed" in done.err
    assert "--release 5.1.1" in done.err


async def test_a_certificate_that_nobody_trusts_is_not_tried_again(shell: Shell, certificate: Path) -> None:
    async with Mirror(BODY, certificate=certificate) as mirror:
        done = await shell("pull", NAME, "--mirror", mirror.url)
    assert (done.code, shell.names) == (1, [])
    assert "The certificate of localhost is not trusted. Is this machine's clock right" in done.err
    assert "Trying again" not in done.err


async def test_from_https_no_redirect_leads_to_http(shell: Shell, certificate: Path) -> None:
    async with (
        Mirror(BODY) as plain,
        Mirror(BODY, says(302, Location=f"{plain.url}/x"), certificate=certificate) as safe,
    ):
        refused = await shell("pull", NAME, "--mirror", safe.url, SSL_CERT_FILE=str(certificate))
        done = await shell("pull", NAME, "--mirror", safe.url, SSL_CERT_FILE=str(certificate))
    assert refused.code == 1
    assert "from https to http" in refused.err
    assert plain.asked == []
    assert done.code == 0, done.err


@needs_powerless
def test_without_permission_the_right_command_is_told(shell: Shell) -> None:
    shell.folder.mkdir(mode=0o555)
    refused = subprocess.run(
        [*POWERLESS, *shell.command("pull", NAME)], env=shell.environment, capture_output=True, text=True, check=False
    )
    first, last = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert first == f"hailo-vision models: There is no permission for {shell.path}.part."
    assert last.startswith("Run it as one who may:  sudo ")
    assert last.endswith(f"hailo-vision models pull {NAME} --config {shell.config}")


# On a terminal


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, shell: Shell, verb: str, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            shell.command(verb, *arguments), stdin=slave, stdout=slave, stderr=slave, env=shell.environment
        )
        os.close(slave)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read_until(self, text: str | None) -> str:
        """All that was shown up to a text, or to the end."""
        while text is None or text not in self.text:
            assert select.select([self._master], [], [], PATIENCE_S)[0], self.text
            try:
                shown = os.read(self._master, 1000)
            except OSError:  # what Linux says when the last process has left a terminal
                shown = b""
            if not shown:
                assert text is None, self.text
                break
            self.text += shown.decode()
        return self.text

    def end(self) -> int:
        self.read_until(None)
        os.close(self._master)
        return self.process.wait(PATIENCE_S)


async def test_a_terminal_gets_a_bar(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        terminal = Terminal(shell, "pull", NAME, "--mirror", mirror.url)
        assert await asyncio.to_thread(terminal.end) == 0
    assert "\r[########################] 100 %   300 of 300 kB" in terminal.text


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_a_terminal_is_asked_before_a_model_is_removed(shell: Shell, answer: str, code: int) -> None:
    shell.folder.mkdir()
    shell.path.write_bytes(BODY)
    terminal = Terminal(shell, "remove", NAME)
    shown = terminal.read_until("[y/N]")
    assert f"{shell.path} is the configured model" in shown
    assert f"Delete {shell.path} (0.3 MB)?" in shown
    terminal.type(f"{answer}\n")
    assert terminal.end() == code
    assert shell.path.exists() == bool(code)


# The other verbs


async def test_list_shows_the_folder_the_release_and_what_is_missing(shell: Shell) -> None:
    done = await shell("list")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        f"{shell.folder}, HailoRT 5.1.1 (says simulator.version)",
        "",
        "NAME                                  RELEASE  SIZE           LICENCE        ON DISK",
        "qwen2-vl-2b-instruct                  5.1.1    about 2.34 GB  Apache-2.0     no, fits",
        "qwen2-vl-2b-instruct                  5.2.0    about 2.34 GB  Apache-2.0     no",
        "qwen2-vl-2b-instruct                  5.3.0    about 2.34 GB  Apache-2.0     no",
        "qwen2-vl-2b-instruct                  5.4.0    3.26 GB        Apache-2.0     no",
        "qwen3-vl-2b-instruct                  5.3.0    about 3.43 GB  Apache-2.0     no",
        "qwen3-vl-2b-instruct                  5.4.0    about 3.43 GB  Apache-2.0     no",
        "qwen2-vl-2b-instruct-gguf             gguf     986.0 MB       Apache-2.0     no",
        "qwen2-vl-2b-instruct-gguf (mmproj)    gguf     709.9 MB       Apache-2.0     no",
        "smolvlm-256m-instruct-gguf            gguf     175.1 MB       Apache-2.0     no",
        "smolvlm-256m-instruct-gguf (mmproj)   gguf     103.8 MB       Apache-2.0     no",
        "smolvlm-500m-instruct-gguf            gguf     436.8 MB       Apache-2.0     no",
        "smolvlm-500m-instruct-gguf (mmproj)   gguf     108.8 MB       Apache-2.0     no",
        "qwen2.5-vl-3b-instruct-gguf           gguf     1.93 GB        Qwen Research  no",
        "qwen2.5-vl-3b-instruct-gguf (mmproj)  gguf     844.8 MB       Qwen Research  no",
        "",
        f"{shell.path}, which the configuration names, is not there: hailo-vision models pull NAME",
    ]


async def test_a_model_for_llama_comes_from_hugging_faces_mirror_and_another_file_is_refused(shell: Shell) -> None:
    async with Mirror(b"GGUF\3" + bytes(5000)) as mirror:
        done = await shell("pull", "smolvlm-256m-instruct-gguf", HF_ENDPOINT=mirror.url)
        assert [request.path for request in mirror.asked] == [
            "/ggml-org/SmolVLM-256M-Instruct-GGUF/resolve/main/SmolVLM-256M-Instruct-Q8_0.gguf"
        ]
    assert done.code != 0
    assert "5,005 bytes instead of 175,054,528" in done.err
    assert not list(shell.folder.glob("*.gguf"))


async def test_list_has_a_form_for_programs(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        await shell("pull", NAME, "--mirror", mirror.url)
    tree = json.loads((await shell("list", "--json")).out)
    assert (tree["folder"], tree["configured"], tree["release"]) == (str(shell.folder), str(shell.path), "5.1.1")
    (there,) = [row for row in tree["models"] if row["on_disk"]]
    assert (there["release"], there["size_bytes"], there["configured"], there["fits"]) == ("5.1.1", 300_000, True, True)
    assert tree["others"] == []


async def test_verify_says_good_or_what_is_wrong_and_how_to_replace_it(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        await shell("pull", NAME, "--mirror", mirror.url)
    good = await shell("verify")
    assert (good.code, good.err) == (0, "")
    assert good.out == f"{FILE} is good: size and header are right, and the hash is that of what was pulled.\n"
    shell.path.write_bytes(BODY[:-1] + b"\0")
    bad = await shell("verify", NAME)
    assert bad.code == 1
    assert bad.out == (
        f"{FILE} has another hash than what was pulled. Replace it:  hailo-vision models pull {NAME} --force\n"
    )


async def test_verify_looks_at_files_that_were_not_pulled(shell: Shell) -> None:
    shell.folder.mkdir()
    (shell.folder / "mine.hef").write_bytes(BODY)
    done = await shell("verify", "mine.hef")
    assert done.code == 0, done.err
    assert done.out == (
        f"mine.hef: size and header are right; no published hash to compare. SHA-256 {sha256(BODY).hexdigest()}\n"
    )


async def test_verify_tells_a_file_of_another_release(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        await shell("pull", NAME, "--mirror", mirror.url, "--release", "5.2.0")
    assert "But it is for HailoRT 5.2.0, and 5.1.1 is installed: pull it again." in (await shell("verify")).out


@pytest.mark.parametrize("arguments", [(), (NAME,), ("mine.hef",)])
async def test_verify_of_nothing_is_no_success(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = await shell("verify", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1


async def test_remove_takes_all_of_it_away_without_asking_when_told_so(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        await shell("pull", NAME, "--mirror", mirror.url)
    done = await shell("remove", NAME, "--yes")
    assert (done.code, done.out) == (0, f"{shell.path} is removed\n")
    assert "is the configured model" in done.err
    assert shell.names == []


async def test_remove_does_nothing_where_nobody_can_be_asked(shell: Shell) -> None:
    shell.folder.mkdir()
    shell.path.write_bytes(BODY)
    done = await shell("remove", NAME)
    assert (done.code, shell.path.exists()) == (1, True)
    assert "--yes" in done.err


@pytest.mark.parametrize("name", ["../config.json", "../precious.hef", "/etc/passwd", "x/../../precious.hef"])
async def test_remove_stays_in_its_folder(shell: Shell, name: str) -> None:
    shell.folder.mkdir()
    precious = shell.folder.parent / "precious.hef"
    precious.write_text("x")
    done = await shell("remove", name, "--yes")
    assert done.code == 1
    assert f"is no file of {shell.folder}" in done.err
    assert precious.exists()
    assert shell.config.exists()


async def test_a_wrong_config_is_exit_code_78(shell: Shell) -> None:
    shell.config.write_text('{"model": {"heff": "x"}}')
    done = await shell("list")
    assert done.code == 78
    assert "model.heff" in done.err


async def test_no_verb_is_a_mistake_of_usage(shell: Shell) -> None:
    assert (await shell("find")).code == 2


@pytest.mark.skipif(Path("/var/lib/hailo-vision").exists(), reason="the package is installed here")
async def test_without_the_package_a_pull_and_the_server_use_the_users_own_folder(tmp_path: Path) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ},
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path / "none"),
        "NO_PROXY": "127.0.0.1",
    }
    async with Mirror(BODY) as mirror:
        pull = await asyncio.create_subprocess_exec(
            *[sys.executable, "-P", "-m", "hailo_vision", "models", "pull", NAME],
            *["--release", "5.2.0", "--mirror", mirror.url],
            env=environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(PATIENCE_S):
            out, err = await pull.communicate()
    path = tmp_path / ".local" / "share" / "hailo-vision" / "models" / FILE
    assert pull.returncode == 0, err.decode()
    assert path.read_bytes() == BODY
    assert str(path) in out.decode()
    serve = await asyncio.create_subprocess_exec(
        *[sys.executable, "-P", "-c"],
        "from hailo_vision.cli.serve import _configured; print(_configured(None).model.hef)",
        env=environment,
        stdout=PIPE,
    )
    assert (await serve.communicate())[0].decode().strip() == str(path)


async def test_an_unknown_release_gets_the_newest_known_one_below_and_a_warning(shell: Shell) -> None:
    async with Mirror(BODY) as mirror:
        done = await shell("pull", NAME, "--release", "5.9.0", "--mirror", mirror.url)
        assert [request.path for request in mirror.asked] == [f"/v5.4.0/blob/{FILE}"]
    assert done.code == 0, done.err
    assert (
        "Warning: The catalogue has no qwen2-vl-2b-instruct for HailoRT 5.9.0; this is the file for 5.4.0" in done.err
    )


async def test_a_pipe_in_the_folder_is_named_by_verify_and_taken_away_by_remove(shell: Shell) -> None:
    shell.folder.mkdir()
    os.mkfifo(shell.path)
    os.mkfifo(shell.folder / f"{FILE}.json")
    assert (await shell("list")).code == 0
    refused = [await shell("verify", FILE), await shell("pull", NAME, "--force")]
    assert [done.code for done in refused] == [1, 1]
    assert all("no regular file" in done.err for done in refused)
    assert (await shell("remove", FILE, "--yes")).code == 0
    assert shell.names == []


@needs_powerless
def test_a_configuration_for_the_service_alone_names_the_command_of_its_user(shell: Shell) -> None:
    shell.config.chmod(0o000)
    refused = subprocess.run(
        [*POWERLESS, *shell.command("list")], env=shell.environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 78
    assert "can't be read by you. Run this as the service's user:  sudo " in refused.stderr


async def test_what_somebody_has_named_or_written_in_the_folder_neither_ends_a_command_nor_steers_the_terminal(
    shell: Shell,
) -> None:
    shell.folder.mkdir()
    for name in (b"\xff.gguf", b"\x1b[2Jx.gguf"):
        Path(os.fsdecode(os.fsencode(shell.folder) + b"/" + name)).write_bytes(b"x")
    record = {"url": "http://[x", "size_bytes": 9, "etag": None, "last_modified": "today", "synced_bytes": 1}
    (shell.folder / f"{FILE}.part").write_bytes(b"x")
    (shell.folder / f"{FILE}.part.json").write_text(json.dumps(record))
    for verb in (("list",), ("list", "--json"), ("verify",), ("remove", "\x1b[2Jx.gguf", "--yes")):
        done = await shell(*verb)
        assert "Traceback" not in done.err
        assert "\x1b" not in done.out + done.err
    assert (await shell("list")).out.count("Not from a pull: ") == 1


async def test_the_files_of_a_list_of_models_are_the_configured_ones(shell: Shell) -> None:
    path = shell.folder / next(file.file for file in CATALOGUE if file.release == GGUF)
    models = [
        {"name": "a", "engine": "llama", "file": str(path)},
        {"name": "b", "engine": "simulated", "file": str(shell.path)},
    ]
    shell.folder.mkdir()
    path.write_bytes(b"x")
    shell.config.write_text(json.dumps({"models": models}))
    assert "which the configuration names" not in (await shell("list")).out
    shell.config.write_text(json.dumps({"models": models[::-1]}))
    listed = await shell("list")
    assert f"{shell.path}, which the configuration names, is not there" in listed.out
    assert "is the configured model" in (await shell("remove", path.name, "--yes")).err


async def test_a_part_of_a_file_that_no_catalogue_has_is_removed_by_its_name(shell: Shell) -> None:
    shell.folder.mkdir()
    (shell.folder / "foreign.gguf.part").write_bytes(b"GGUF")
    (shell.folder / "folder.hef").mkdir()
    done = await shell("remove", "foreign.gguf", "--yes")
    assert done.code == 0, done.err
    refused = await shell("remove", "folder.hef", "--yes")
    assert "is a folder" in refused.err
    assert shell.names == ["folder.hef"]


async def test_a_model_of_the_hub_is_named_as_it_was_pulled(shell: Shell) -> None:
    shell.folder.mkdir()
    for file in ("a-Q8_0.gguf", "mmproj-a-Q8_0.gguf"):
        (shell.folder / file).write_bytes(b"GGUF")
        origin = Origin(model="hf:o/a", release="gguf", url="https://example.org", size_bytes=4, sha256="0" * 64)
        records.write(model_path(shell.folder, file).note, origin)
    assert "hf:o/b is not in" in (await shell("remove", "hf:o/b", "--yes")).err
    assert (await shell("remove", "hf:o/a", "--yes")).code == 0
    assert shell.names == []
