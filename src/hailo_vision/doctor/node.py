"""Whether there is a device node that the service's user may open."""

from hailo_vision.doctor import account
from hailo_vision.doctor.account import READ, WRITE, Owner
from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped

SHIPPED_RULE = "`sudo udevadm control --reload && sudo udevadm trigger -s hailo_chardev -s hailo1x`"
UDEV_RULE = """\
# Only root and the group hailo may open the chip. HailoRT's own rule lets everybody (MODE="0666").
# Put this into /etc/udev/rules.d/70-hailo-vision.rules, then:
#   sudo groupadd --system --force hailo
#   sudo usermod -aG hailo hailo-vision        # and each user whose programs use the chip (rpicam-apps, hailortcli)
#   sudo udevadm control --reload && sudo udevadm trigger -s hailo_chardev -s hailo1x
#   sudo systemctl restart hailo-vision
SUBSYSTEM=="hailo_chardev|hailo1x", GROUP="hailo", MODE="0660"
"""


def look(case: Case) -> Finding:
    if not case.drives_the_chip:
        return skipped(f"the runtime {case.runtime} needs no device node")
    if case.node is None:
        if case.has_none_on_the_bus:
            return skipped("no Hailo device to have a node")
        wanted = case.settings.device.path
        where = "/dev/hailo[0-9]* or /dev/h1x-*" if wanted == "auto" else wanted
        advice = "Reboot once the driver is installed; if it stays so, `sudo dmesg | grep -i hailo` says why."
        return failed(f"there is no {where}", advice)
    owner = case.node_owner
    if owner is None:
        return failed(f"{case.node} is no device node", f"Remove it (`sudo rm -r {case.node}`), then reboot.")
    return judge(case, case.node, owner)


def judge(case: Case, node: str, owner: Owner) -> Finding:
    user, group = case.account, account.name_of(owner.gid, case.group)
    saw = f"{node} has mode {owner.mode:04o} and belongs to {account.name_of(owner.uid, case.passwd)}:{group}"
    if account.may(user, owner, READ | WRITE):
        return ok(f"{saw}; {user.name} may open it")
    if owner.mode & 0o060 == 0o060 and owner.gid != 0:
        restart = f", then `sudo systemctl restart {SERVICE}`" if user.name == SERVICE else " and log in again"
        advice = f"`sudo usermod -aG {group} {user.name}`{restart}."
    else:
        advice = f"The driver's udev rule has not run: {SHIPPED_RULE}, or reboot."
    return failed(f"{saw}; {user.name} may not open it", advice)
