"""A machine that restarts, seen from outside: told to go down, then silent, then back with another boot id."""

from __future__ import annotations

from contextlib import suppress

from k8sboot.errors import ConnectError, ConnectionLost, DeadlineExceeded, HostKeyRefused, StepFailed
from k8sboot.host.machine import Machine

REBOOT = "systemctl reboot"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def order(machine: Machine) -> str:
    """Tell the machine to restart. That it drops the connection while it is told is as it should be."""
    with suppress(ConnectionLost, DeadlineExceeded):
        done = machine.alter(REBOOT, timeout=30)
        if done.exit_status != 0:
            raise StepFailed(
                f"`{REBOOT}` ended with {done.exit_status}",
                why=done.problem,
                fix="look at `systemctl list-jobs` and `systemd-inhibit` on it, then run again",
                host=machine.name,
            )
    machine.forget()
    return ""


def not_back(machine: Machine, before: str) -> str:
    """What keeps the machine from being used again, '' when it answers with another boot id than before.

    A machine that comes up lets nobody in but root for a while (pam_nologin), so that a refused login is
    only 'not yet'. Another host key is no matter of time: HostKeyRefused passes through.
    """
    try:
        done = machine.run(BOOT_ID, timeout=20)
    except HostKeyRefused:
        raise
    except (ConnectError, DeadlineExceeded) as error:
        return str(error)
    now = done.text.strip()
    if done.exit_status != 0 or not now:
        return "it does not tell its boot id"
    return "it has not gone down yet" if now == before else ""
