"""The state of the systemd service, and the last error in its journal."""

import json
from datetime import UTC, datetime

from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import SERVICE, Installation
from hailo_vision.doctor.machine import Output

_START = f"`sudo systemctl enable --now {SERVICE}`"
_LOG = f"`journalctl -u {SERVICE} -e` has the details"
# Our exit codes, as cli/ has them.
_MEANINGS = {"3": "it could not start", "69": "there is no chip", "78": "its configuration is wrong"}
_ADVICE = {"69": 'See "Device node" above. The service starts by itself when the node appears.'}


def look(installation: Installation) -> Finding:
    unit = installation.unit
    if unit is None:
        return skipped("no systemd here")
    if unit.get("LoadState") == "not-found":
        return skipped(
            "not installed as a service", "Install the Debian package, or run `hailo-vision serve` yourself."
        )
    state, result, status = unit.get("ActiveState", ""), unit.get("Result", ""), unit.get("ExecMainStatus", "0")
    text, restarts = unit.get("StatusText", ""), unit.get("NRestarts", "0")
    status_text = f"; it says: {text}" if text else ""
    restart_text = f"; systemd has restarted it {restarts} times" if restarts not in ("", "0") else ""
    saw = f"{state} ({unit.get('SubState', '')}){status_text}{restart_text}"
    match state:
        case "active":
            return warning(saw, f"{_LOG}.") if restart_text else ok(saw)
        case "failed":
            why = f", {_MEANINGS[status]}" if status in _MEANINGS else ""
            return failed(f"{saw}; {result}, exit code {status}{why}", _ADVICE.get(status, f"{_LOG}."))
        case "activating" if restart_text or unit.get("SubState", "").startswith("auto-restart"):
            return failed(saw, f"Its start failed, and systemd tries it again: {_LOG}.")
        case "activating":
            return warning(saw, "Wait: loading the model takes up to a minute.")
        case _:
            return warning(saw, _START)


def journal(installation: Installation) -> Finding:
    if installation.unit is None:
        return skipped("no systemd here")
    words = ["journalctl", "--unit", SERVICE, "--boot", "--priority", "err", "--lines", "1", "--output", "json"]
    output = installation.machine.run([*words, "--no-pager"])
    match output:
        case None:
            return skipped("no journalctl here")
        case Output(code=0):
            return _judge(output)
        case _:
            last = output.stderr.strip().rpartition("\n")[2]
            return skipped(f"the journal can't be read: {last or 'journalctl did not end in time'}")


def _judge(output: Output) -> Finding:
    try:
        entry = json.loads(output.stdout.strip().rpartition("\n")[2] or "null")
    except ValueError:
        return skipped("the output of journalctl is not the expected JSON")
    if isinstance(entry, dict) and "MESSAGE" in entry:
        return warning(f"{_time(entry)}: {_message(entry)}", f"{_LOG}. If the service works, it is over.")
    if "not seeing messages" in output.stderr:
        return skipped("the journal of the service can't be read by you", "Run `sudo hailo-vision doctor`.")
    return ok("no error since the start of the machine")


def _message(entry: dict[str, object]) -> str:
    """The journal encodes bytes that are not UTF-8 as a list of numbers."""
    message = entry["MESSAGE"]
    text = bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)
    return text if len(text) <= 300 else text[:300] + " ..."


def _time(entry: dict[str, object]) -> str:
    try:
        microseconds = int(str(entry.get("__REALTIME_TIMESTAMP")))
    except ValueError:
        return "at an unknown time"
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
