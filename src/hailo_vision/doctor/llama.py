"""Whether llama.cpp is installed and runs, and whether it may use as many cores as it has threads."""

import os
import re
import sys
from pathlib import Path

from hailo_vision.config.data_folder import SYSTEM_FOLDER
from hailo_vision.doctor.account import ENTER
from hailo_vision.doctor.files import closed_to, hidden, is_roots
from hailo_vision.doctor.finding import Finding, failed, ok, warning
from hailo_vision.doctor.installation import CHILD_S, SERVICE, Installation, child_reply
from hailo_vision.doctor.machine import Output
from hailo_vision.engines.llama import package
from hailo_vision.engines.llama import plan as llama_plan
from hailo_vision.engines.llama.package import INSTALL, PACKAGE
from hailo_vision.engines.llama.plan import PROGRAM
from hailo_vision.errors import DeviceUnavailable

_GET = f"`sudo {INSTALL}` (in a clone: `scripts/setup llama`), or put a {PROGRAM} of llama.cpp into /usr/local/bin."
_VERSION = re.compile(r"^version: (\S.{0,80})$", re.MULTILINE)
_SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>us|ms|s|min|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def look(installation: Installation) -> Finding:
    setting = installation.settings.llama.server
    try:
        path = installation.machine.environment.get("PATH")
        program = llama_plan.program(setting, path, folder=_folder(installation))
    except DeviceUnavailable:
        if setting is None:
            return failed(f"there is no llama.cpp: no {PROGRAM} on PATH, and no Python package {PACKAGE}", _GET)
        advice = f"Correct it, or set it to null: then a {PROGRAM} on PATH is taken, else the package {PACKAGE}."
        return failed(f"llama.server: {setting} is no program that can be run", advice)
    if program is not None:
        return _program(installation, Path(program))
    return _package(installation, llama_plan.package_path(_folder(installation)))


def package_command(path: str | None) -> list[str]:
    """Import the package in a child: native code crashes on a processor that lacks what it was built for."""
    code = f"import json, sys, importlib.metadata\nsys.path += {[path] if path else []}\nimport {PACKAGE}\n"
    code += f"print(json.dumps({{'version': importlib.metadata.version('{PACKAGE}')}}))"
    return [sys.executable, "-P", "-c", code]


def threads(installation: Installation) -> Finding:
    cores = llama_plan.cores()
    count = llama_plan.threads(installation.settings.llama.threads, cores)
    saw = f"{_many(count, 'thread')} on {_many(cores, 'core')}"
    if count > cores:
        return warning(f"{saw}: they wait for each other", "Set llama.threads to null, or to the number of cores.")
    share = seconds((installation.unit or {}).get("CPUQuotaPerSecUSec", ""))
    if share is not None and share < count:
        return warning(
            f"{saw}, but the service may use {share:g} of a core (CPUQuota={share:.0%} in its unit)",
            f"`sudo systemctl edit {SERVICE}`, with `CPUQuota={count}00%` under [Service], then restart it.",
        )
    return ok(saw)


def seconds(span: str) -> float | None:
    """A span of time as systemd prints it, such as `2.500s` or `1min 30s`; None for no limit, and for no span."""
    parts = [_SPAN.fullmatch(part) for part in span.split()]
    if not parts or None in parts:
        return None
    return sum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts if part)


def _program(installation: Installation, program: Path) -> Finding:
    if finding := hidden(installation, program):
        return finding
    if closed_path := closed_to(installation.account, program, installation.machine.root, ENTER):
        return failed(
            f"{installation.account.name} may not run {program}: {closed_path} is closed to it",
            f"`sudo chmod a+rx {closed_path}`",
        )
    real = Path(os.path.realpath(program))
    if installation.machine.uid == 0 and not is_roots(real):
        return ok(f"{program}, which others than root can change, so it was not run to ask its version")
    output = installation.machine.run([str(real), "--version"])
    match output:
        case Output(code=0):
            version = _VERSION.search(f"{output.stdout}\n{output.stderr}")
            return ok(
                f"{program}, version {version[1]}" if version else f"{program}, which does not report its version"
            )
        case Output(code=None):
            return warning(f"{program} did not report its version in time", f"See what `{program} --version` does.")
        case _:
            trouble = child_reply(output).trouble
            return failed(
                f"{program} does not run: {trouble}", f"See what `{program} --version` says, and get another."
            )


def _folder(installation: Installation) -> Path | None:
    return package.folder(installation.machine.environment, installation.machine.path(SYSTEM_FOLDER))


def _package(installation: Installation, path: str | None) -> Finding:
    if path and installation.machine.uid == 0 and not is_roots(Path(path)):
        saw = f"the Python package {PACKAGE} {package.version(path)} in {path}"
        return ok(f"{saw}, which others than root can change, so it was not imported")
    answer = child_reply(installation.machine.run(package_command(path), within_s=CHILD_S))
    if answer.facts is None:
        advice = (
            f"Install it again: `sudo {INSTALL.replace('install', 'remove')}`, then `sudo {INSTALL}`; "
            f"or put a {PROGRAM} on PATH, which is then taken."
        )
        return failed(f"the Python package {PACKAGE} can't be imported: {answer.trouble}", advice)
    return ok(f"the Python package {PACKAGE} {answer.facts.get('version')}")


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
