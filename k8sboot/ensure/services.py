"""systemd units: active, enabled, or disabled."""

from __future__ import annotations

from k8sboot.host import restart_marks
from k8sboot.host.host import Host, not_active
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command
from k8sboot.host.snapshot import unit_does

START_TIMEOUT = 300
"""Seconds. systemd gives most units 90 to start, and some no limit at all."""


def service(host: Host, unit: str) -> None:
    """Enable and start the unit, and restart it if its configuration was written since its last start."""
    host.wait(f"{unit} to finish starting", lambda: _starting(host, unit), timeout=START_TIMEOUT)
    state = host.unit(unit)
    if state.active == "active" and state.enabled == "enabled":
        if host.restart_is_due(unit):
            host.restart(unit)
        return
    host.change(
        f"enable and start {unit}",
        PriorState("unit", unit, aim="enabled"),
        ["systemctl", "daemon-reload"],
        ["systemctl", "unmask", unit],
        ["systemctl", "enable", unit],
        ["systemctl", "restart", unit],
        restart_marks.clear(unit),
        diff=_does(host, "starts, is enabled", unit),
        timeout=START_TIMEOUT,
        check=lambda: not_active(host, unit),
    )


def service_at_boot(host: Host, unit: str) -> None:
    """Enable the unit without starting it; systemd reads its configuration."""
    if host.unit(unit).enabled != "enabled":
        before, diff = PriorState("unit", unit, aim="enabled"), _does(host, "is enabled", unit)
        host.change(f"enable {unit}", before, ["systemctl", "enable", unit], diff=diff)
    restarted(host, unit)


def restarted(host: Host, unit: str) -> None:
    """Restart the unit if it runs and its configuration was written since its last start."""
    if host.restart_is_due(unit) and host.unit(unit).active == "active":
        host.restart(unit)


def reloaded(host: Host, unit: str) -> None:
    """Reload the unit if it runs and its configuration was written since; it keeps running."""
    if host.restart_is_due(unit) and host.unit(unit).active == "active":
        host.change(
            f"reload {unit}",
            ["systemctl", "reload", unit],
            restart_marks.clear(unit),
            diff=_does(host, "reloads", unit),
            timeout=120,
        )


def not_at_boot(host: Host, unit: str) -> None:
    """Disable the unit at the next boot; whether it runs now stays."""
    if host.unit(unit).enabled == "enabled":
        before, diff = PriorState("unit", unit, aim="disabled"), _does(host, "is disabled", unit)
        host.change(f"disable {unit} for the next boot", before, ["systemctl", "disable", unit], diff=diff)


def service_off(host: Host, *units: str) -> None:
    """Stop and disable the units that exist."""
    on = [u for u in units if host.unit(u).active == "active" or host.unit(u).enabled == "enabled"]
    if on:
        off: Command = ["systemctl", "disable", "--now", *on]
        host.change(
            f"stop and disable {' '.join(on)}",
            *[PriorState("unit", unit, aim="disabled") for unit in on],
            off,
            diff=_does(host, "stops, is disabled", *on),
            check=lambda: _still_active(host, on),
        )


def _starting(host: Host, unit: str) -> str:
    return f"{unit} is {host.unit(unit)}" if host.unit(unit).is_starting else ""


def _does(host: Host, what: str, *units: str) -> str:
    return "".join(unit_does(unit, what, host.unit(unit)) for unit in units)


def _still_active(host: Host, units: list[str]) -> str:
    running = [u for u in units if host.unit(u).active == "active"]
    return f"{' '.join(running)} is still running" if running else ""
