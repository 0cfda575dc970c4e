"""Reboot a machine: order it, then wait until the host answers with another boot ID."""

from __future__ import annotations

from contextlib import suppress

from k8sboot.errors import ConnectError, ConnectionLost, DeadlineExceeded, HostKeyRefused, StepFailed
from k8sboot.host.machine import Machine

REBOOT = "systemctl reboot"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def order(machine: Machine) -> str:
    """Order the reboot. The connection may drop before the command has ended."""
    with suppress(ConnectionLost, DeadlineExceeded):
        done = machine.alter(REBOOT, timeout=30)
        if done.exit_status != 0:
            raise StepFailed(
                f"`{REBOOT}` exited with status {done.exit_status}",
                why=done.problem,
                fix="check `systemctl list-jobs` and `systemd-inhibit --list` on it, then run again",
                host=machine.name,
            )
    machine.forget()
    return ""


def not_back(machine: Machine, before: str) -> str:
    """Why the machine is not ready after the reboot, '' when it answers with another boot ID than before.

    While it boots, it admits only root (pam_nologin), so that a refused login means 'not yet'. Another host key
    does not change with time: HostKeyRefused passes through.
    """
    try:
        done = machine.run(BOOT_ID, timeout=20)
    except HostKeyRefused:
        raise
    except (ConnectError, DeadlineExceeded) as error:
        return str(error)
    now = done.text.strip()
    if done.exit_status != 0 or not now:
        return "cannot read its boot ID"
    return "it has not shut down yet" if now == before else ""
