"""The checks, in the order in which a package lives. Each says in its name what holds; what it returns is printed."""

import json
import re
import time
from collections.abc import Callable, Sequence

from package import PREVIOUS, version
from printed import SUDO, blocks
from system import APT, CONFIG, JSON, MODEL, PATIENCE_S, ROOT, UNIT, URL, YAML, System

MAIN_EXPOSURE, VAULT_EXPOSURE = 1.3, 0.4


def apt_installs_it_where_there_is_no_npu_without_a_scare(system: System) -> None:
    told = system.install(system.package)
    assert system.show("UnitFileState") == "enabled"
    assert "hailo-vision: installed, but not running yet: There is no Hailo device: /dev/hailo0 is missing" in told, (
        told
    )
    assert "starts by itself when the chip's device node appears" in told, told
    for scare in ("Could not execute", "Job for", "control process"):
        assert scare not in told, told


def without_the_device_one_line_says_so_and_what_to_do(system: System) -> None:
    """And systemd leaves it at that: `systemctl status` has the reason, until the device's udev rule starts it."""
    told = system.run("journalctl", "-q", "-o", "cat", "-u", UNIT)
    (line,) = [line for line in told.splitlines() if "/dev/hailo0" in line and line.startswith("hailo-vision: ")]
    assert "simulated" in line, line
    assert "hailo-h10-all" in line, line
    shown = (system.show("ActiveState"), system.show("ExecMainStatus"), system.show("NRestarts"))
    assert shown == ("failed", "69", "0"), shown
    assert 'Status: "There is no Hailo device: /dev/hailo0 is missing' in system.status()
    system.run("systemctl", "reset-failed", UNIT)


def users_groups_and_folders_are_as_documented(system: System) -> None:
    groups = system.run("id", "-Gn", UNIT).split()
    assert set(groups) == {UNIT, "hailo"}, groups
    shown = system.run("stat", "-c", "%n %a %U %G", YAML, "/var/lib/hailo-vision/models", "/var/lib/hailo-vision/cache")
    assert shown.splitlines() == [
        f"{YAML} 644 root root",
        "/var/lib/hailo-vision/models 755 hailo-vision hailo-vision",
        "/var/lib/hailo-vision/cache 755 hailo-vision hailo-vision",
    ], shown


def systemd_and_udev_find_no_mistake_in_our_files(system: System) -> None:
    done = system.guest.run("systemd-analyze", "verify", "--man=no", f"{UNIT}.service", f"{UNIT}.socket")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    system.run("udevadm", "verify", "/usr/lib/udev/rules.d/60-hailo-vision.rules")


def manuals_and_completion_are_installed(system: System) -> None:
    system.run("test", "-s", "/usr/share/man/man1/hailo-vision.1.gz")
    system.run("test", "-s", "/usr/share/man/man5/hailo-vision.yaml.5.gz")
    script = ". /usr/share/bash-completion/completions/hailo-vision; complete -p hailo-vision"
    assert "_hailo_vision" in system.run("bash", "-c", script)


def start_returns_when_the_model_is_loaded(system: System) -> None:
    text = (system.guest.root / YAML[1:]).read_text()
    system.configure(text.replace("#runtime: hailo", "runtime: simulated"))
    system.run("systemctl", "start", UNIT)
    status, told = system.get("/health/ready")
    assert status == 200, told
    assert system.run("stat", "-c", "%a %U %G", JSON).strip() == "640 root hailo-vision"


def a_load_that_takes_longer_than_the_start_timeout_is_waited_for(system: System) -> None:
    system.configure(CONFIG.replace("load_s: 0.2", "load_s: 5.5"))
    system.drop_in("test", "TimeoutStartSec=4")
    system.run("systemctl", "restart", UNIT)
    system.drop_in("test", "")
    system.configure(CONFIG)
    assert system.get("/health/ready")[0] == 200


def a_reload_during_the_start_is_not_lost(system: System) -> None:
    system.configure(CONFIG.replace("load_s: 0.2", "load_s: 4"))
    system.run("systemctl", "restart", "--no-block", UNIT)
    system.wait_for("the load", lambda: system.show("StatusText").startswith("loading"))
    system.configure(CONFIG.replace("load_s: 0.2", "load_s: 4") + "queue: {depth: 9}\n")
    system.run("systemctl", "reload", UNIT)
    assert system.show("ActiveState") == "active"
    system.wait_for("a queue of 9", lambda: system.get("/health")[1]["queue"]["depth"] == 9)
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)


def a_port_that_is_taken_is_told_and_tried_again_at_a_growing_pause(system: System) -> None:
    system.run("systemctl", "stop", UNIT)
    taken = "import socket, time; s = socket.create_server(('127.0.0.1', 11435)); time.sleep(600)"
    system.run("systemd-run", "--unit=taken", "-q", "python3", "-c", taken)
    system.drop_in("test", "RestartSec=100ms")  # for the sake of the test's own time
    connects = "import socket; socket.create_connection(('127.0.0.1', 11435))"
    system.wait_for("the other program", lambda: system.guest.run("python3", "-c", connects).returncode == 0)
    system.guest.run("systemctl", "start", UNIT)
    system.wait_for("three tries", lambda: int(system.show("NRestarts")) >= 3)
    system.wait_for("the reason", lambda: "port 11435" in system.show("StatusText"))
    assert system.show("RestartUSecNext").endswith("s"), system.show("RestartUSecNext")
    assert not system.show("RestartUSecNext").endswith("ms"), system.show("RestartUSecNext")
    system.run("systemctl", "stop", "taken", UNIT)
    system.drop_in("test", "")
    system.run("systemctl", "start", UNIT)


def restart_applies_a_changed_yaml(system: System) -> None:
    system.run("systemctl", "restart", UNIT)
    assert "edited" in str(system.get("/v1/models")), system.get("/v1/models")


def health_ready_and_models_answer(system: System) -> None:
    status, health = system.get("/health")
    assert (status, health["status"], health["model"]) == (200, "ok", MODEL), health
    assert system.get("/health/ready")[0] == 200
    assert MODEL in str(system.get("/v1/models"))


def a_chat_with_a_photo_is_answered_whole(system: System) -> None:
    answer = json.loads(system.chat())
    assert "blue" in answer["choices"][0]["message"]["content"], answer
    assert answer["usage"]["completion_tokens"] > 0, answer


def a_chat_with_a_photo_is_answered_as_a_stream(system: System) -> None:
    chunks = [line.removeprefix("data: ") for line in system.chat(stream=True).splitlines() if line]
    assert chunks[-1] == "[DONE]", chunks[-1]
    texts = [choice["delta"].get("content") or "" for chunk in chunks[:-1] for choice in json.loads(chunk)["choices"]]
    assert "blue" in "".join(texts), texts
    assert len([text for text in texts if text]) > 3, "it came in one piece"


def people_and_the_service_user_can_use_the_command(system: System) -> None:
    system.run("runuser", "-u", "nobody", "--", "hailo-vision", "check-config", YAML)
    system.run("runuser", "-u", "nobody", "--", "hailo-vision", "ask", "--max-tokens", "2", "Hello!")
    assert MODEL in system.run("runuser", "-u", UNIT, "--", "hailo-vision", "models", "list")


def the_guides_key_as_printed_opens_the_service_to_who_has_it(system: System) -> None:
    """docs/install-pi.md, pasted: the commands that make the key, the YAML, the check, the restart."""
    page = "docs/install-pi.md"
    system.run("sh", "-c", "cat >/usr/bin/sudo; chmod 755 /usr/bin/sudo", stdin=SUDO)
    makes_key, asks = blocks(page, "sh", "Opening it to the network, with a key")
    (yaml,) = blocks(page, "yaml", "Opening it to the network, with a key")
    (settings,) = blocks(page, "sh", "Settings")
    told = system.run("bash", "-ec", makes_key)
    name, key = told.split()[-2:]
    assert (name, len(key)) == ("me", 48), told
    system.configure(CONFIG + yaml)
    told = system.run("bash", "-ec", settings.replace("sudoedit ", "test -w "))
    assert "/etc/hailo/hailo-vision.yaml has no problems" in told, told
    assert system.get("/v1/models")[0] == 401
    told = system.run("bash", "-ec", asks.replace("KEY", key).replace("raspberrypi.local", "127.0.0.1"))
    assert MODEL in told, told
    told = system.run("runuser", "-u", "nobody", "--", "hailo-vision", "check-config", YAML)
    assert "sudo hailo-vision check-config" in told, told
    system.run("sh", "-c", f"echo {key} >/etc/hailo/hailo-vision.keys")
    assert "expected two words, a name and a key" in system.fails("hailo-vision", "check-config", YAML)
    system.run("rm", "/etc/hailo/hailo-vision.keys")
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)


def the_guides_first_answer_and_looks_work_as_printed(system: System) -> None:
    page = "docs/install-pi.md"
    (ask,) = blocks(page, "sh", "5. The first answer")
    assert "blue" in system.run("bash", "-ec", ask)
    *_, look = blocks(page, "sh", "4. The model")
    told = system.run("bash", "-ec", look)
    assert "ready, qwen2-vl-2b-instruct is loaded" in told, told
    assert '"ready":true' in told.replace(" ", ""), told
    on, off = "sudo /usr/libexec/hailo-vision/vault on", "vault off"
    assert blocks(page, "sh", "The vault") == [f"{on}\n"], "the checks of the vault run another command"
    assert off in (ROOT / page).read_text()


def without_llama_cpp_the_engine_names_the_command_that_installs_it(system: System) -> None:
    """The guest has no network, so the installation is refused: in one sentence, as the service's user."""
    system.run("sh", "-c", "printf GGUF >/var/lib/hailo-vision/models/x.gguf")
    system.configure("device: {runtime: llama}\nllama: {model: /var/lib/hailo-vision/models/x.gguf, mmproj: null}\n")
    system.run("systemctl", "restart", UNIT)
    status, told = system.get("/health/ready")
    assert (status, "sudo hailo-vision engines install llama" in told["message"]) == (503, True), told
    told = system.fails("hailo-vision", "engines", "install", "llama")
    assert "python3-venv" in told or "pip failed" in told, told
    assert "Traceback" not in told, told
    owner = system.run("stat", "-c", "%U", "/var/lib/hailo-vision/engines").strip()
    assert owner == UNIT, owner
    system.run("hailo-vision", "engines", "remove", "llama")
    system.run("rm", "/var/lib/hailo-vision/models/x.gguf")
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)


def the_journal_has_the_request_with_its_facts(system: System) -> None:
    since = system.cursor()
    system.chat()
    (line,) = [line for line in system.journal(since, "-p", "info").splitlines() if "/v1/chat/completions" in line]
    for fact in ("request_id=", "status=200", "total_ms=", "queue_ms=", "prompt_tokens=", "finish_reason="):
        assert fact in line, f"no {fact} in: {line}"


def the_bounds_hold_without_the_memory_cgroup(system: System) -> str:
    for pid in (system.pid(), system.worker()):
        limits = system.run("cat", f"/proc/{pid}/limits")
        found = re.search(r"Max data size\s+(\d+)", limits)
        assert found, f"no limit of memory for {pid}: {limits}"
        assert int(found[1]) == 3 << 30
    hog = "x = bytearray(4 << 30)"
    told = system.fails(
        "systemd-run", "--wait", "--pipe", "--collect", "-q", "-p", "LimitDATA=3G", "python3", "-c", hog
    )
    assert "MemoryError" in told, told
    size = system.run("grep", "-h", "VmData", f"/proc/{system.pid()}/status", f"/proc/{system.worker()}/status")
    return "daemon and worker use " + ", ".join(re.findall(r"\d+ kB", size)) + " of 3 GiB each"


def the_address_of_the_yaml_is_served_and_not_silently_deaf(system: System) -> None:
    assert system.get("/health", "http://127.0.0.2:11435")[0] == 0
    system.configure(CONFIG + "server: {host: 0.0.0.0}\n")
    system.run("systemctl", "restart", UNIT)
    assert system.get("/health", "http://127.0.0.2:11435")[0] == 200
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)


def restart_refuses_a_broken_yaml_and_names_every_problem(system: System) -> None:
    since, before = system.cursor(), system.run("cat", JSON)
    system.configure(CONFIG + "server: {prot: 1}\nqueue: {depth: many}\nimages: {fit: padd}\n")
    system.fails("systemctl", "restart", UNIT)
    told = system.journal(since)
    for problem in ("server.prot", "queue.depth", "images.fit"):
        assert told.count(problem) == 1, f"{problem} stands {told.count(problem)} times in: {told}"
    assert system.run("cat", JSON) == before
    # 78: systemd leaves it at that until a person has done something.
    shown = (system.show("ActiveState"), system.show("ExecMainStatus"), system.show("NRestarts"))
    assert shown == ("failed", "78", "0"), shown
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)
    assert system.get("/health/ready")[0] == 200


def reload_refuses_a_broken_yaml_and_the_old_one_goes_on(system: System) -> None:
    since, before, pid = system.cursor(), system.run("cat", JSON), system.pid()
    system.configure(CONFIG + "server: {prot: 1}\nqueue: {depth: many}\n")
    system.fails("systemctl", "reload", UNIT)
    told = system.journal(since)
    for problem in ("server.prot", "queue.depth"):
        assert problem in told, f"no {problem} in: {told}"
    system.configure(CONFIG)
    assert system.run("cat", JSON) == before
    assert (system.get("/health/ready")[0], system.pid()) == (200, pid)


def reload_applies_a_good_yaml_without_a_restart(system: System) -> None:
    pid = system.pid()
    system.configure(CONFIG + "queue: {depth: 7}\n")
    system.run("systemctl", "reload", UNIT)
    assert json.loads(system.run("cat", JSON))["queue"]["depth"] == 7
    system.wait_for("a queue of 7", lambda: system.get("/health")[1]["queue"]["depth"] == 7)
    system.wait_for("the end of the reload", lambda: system.show("ActiveState") == "active")
    assert system.pid() == pid
    system.configure(CONFIG)
    system.run("systemctl", "reload", UNIT)


def a_killed_worker_is_replaced_by_the_daemon(system: System) -> None:
    pid, worker = system.pid(), system.worker()
    assert worker is not None
    system.run("sh", "-c", f"kill -KILL {worker}")
    system.wait_for("another worker", lambda: system.worker() not in (None, worker))
    system.wait_until_ready()
    assert (system.pid(), system.show("NRestarts")) == (pid, "0")
    system.chat()


def a_killed_daemon_is_started_again_and_its_worker_dies_with_it(system: System) -> None:
    worker = system.worker()
    system.run("systemctl", "kill", "-s", "KILL", "--kill-whom=main", UNIT)
    system.wait_for("a restart", lambda: system.show("NRestarts") == "1")
    system.fails("test", "-d", f"/proc/{worker}")
    system.wait_until_ready()
    system.chat()


def the_watchdog_starts_a_frozen_daemon_anew(system: System) -> None:
    assert system.show("WatchdogUSec") == "30s", system.show("WatchdogUSec")
    system.drop_in("test", "WatchdogSec=3\nRestartSec=1")  # for the sake of the test's own time
    system.run("systemctl", "restart", UNIT)
    since, pid, worker = system.cursor(), system.pid(), system.worker()
    system.run("systemctl", "kill", "-s", "STOP", "--kill-whom=main", UNIT)
    system.wait_for("a restart", lambda: system.show("NRestarts") == "1")
    told = system.journal(since)
    assert "Watchdog timeout" in told, told
    assert "Fatal Python error: Aborted" in told, f"no stack in the journal: {told}"
    system.wait_until_ready()
    assert system.pid() != pid
    system.fails("test", "-d", f"/proc/{worker}")
    system.drop_in("test", "")
    system.run("systemctl", "restart", UNIT)


def stop_lets_the_running_answer_end_and_leaves_with_0(system: System) -> str:
    system.configure(CONFIG.replace("tokens_per_s: 60", "tokens_per_s: 6"))
    system.run("systemctl", "restart", UNIT)
    pending = system.ask_later(stream=True, max_tokens=60)
    system.wait_for("a running answer", lambda: system.get("/health")[1]["state"] == "busy")
    begun = time.monotonic()
    system.run("systemctl", "stop", UNIT)
    took_s = time.monotonic() - begun
    streamed, _ = pending.communicate(timeout=PATIENCE_S)
    assert streamed.strip().endswith("data: [DONE]"), streamed[-300:]
    assert (system.show("Result"), system.show("ExecMainStatus")) == ("success", "0")
    system.configure(CONFIG)
    system.run("systemctl", "start", UNIT)
    return f"it took {took_s:.1f} of 30 s"


def the_units_exposure_is_1_3_or_lower(system: System) -> str:
    exposure = system.exposure()
    assert exposure <= MAIN_EXPOSURE, exposure
    return f"{exposure}"


def the_vault_is_one_command_and_serves_without_a_network(system: System) -> None:
    system.run("/usr/libexec/hailo-vision/vault", "on")
    assert system.get("/health/ready")[0] == 200
    assert system.show("PrivateNetwork") == "yes"
    networks = {system.run("readlink", f"/proc/{pid}/ns/net") for pid in (1, system.pid())}
    assert len(networks) == 2, networks
    assert "blue" in system.chat()


def the_vaults_exposure_is_0_4_or_lower(system: System) -> str:
    exposure = system.exposure()
    assert exposure <= VAULT_EXPOSURE, exposure
    return f"{exposure}"


def requests_during_a_restart_in_the_vault_are_all_answered(system: System) -> str:
    asking = f"curl -sS -m 60 -o /dev/null -w '%{{http_code}} %{{time_total}}\\n' {URL}/health"
    pending = system.guest.start("sh", "-c", f"for i in $(seq 30); do {asking}; sleep 0.1; done")
    system.run("systemctl", "restart", UNIT)
    told, _ = pending.communicate(timeout=PATIENCE_S)
    answers = [line.split() for line in told.splitlines()]
    assert [answer[0] for answer in answers] == ["200"] * 30, told
    return f"30 of 30, the slowest in {max(float(answer[1]) for answer in answers):.1f} s"


def the_vault_outlives_a_device_that_is_missing_for_a_while(system: System) -> None:
    """With clients that try on: each wakes the service, which must neither loop nor give up."""
    system.configure("server: {}\n")
    system.guest.run("systemctl", "restart", UNIT)
    since = system.cursor()

    def tries() -> int:
        return system.journal(since).count("/dev/hailo0 is missing")

    for _ in range(6):
        system.guest.run("curl", "-sS", "-m", "1", f"{URL}/health")
    assert tries() <= 4, f"{tries()} tries in 6 s"
    system.wait_for("another try", lambda: tries() >= 1)
    system.configure(CONFIG)
    system.wait_until_ready()


def the_way_back_from_the_vault_is_one_command(system: System) -> None:
    system.run("/usr/libexec/hailo-vision/vault", "off")
    assert system.get("/health/ready")[0] == 200
    assert system.show("PrivateNetwork") == "no"
    assert system.run("systemctl", "show", "-P", "ActiveState", f"{UNIT}.socket").strip() == "inactive"


def a_device_that_the_sandbox_shuts_out_ends_the_daemon_and_a_new_start_mends_it(system: System) -> None:
    """The node's class is `misc`, which the shipped unit does not name: as if the driver came after the start."""
    fake = system.guest.root / "usr/lib/python3/dist-packages/hailo_platform.py"
    package = fake.with_suffix("")
    package.mkdir()
    (package / "__init__.py").write_text((ROOT / "scripts/system_test/opening_hailo_platform.py").read_text())
    system.run("sh", "-c", "mknod /dev/hailo0 c 10 229 && chgrp hailo /dev/hailo0 && chmod 0660 /dev/hailo0")
    quick = json.dumps({"load_s": 0.1, "prefill_s": 0, "tokens_per_s": 0}).replace('"', '\\"')
    system.drop_in("fake", f'RestartSec=1\nEnvironment="HAILO_VISION_SIMULATOR={quick}"')
    system.configure("server: {}\n")
    since = system.cursor()
    system.guest.run("systemctl", "restart", UNIT)
    system.wait_for("a restart by systemd", lambda: int(system.show("NRestarts")) >= 1)
    told = system.journal(since)
    assert "EPERM" in told, told
    assert "status=3" in told, told
    assert "Starting another worker" not in told, told
    system.drop_in("fake", f'RestartSec=1\nEnvironment="HAILO_VISION_SIMULATOR={quick}"\nDeviceAllow=char-misc rw')
    system.wait_until_ready()


def a_device_reaches_the_service_under_its_sandbox(system: System) -> None:
    for mode in ("0660", "0666"):
        system.run("chmod", mode, "/dev/hailo0")
        system.run("systemctl", "restart", UNIT)
        status, health = system.get("/health")
        assert (status, health["ready"], health["device"]) == (200, True, "/dev/hailo0"), health
        assert "blue" in system.chat()


def a_mode_that_shuts_the_device_out_is_told_and_waited_for(system: System) -> None:
    system.run("chmod", "0600", "/dev/hailo0")
    system.guest.run("systemctl", "restart", UNIT)
    told = system.wait_for("the reason", lambda: system.get("/health/ready")[1].get("message"))
    assert "groups" in told, told
    assert system.show("NRestarts") == "0"
    system.run("chmod", "0660", "/dev/hailo0")
    system.wait_until_ready()


def without_the_fake_device_the_simulator_serves_again(system: System) -> None:
    system.run("rm", "-r", "/dev/hailo0", "/usr/lib/python3/dist-packages/hailo_platform")
    system.drop_in("fake", "")
    system.configure(CONFIG)
    system.run("systemctl", "restart", UNIT)
    assert system.get("/health")[1]["runtime"] == "simulated"


def a_downgrade_works(system: System) -> None:
    system.install(system.previous)
    assert system.get("/health")[1]["version"] == PREVIOUS, system.get("/health")
    assert system.show("ActiveState") == "active"


def an_upgrade_keeps_the_edited_conffile_and_the_new_version_answers(system: System) -> str:
    asking = f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}\\n' {URL}/health 2>/dev/null"
    system.run("touch", "/var/tmp/asking")
    pending = system.guest.start("sh", "-c", f"while [ -e /var/tmp/asking ]; do {asking}; sleep 0.1; done")
    system.install(system.package)
    system.run("rm", "/var/tmp/asking")
    told, _ = pending.communicate(timeout=PATIENCE_S)
    status, health = system.get("/health")
    assert (status, health["version"]) == (200, version(system.package)), health
    assert system.run("cat", YAML) == CONFIG
    assert "edited" in str(system.get("/v1/models"))
    return f"down for about {told.split().count('000') / 10:.1f} s"


def installing_the_same_version_again_changes_nothing(system: System) -> None:
    system.run(*APT, "--reinstall", f"/var/tmp/{system.package.name}")
    assert system.show("ActiveState") == "active"
    assert system.get("/health/ready")[0] == 200
    assert system.run("cat", YAML) == CONFIG


def the_packages_own_tests_pass(system: System) -> None:
    for name in ("asks-a-question", "service-answers"):
        script = (ROOT / "packaging/debian/tests" / name).read_text()
        system.run("sh", "-c", f"cat >/var/tmp/{name}; chmod +x /var/tmp/{name}", stdin=script)
        system.run(f"/var/tmp/{name}")
        system.run("rm", f"/var/tmp/{name}")


def no_unit_failed_and_no_error_is_unexplained(system: System) -> None:
    failed = system.run("systemctl", "--failed", "--no-legend").strip()
    assert not failed, failed
    expected = r"Watchdog|Fail|Reload failed|killed|status=|Control process|Main process"
    errors = system.run("journalctl", "-q", "-o", "cat", "-p", "err", "-b", "-t", "systemd").splitlines()
    left = [line for line in errors if not re.search(expected, line)]
    assert not left, "\n".join(left)


def remove_stops_the_service_and_keeps_the_settings(system: System) -> None:
    """Of the plain form and of the vault; what is installed again in between runs on the settings that were left."""
    removed_and_stopped(system)
    told = system.install(system.package)
    assert "not running yet" not in told, told
    assert system.get("/health/ready")[0] == 200
    system.run("/usr/libexec/hailo-vision/vault", "on")
    removed_and_stopped(system)


def removed_and_stopped(system: System) -> None:
    system.run("apt-get", "remove", "-y", "-qq", UNIT)
    shown = system.guest.run("systemctl", "is-active", f"{UNIT}.service", f"{UNIT}.socket").stdout.split()
    assert shown == ["inactive", "inactive"], shown
    assert system.get("/health")[0] == 0
    assert system.run("cat", YAML) == CONFIG


def purge_leaves_nothing_but_what_the_operator_made_and_names_it(system: System) -> None:
    system.run("touch", "/etc/hailo/keys")
    told = system.run("apt-get", "purge", "-y", "-qq", "-o", "Dpkg::Use-Pty=0", UNIT)
    assert "/etc/hailo/keys" in told, told
    system.run("rm", "-r", "/etc/hailo")
    elsewhere = "-not -path '/proc/*' -not -path '/var/tmp/*'"
    found = system.run("sh", "-c", f"find / /run -xdev -name '*hailo*' {elsewhere}")
    assert not found.strip(), found
    assert not system.guest.run("systemctl", "list-unit-files", "--no-legend", "*hailo*").stdout.strip()


CHECKS: Sequence[Callable[[System], str | None]] = (
    apt_installs_it_where_there_is_no_npu_without_a_scare,
    without_the_device_one_line_says_so_and_what_to_do,
    users_groups_and_folders_are_as_documented,
    systemd_and_udev_find_no_mistake_in_our_files,
    manuals_and_completion_are_installed,
    start_returns_when_the_model_is_loaded,
    a_load_that_takes_longer_than_the_start_timeout_is_waited_for,
    a_reload_during_the_start_is_not_lost,
    a_port_that_is_taken_is_told_and_tried_again_at_a_growing_pause,
    restart_applies_a_changed_yaml,
    health_ready_and_models_answer,
    a_chat_with_a_photo_is_answered_whole,
    a_chat_with_a_photo_is_answered_as_a_stream,
    people_and_the_service_user_can_use_the_command,
    the_guides_key_as_printed_opens_the_service_to_who_has_it,
    the_guides_first_answer_and_looks_work_as_printed,
    without_llama_cpp_the_engine_names_the_command_that_installs_it,
    the_journal_has_the_request_with_its_facts,
    the_bounds_hold_without_the_memory_cgroup,
    the_address_of_the_yaml_is_served_and_not_silently_deaf,
    restart_refuses_a_broken_yaml_and_names_every_problem,
    reload_refuses_a_broken_yaml_and_the_old_one_goes_on,
    reload_applies_a_good_yaml_without_a_restart,
    a_killed_worker_is_replaced_by_the_daemon,
    a_killed_daemon_is_started_again_and_its_worker_dies_with_it,
    the_watchdog_starts_a_frozen_daemon_anew,
    stop_lets_the_running_answer_end_and_leaves_with_0,
    the_units_exposure_is_1_3_or_lower,
    the_vault_is_one_command_and_serves_without_a_network,
    the_vaults_exposure_is_0_4_or_lower,
    requests_during_a_restart_in_the_vault_are_all_answered,
    the_vault_outlives_a_device_that_is_missing_for_a_while,
    the_way_back_from_the_vault_is_one_command,
    a_device_that_the_sandbox_shuts_out_ends_the_daemon_and_a_new_start_mends_it,
    a_device_reaches_the_service_under_its_sandbox,
    a_mode_that_shuts_the_device_out_is_told_and_waited_for,
    without_the_fake_device_the_simulator_serves_again,
    a_downgrade_works,
    an_upgrade_keeps_the_edited_conffile_and_the_new_version_answers,
    installing_the_same_version_again_changes_nothing,
    the_packages_own_tests_pass,
    no_unit_failed_and_no_error_is_unexplained,
    remove_stops_the_service_and_keeps_the_settings,
    purge_leaves_nothing_but_what_the_operator_made_and_names_it,
)
