"""Whether the clock can be right: certificates and logs depend on it, and a Pi may lose it with the power."""

import os
from datetime import UTC, datetime

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, failed, ok, warning

WRITTEN_IN = 2026


def look(case: Case) -> Finding:
    return judge(datetime.now(tz=UTC), _synchronised(case))


def judge(now: datetime, synchronised: bool | None) -> Finding:
    saw = now.strftime("%Y-%m-%d %H:%M UTC")
    if not WRITTEN_IN <= now.year < WRITTEN_IN + 50:
        return failed(
            f"{saw}, which can't be",
            "Connect to a network and wait, or `sudo date --set='...'`: https fails like this.",
        )
    if synchronised is False:
        return warning(f"{saw}, not synchronised", "`sudo timedatectl set-ntp true`, and a way to a time server.")
    return ok(f"{saw}, synchronised" if synchronised else f"{saw}; whether it is synchronised is not known here")


def _synchronised(case: Case) -> bool | None:
    """systemd-timesyncd's mark, else what the kernel told timedatectl; None where nobody can tell."""
    if os.path.exists(case.machine.path("/run/systemd/timesync/synchronized")):
        return True
    output = case.machine.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    if output is None or output.code != 0:
        return None
    return {"yes": True, "no": False}.get(output.stdout.strip())
