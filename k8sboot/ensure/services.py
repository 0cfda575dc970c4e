"""systemd units running, or not."""

from __future__ import annotations

from k8sboot.former import Former
from k8sboot.host import Command, Host, not_active
from k8sboot.writing import RESTART_DIR


def service(host: Host, unit: str) -> None:
    """The unit starts at boot, runs now, and has been restarted since its configuration was written."""
    state = host.unit(unit)
    if state.active == "active" and state.enabled == "enabled":
        if host.restart_is_due(unit):
            host.restart(unit)
        return
    host.change(
        f"enable and start {unit}",
        Former("unit", unit, aim="enabled"),
        ["systemctl", "daemon-reload"],
        ["systemctl", "unmask", unit],
        ["systemctl", "enable", unit],
        ["systemctl", "restart", unit],
        ["rm", "-f", f"{RESTART_DIR}/{unit}"],
        timeout=180,
        until=lambda: not_active(host, unit),
    )


def service_at_boot(host: Host, unit: str) -> None:
    """The unit starts at boot; whether it runs now is somebody else's matter, but its configuration is seen."""
    if host.unit(unit).enabled != "enabled":
        host.change(f"enable {unit}", Former("unit", unit, aim="enabled"), ["systemctl", "enable", unit])
    restarted(host, unit)


def restarted(host: Host, unit: str) -> None:
    """The unit, where it runs, has been restarted since its configuration was written."""
    if host.restart_is_due(unit) and host.unit(unit).active == "active":
        host.restart(unit)


def reloaded(host: Host, unit: str) -> None:
    """The unit, where it runs, has read its configuration again since that was written; it goes on running."""
    if host.restart_is_due(unit) and host.unit(unit).active == "active":
        host.change(
            f"reload {unit}",
            ["systemctl", "reload", unit],
            ["rm", "-f", f"{RESTART_DIR}/{unit}"],
            timeout=120,
        )


def not_at_boot(host: Host, unit: str) -> None:
    """The unit does not start at the next boot; whether it runs now is left as it is."""
    if host.unit(unit).enabled == "enabled":
        before = Former("unit", unit, aim="disabled")
        host.change(f"disable {unit} for the next boot", before, ["systemctl", "disable", unit])


def service_off(host: Host, *units: str) -> None:
    """The units, where they exist, neither run nor start at boot."""
    on = [u for u in units if host.unit(u).active == "active" or host.unit(u).enabled == "enabled"]
    if on:
        before = [Former("unit", unit, aim="disabled") for unit in on]
        off: Command = ["systemctl", "disable", "--now", *on]
        host.change(f"stop and disable {' '.join(on)}", *before, off, until=lambda: _still_active(host, on))


def _still_active(host: Host, units: list[str]) -> str:
    running = [u for u in units if host.unit(u).active == "active"]
    return f"{' '.join(running)} still runs" if running else ""
