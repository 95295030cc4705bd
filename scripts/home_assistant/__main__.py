"""What scripts/home-assistant runs: Home Assistant in a container, a daemon beside it, and one line for each check."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fresh_machine import CERTIFICATES, PASSED_ON, SKIPPED, stage
from guest import nspawn, own_cgroup, remove
from home import PATIENCE_S, Home
from image import GuestError, tarball, unpack

from harness import MODEL, PHOTOS, ROOT, Daemon

CACHE = ROOT / ".cache" / "home-assistant"
VERSION = "2026.11"
SUITE = "forky"  # the first Debian with the Python 3.14 that Home Assistant 2026.11 needs
PACKAGES = ("python3", "python3-venv", "python3-dev", "g++", "ca-certificates", "libturbojpeg0")  # some are compiled
INTEGRATIONS = ("ollama", "ai_task", "assist_pipeline", "assist_satellite", "template", "shopping_list")
DESCRIPTION = f"""\
Runs Home Assistant {VERSION} in a Debian of its own against the daemon on the simulator. By Home Assistant's own API it
adds the Ollama integration, asks a conversation agent with Assist's tools, and asks an AI task about a picture. The
Debian with Home Assistant is kept in .cache/home-assistant (minutes the first time)."""
REQUIREMENTS = """
import json, pathlib, sys, homeassistant.components as components
left, seen, found = sys.argv[1:], set(), set()
while left:
    name = left.pop()
    if name not in seen:
        seen.add(name)
        manifest = json.loads((pathlib.Path(components.__path__[0]) / name / "manifest.json").read_text())
        left += manifest.get("dependencies") or []
        found |= set(manifest.get("requirements") or [])
print(*sorted(found))
"""
CONFIGURATION = """\
homeassistant: {{name: Test, time_zone: UTC, media_dirs: {{local: /media}}}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
api:
config:
conversation:
onboarding:
template: [{{light: [{{name: Porch light, unique_id: porch, turn_on: [], turn_off: []}}]}}]
logger: {{default: warning}}
"""
Enter = Callable[[], None]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/home-assistant", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--anew", action="store_true", help="install Home Assistant from nothing")
    anew = parser.parse_args().anew
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave by the same way as at Ctrl-C
    work = Path(tempfile.mkdtemp(prefix="hailo-vision-home-assistant-"))
    try:
        with own_cgroup() as enter:
            try:
                root = installed(work, enter, anew=anew)
            except (GuestError, OSError, subprocess.SubprocessError) as error:
                print(f"scripts/home-assistant: skipped: Home Assistant can't be had here: {error}")
                return SKIPPED
            return check(root, work, enter)
    except KeyboardInterrupt:
        print("interrupted")
        return 1
    finally:
        remove(work)


def words_in(root: Path, *words: str) -> list[str]:
    """The words that run a command in the container, on the network of this machine."""
    passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    if "PIP_CERT" in passed_on:
        passed_on["PIP_CERT"] = str(CERTIFICATES)
    passed_on |= {
        "LANG": "C.UTF-8",
        "SSL_CERT_FILE": str(CERTIFICATES),
        "PATH": "/opt/home-assistant/bin:/usr/bin:/bin",
    }
    settings = [f"--setenv={name}={value}" for name, value in passed_on.items()]
    return [*nspawn(root, "--pipe", "--as-pid2", "--resolv-conf=copy-host", *settings), *words]


def installed(work: Path, enter: Enter, *, anew: bool) -> Path:
    """A Debian with Home Assistant and what its integrations need, from the cache or made."""
    root, kept = work / "root", CACHE / f"home-assistant-{VERSION}.tar.zst"
    if anew or not kept.exists():
        make(root, enter)
        subprocess.run(["tar", "-C", root, "--zstd", "-cpf", f"{kept}.new", "--numeric-owner", "."], check=True)
        Path(f"{kept}.new").replace(kept)
        return root
    with stage("unpacking the Debian with Home Assistant"):
        unpack(kept, root)
    return root


def make(root: Path, enter: Enter) -> None:
    def run(*words: str) -> str:
        command = words_in(root, *words)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, preexec_fn=enter)
        if done.returncode:
            raise GuestError(f"{' '.join(words[:4])} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    with stage(f"a bare Debian, {SUITE}"):
        unpack(tarball(CACHE, "bare", PACKAGES, suite=SUITE, whole=True), root)
        if CERTIFICATES.exists():
            shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    with stage(f"installing Home Assistant {VERSION}"):
        run("python3", "-m", "venv", "/opt/home-assistant")
        run("pip", "install", "--quiet", "--no-cache-dir", f"homeassistant=={VERSION}.*")
        needs = run("python", "-c", REQUIREMENTS, *INTEGRATIONS).split()
        run("pip", "install", "--quiet", "--no-cache-dir", *needs)
    with stage("its first start, at which it installs more"), started(root, enter):
        pass
    shutil.rmtree(root / "config")


@contextmanager
def started(root: Path, enter: Enter) -> Iterator[Home]:
    """Home Assistant, up, with nothing set up; its log is beside the root."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (root / "config").mkdir(exist_ok=True)
    (root / "config" / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    home, log = Home(f"http://127.0.0.1:{port}"), root.parent / "home-assistant.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            words_in(root, "hass", "-c", "/config"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=enter,
        )
        try:
            home.wait_for("Home Assistant", lambda: process.poll() is not None or home.is_up())
            if process.poll() is not None:
                raise GuestError(f"Home Assistant did not start:\n{log.read_text()[-2000:]}")
            yield home
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def check(root: Path, work: Path, enter: Enter) -> int:
    """Ask what its users ask; one line for each, and their number."""
    (root / "media").mkdir(exist_ok=True)
    shutil.copyfile(PHOTOS / "launch-pad.jpg", root / "media" / "launch-pad.jpg")
    passed, begun = 0, time.monotonic()
    with ExitStack() as stack:
        daemon = Daemon(work).wait_until_ready()
        stack.callback(daemon.stop)
        try:
            home = stack.enter_context(started(root, enter))
            for line in checks(home, daemon):
                passed += 1
                print(f"ok   {line} ({time.monotonic() - begun:.0f} s)", flush=True)
        except (AssertionError, GuestError, LookupError, OSError) as error:
            print(f"FAIL after {passed} checks: {error}")
            print(f"     the daemon's last lines:\n{daemon.log[-1500:]}")
            print(f"     Home Assistant's:\n{(work / 'home-assistant.log').read_text()[-1500:]}")
            print(f"{passed} passed, 1 failed")
            return 1
    print(f"{passed} passed, 0 failed")
    return 0


def checks(home: Home, daemon: Daemon) -> Iterator[str]:
    home.onboard()
    home.add("shopping_list")
    entry = home.add("ollama", url=daemon.url)
    yield "the Ollama integration is added"
    common = {"model": f"{MODEL}:latest", "num_ctx": 2048, "max_history": 3, "keep_alive": -1, "think": False}
    agent = home.add_service(entry, "conversation", "conversation.", name="Talk", llm_hass_api=["assist"], **common)
    task = home.add_service(entry, "ai_task_data", "ai_task.", name="Look", **common)
    yield f"there are {agent} and {task}"
    question = {"text": "Turn on the Porch light", "agent_id": agent, "language": "en"}
    said = home.ask("/api/conversation/process", question)["response"]
    assert said["response_type"] == "action_done", said
    assert "tools=11/11" in daemon.log, said
    yield f"a conversation with 11 tools is answered: {said['speech']['plain']['speech']!r}"
    source = "media-source://media_source/local/launch-pad.jpg"
    picture = {"media_content_id": source, "media_content_type": "image/jpeg"}
    look = {"task_name": "look", "entity_id": task, "instructions": "What colours are in this photo?"}
    answer = home.ask("/api/services/ai_task/generate_data?return_response", {**look, "attachments": [picture]})
    assert "blue" in answer["service_response"]["data"], answer
    yield f"an AI task sees a picture: {answer['service_response']['data']!r}"


if __name__ == "__main__":
    sys.exit(main())
