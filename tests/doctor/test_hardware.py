"""Board, bus, driver, node, versions: what the doctor says of a Pi that lacks one of them."""

import os

import pytest

from doctor.pi import BUS, CHIP, Pi, as_line
from hailo_vision.doctor import chip, driver, hailort, holders, node, pcie, system
from hailo_vision.doctor.account import Owner
from hailo_vision.doctor.installation import ChildReply

KERNEL = os.uname().release


def test_the_system_is_named_from_board_to_python(pi: Pi) -> None:
    saw = system.look(pi.installation()).saw
    for part in (
        "Raspberry Pi 5 Model B Rev 1.1, ",
        "Debian GNU/Linux 13 (trixie), ",
        f"Linux {KERNEL}, ",
        "Python 3.",
    ):
        assert part in saw


# NPU


def test_the_chip_is_named_with_its_address(pi: Pi) -> None:
    assert as_line(pcie.npu(pi.installation())) == f"ok: Hailo-10H at {CHIP} -> None"


def test_no_chip_on_the_bus_is_a_failure_with_the_way_out(pi: Pi) -> None:
    pi.remove(BUS)
    line = as_line(pcie.npu(pi.installation()))
    assert line.startswith("failed: no Hailo device on the PCIe bus")
    assert "seat the HAT" in line
    assert "device.runtime to simulated" in line


def test_a_hailo_8_is_not_enough(pi: Pi) -> None:
    pi.write(f"{BUS}/device", "0x2864\n")
    assert as_line(pcie.npu(pi.installation())).startswith(f"failed: Hailo-8 at {CHIP} -> The models need a Hailo-10H")


def test_a_bus_that_cannot_be_seen_is_no_failure(pi: Pi) -> None:
    pi.remove("sys/bus")
    assert as_line(pcie.npu(pi.installation())).startswith("skipped: the PCIe bus can't be seen")


def test_on_the_simulator_a_chip_that_lies_idle_is_mentioned(pi: Pi) -> None:
    pi.configure(device={"runtime": "simulated"})
    assert as_line(pcie.npu(pi.installation())).startswith("warning: device.runtime is simulated")
    pi.remove(BUS)
    assert as_line(pcie.npu(pi.installation())) == "skipped: device.runtime is simulated, which needs no NPU -> None"


# Driver


def test_the_loaded_driver_is_named_with_its_version(pi: Pi) -> None:
    assert as_line(driver.look(pi.installation())) == "ok: hailo1x_pci 5.1.1 is loaded -> None"


def test_a_driver_without_proc_modules_is_seen_in_sys(pi: Pi) -> None:
    pi.remove("proc/modules")
    assert driver.look(pi.installation()).verdict == "ok"


def test_both_drivers_at_once_clash(pi: Pi) -> None:
    pi.write("sys/module/hailo_pci/version", "4.23.0")
    line = as_line(driver.look(pi.installation()))
    assert line.startswith("failed: hailo1x_pci 5.1.1 and hailo_pci 4.23.0 are loaded")
    assert "echo blacklist hailo_pci | sudo tee" in line


def test_the_hailo_8_s_driver_alone_is_the_wrong_one(pi: Pi) -> None:
    pi.remove("sys/module/hailo1x_pci")
    pi.write("proc/modules", "hailo_pci 1 0 - Live 0x0\n")
    pi.write("sys/module/hailo_pci/version", "4.23.0")
    assert as_line(driver.look(pi.installation())).startswith(
        "failed: hailo_pci 4.23.0 is loaded, which is the driver of the Hail"
    )


def test_the_old_name_with_a_new_version_drives_the_10h(pi: Pi) -> None:
    pi.remove("sys/module/hailo1x_pci")
    pi.write("proc/modules", "hailo_pci 1 0 - Live 0x0\n")
    pi.write("sys/module/hailo_pci/version", "5.0.1")
    assert driver.look(pi.installation()).verdict == "ok"


@pytest.mark.parametrize(
    ("kernels", "advice"),
    [
        ({}, "sudo apt install hailo-h10-all"),
        ({KERNEL: "updates/dkms/hailo1x_pci.ko.xz:"}, "sudo modprobe hailo1x_pci"),
        ({KERNEL: "other.ko:", "6.12.0-old": "updates/dkms/hailo1x_pci.ko.xz:"}, "sudo dkms autoinstall"),
    ],
    ids=["not installed", "not loaded", "not built for this kernel"],
)
def test_why_no_driver_is_loaded_decides_the_advice(pi: Pi, kernels: dict[str, str], advice: str) -> None:
    pi.remove("sys/module/hailo1x_pci")
    pi.remove("proc/modules")
    for kernel, modules in kernels.items():
        pi.write(f"lib/modules/{kernel}/modules.dep", modules)
    finding = driver.look(pi.installation())
    assert finding.verdict == "failed"
    assert finding.advice is not None
    assert advice in finding.advice


# Device node


def test_a_node_that_everybody_may_open_is_fine(pi: Pi) -> None:
    line = as_line(node.look(pi.installation()))
    assert line.startswith("ok: /dev/hailo0 has mode 0666 and belongs to root:root; hailo-vision may open it")


def test_the_newer_driver_s_node_is_found_too(pi: Pi) -> None:
    pi.remove("dev/hailo0")
    (pi.root / "dev/h1x-0").symlink_to("/dev/null")
    assert node.look(pi.installation()).saw.startswith("/dev/h1x-0 ")


def test_no_node_is_a_failure_that_names_what_was_looked_for(pi: Pi) -> None:
    pi.remove("dev/hailo0")
    assert as_line(node.look(pi.installation())).startswith("failed: there is no /dev/hailo[0-9]* or /dev/h1x-*")
    assert "`sudo rpi-eeprom-update -a`" in as_line(node.look(pi.installation()))  # old bootloaders lose it at power-on
    pi.configure(device={"path": "/dev/hailo7"})
    assert as_line(node.look(pi.installation())).startswith("failed: there is no /dev/hailo7")


def test_a_file_or_folder_in_the_node_s_place_is_no_node(pi: Pi) -> None:
    pi.remove("dev/hailo0")
    (pi.root / "dev/hailo0").mkdir()  # what a container makes of a mount whose source is missing
    assert as_line(node.look(pi.installation())).startswith("failed: /dev/hailo0 is no device node -> Remove it")


@pytest.mark.parametrize(
    ("owner", "verdict", "advice"),
    [
        (Owner(uid=0, gid=980, mode=0o660), "ok", None),  # the unit's and the user's group hailo
        (Owner(uid=990, gid=0, mode=0o600), "ok", None),
        (Owner(uid=0, gid=1000, mode=0o660), "failed", "`sudo usermod -aG pi hailo-vision`, then `sudo systemctl re"),
        (Owner(uid=0, gid=0, mode=0o600), "failed", "The driver's udev rule has not run: `sudo udevadm control --rel"),
        (Owner(uid=0, gid=980, mode=0o644), "failed", "The driver's udev rule has not run"),
        (Owner(uid=990, gid=0, mode=0o066), "failed", "The driver's udev rule has not run"),  # the owner's bits count
    ],
)
def test_permission_is_that_of_the_service_s_user(pi: Pi, owner: Owner, verdict: str, advice: str | None) -> None:
    """Though root looks, who may open everything."""
    finding = node.judge(pi.installation(uid=0), "/dev/hailo0", owner)
    assert finding.verdict == verdict
    assert (finding.advice or "").startswith(advice or "")


def test_a_group_that_only_the_unit_gives_counts(pi: Pi) -> None:
    pi.write("etc/group", "hailo:x:980:\n")
    owner = Owner(uid=0, gid=980, mode=0o660)
    assert node.judge(pi.installation(), "/dev/hailo0", owner).verdict == "ok"
    pi.set_unit(SupplementaryGroups="")
    assert node.judge(pi.installation(), "/dev/hailo0", owner).verdict == "failed"
    pi.set_unit(SupplementaryGroups="", Group="hailo")
    assert node.judge(pi.installation(), "/dev/hailo0", owner).verdict == "ok"


def test_without_a_service_it_is_the_one_who_looks_that_must_be_let_in(pi: Pi) -> None:
    pi.write("etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n")
    finding = node.judge(pi.installation(), "/dev/hailo0", Owner(uid=0, gid=980, mode=0o660))
    assert as_line(finding).endswith("pi may not open it -> `sudo usermod -aG hailo pi` and log in again.")


# Versions


def test_equal_versions_are_fine(pi: Pi) -> None:
    line = as_line(hailort.versions(pi.installation()))
    assert line.startswith("ok: HailoRT 5.1.1 (says the Debian package python3-h10-hailort), driver 5.1.1")


def test_unequal_versions_are_a_failure(pi: Pi) -> None:
    pi.write("sys/module/hailo1x_pci/version", "5.2.0\n")
    line = as_line(hailort.versions(pi.installation()))
    assert line.startswith(
        "failed: HailoRT 5.1.1 (says the Debian package python3-h10-hailort), driver 5.2.0: they must"
    )
    assert "reboot" in line


def test_a_release_that_nobody_tried_is_a_warning(pi: Pi) -> None:
    pi.say("dpkg-query", "h10-hailort installed 5.4.0-1\n")
    pi.write("sys/module/hailo1x_pci/version", "5.4.0\n")
    assert as_line(hailort.versions(pi.installation())).startswith("warning: HailoRT 5.4.0")


# Link


NO_ANSWER = ChildReply(facts=None, trouble="HailoRT failed (status 36)")


@pytest.mark.parametrize(
    ("reply", "identified", "driver_version", "line"),
    [
        ({"firmware": "5.1.1", "runtime_version": "5.1.1"}, None, "5.1.1", "ok: 5.1.1 -> None"),
        (
            {"firmware": "5.1.0", "runtime_version": "5.1.1"},
            None,
            "5.1.1",
            "warning: 5.1.0, but HailoRT is 5.1.1 and the driver is 5.1.1 -> Power the board off and on",
        ),
        (
            {"firmware": "5.1.1", "runtime_version": "5.1.1"},
            None,
            "5.2.0",
            "warning: 5.1.1, but the driver is 5.2.0 -> Power the board off and on",
        ),
        (None, "5.1.1 (release,app)", "5.1.1", "ok: 5.1.1 -> None"),
        (None, "5.0.0 (release,app)", "5.1.1", "warning: 5.0.0, but HailoRT is 5.1.1 and the driver is 5.1.1 -> Power"),
        (None, None, "5.1.1", "skipped: the chip gave no answer, and `hailortcli fw-control identify` shows no"),
    ],
)
def test_firmware_of_another_release_needs_a_power_cycle(
    pi: Pi, reply: dict[str, str] | None, identified: str | None, driver_version: str, line: str
) -> None:
    pi.write("sys/module/hailo1x_pci/version", f"{driver_version}\n")
    if identified is not None:
        pi.say("hailortcli", f"Executing on device: 0001:01:00.0\nFirmware Version: {identified}\n")
    installation = pi.installation()
    installation.chip = NO_ANSWER if reply is None else ChildReply(facts=reply, trouble="")
    assert as_line(chip.firmware(installation)).startswith(line)


def test_a_slow_link_is_a_warning_that_names_the_setting(pi: Pi) -> None:
    assert as_line(pcie.link(pi.installation())) == "ok: 8.0 GT/s PCIe, 1 lane; the chip can do 8.0 GT/s PCIe -> None"
    pi.write(f"{BUS}/current_link_speed", "5.0 GT/s PCIe\n")
    line = as_line(pcie.link(pi.installation()))
    assert line.startswith("warning: 5.0 GT/s PCIe, 1 lane")
    assert "dtparam=pciex1_gen=3" in line


@pytest.mark.parametrize("speed", ["Unknown", "", None])
def test_a_kernel_that_does_not_tell_the_speed_is_no_warning(pi: Pi, speed: str | None) -> None:
    if speed is None:
        pi.remove(f"{BUS}/current_link_speed")
    else:
        pi.write(f"{BUS}/current_link_speed", speed)
    assert pcie.link(pi.installation()).verdict in ("ok", "skipped")


# Others


def test_a_chip_that_nobody_holds_is_free(pi: Pi) -> None:
    assert as_line(holders.look(pi.installation())) == "ok: nobody has it open -> None"


def test_our_own_worker_may_hold_it(pi: Pi) -> None:
    pi.process(77, "/usr/bin/python3 -P -m hailo_vision.worker 9", "/dev/null", "/dev/hailo0")
    assert as_line(holders.look(pi.installation())) == "ok: python3 (pid 77) has it open, and nobody else -> None"


def test_another_program_on_the_chip_is_named(pi: Pi) -> None:
    pi.process(77, "/usr/bin/python3 -P -m hailo_vision.worker 9", "/dev/hailo0")
    pi.process(88, "/usr/bin/rpicam-hello --post-process-file x", "/dev/hailo0")
    line = as_line(holders.look(pi.installation()))
    assert line.startswith("warning: python3 (pid 77), rpicam-hello (pid 88) have it open")
    assert "device.group_id" in line


def test_hailo_ollama_is_a_failure_even_before_it_holds_the_chip(pi: Pi) -> None:
    pi.process(99, "/usr/bin/hailo-ollama serve", "/dev/null")
    line = as_line(holders.look(pi.installation()))
    assert line.startswith("failed: hailo-ollama (pid 99) is running")
    assert "systemctl disable --now hailo-ollama" in line


def test_processes_that_may_not_be_looked_into_are_not_taken_for_innocent() -> None:
    opened_by = holders.Holders(processes=(), unseen=3)
    assert as_line(holders.judge(opened_by, [])).endswith("can't be seen -> Run `sudo hailo-vision doctor`.")
