"""Whether the device node exists, and the service's user has the permission to open it."""

from hailo_vision.doctor import account
from hailo_vision.doctor.account import READ, WRITE, Owner
from hailo_vision.doctor.finding import Finding, failed, ok, skipped
from hailo_vision.doctor.installation import SERVICE, Installation

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


def look(installation: Installation) -> Finding:
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} needs no device node")
    if installation.node is None:
        if installation.has_none_on_the_bus:
            return skipped("no Hailo device to have a node")
        setting = installation.settings.device.path
        where = "/dev/hailo[0-9]* or /dev/h1x-*" if setting == "auto" else setting
        advice = (
            "Reboot once the driver is installed. If the node is missing after a power-on too, update the bootloader "
            "(`sudo rpi-eeprom-update -a`, then power off and on); `sudo dmesg | grep -i hailo` shows the reason."
        )
        return failed(f"there is no {where}", advice)
    owner = installation.node_owner
    if owner is None:
        return failed(
            f"{installation.node} is no device node", f"Remove it (`sudo rm -r {installation.node}`), then reboot."
        )
    return judge(installation, installation.node, owner)


def judge(installation: Installation, node: str, owner: Owner) -> Finding:
    user, group = installation.account, account.name_of(owner.gid, installation.group)
    saw = f"{node} has mode {owner.mode:04o} and belongs to {account.name_of(owner.uid, installation.passwd)}:{group}"
    if account.may(user, owner, READ | WRITE):
        return ok(f"{saw}; {user.name} may open it")
    if owner.mode & 0o060 == 0o060 and owner.gid != 0:
        restart = f", then `sudo systemctl restart {SERVICE}`" if user.name == SERVICE else " and log in again"
        advice = f"`sudo usermod -aG {group} {user.name}`{restart}."
    else:
        advice = f"The driver's udev rule has not run: {SHIPPED_RULE}, or reboot."
    return failed(f"{saw}; {user.name} may not open it", advice)
