"""What to do to restore single states. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from k8sboot.ensure.files import with_block
from k8sboot.ensure.restore.notes import KeptOriginal, State
from k8sboot.ensure.security import CONFIG, with_prior_mode
from k8sboot.ensure.system import FSTAB, with_swap
from k8sboot.host import restart_marks
from k8sboot.host.folders import bring_back
from k8sboot.host.peer import Command
from k8sboot.text.unified import unified

SHARED = ("/etc/hosts", FSTAB, CONFIG, "/root/.ssh/authorized_keys")
"""Files of the operator in which only some lines are k8sboot's."""
_BEGINS = re.compile(r"(?m)^[ \t]*# k8sboot (\S+) begin[ \t]*$")
_UP = ("active", "activating", "reloading")


@dataclass(frozen=True)
class Verdict:
    """'done': restored, or nothing to undo. 'due': to be undone, by these commands or with others of its kind.

    'left': it stays, and why; its commands are those that would undo it.
    """

    state: Literal["done", "due", "left"]
    why: str = ""
    commands: tuple[Command, ...] = ()


DONE = Verdict("done")


def of_state(state: State) -> Verdict:
    """What to do about a state that is not a file's."""
    match state.kind:
        case "unit":
            return _unit(state)
        case "sysctl" | "selinux" | "hostname":
            return _setting(state)
        case "hold":
            return Verdict("due") if state.now else DONE
        case "swap":
            return Verdict("due") if set(state.was.split()) - set(state.now.split()) else DONE
    return DONE


def _setting(state: State) -> Verdict:
    was, now = " ".join(state.was.split()), " ".join(state.now.split())
    if now in (was, ""):
        return DONE
    if now == "Disabled":
        return Verdict(
            "left", f"it is off until the next boot; it was {was}, and files may have to be relabelled"
        )
    commands: dict[str, tuple[Command, ...]] = {
        "sysctl": (["sysctl", "-q", "-w", f"{state.name}={was}"],),
        "selinux": (["setenforce", "1" if was == "Enforcing" else "0"],),
        # The second for names that hostnamectl only writes down, such as localhost.
        "hostname": (["hostnamectl", "set-hostname", was], ["sysctl", "-q", "-w", f"kernel.hostname={was}"]),
    }
    if now not in state.ours:
        why = f"it is now {now}, which k8sboot did not set; it was {was}"
        return Verdict("left", why, commands[state.kind])
    # All sysctls are set by one command, so that one that cannot be set does not keep the others from it.
    return Verdict("due", commands=() if state.kind == "sysctl" else commands[state.kind])


def _unit(state: State) -> Verdict:
    was, now = _properties(state.was), _properties(state.now)
    if was["LoadState"] not in ("loaded", "masked"):  # it came with a package, and packages stay
        return DONE
    commands = [*_enablement(state.name, was, now), *_activity(state.name, was, now)]
    if not commands:
        return DONE
    if now["LoadState"] not in ("loaded", "masked"):
        return Verdict("left", "the unit no longer exists: its package may have been removed")
    if now["UnitFileState"] not in (was["UnitFileState"], *state.ours):
        why = f"it is now {now['UnitFileState']}, which k8sboot did not set"
        return Verdict("left", why, tuple(_enablement(state.name, was, now)))
    return Verdict("due", commands=tuple(commands))


def _enablement(unit: str, was: dict[str, str], now: dict[str, str]) -> list[Command]:
    before, after = was["UnitFileState"], now["UnitFileState"]
    if before == after:
        return []
    unmask: list[Command] = [["systemctl", "unmask", unit]] if after == "masked" else []
    verb = {"enabled": "enable", "disabled": "disable", "masked": "mask"}.get(before)
    return [*unmask, ["systemctl", verb, unit]] if verb else unmask


def _activity(unit: str, was: dict[str, str], now: dict[str, str]) -> list[Command]:
    """Targets and similar units are reached by the units that belong to them."""
    ran, runs = was["ActiveState"] in _UP, now["ActiveState"] in _UP
    if ran == runs or not unit.endswith(".service"):
        return []
    forget: Command = restart_marks.clear(unit)  # it need not be restarted when it is stopped
    return [["systemctl", "start", unit]] if ran else [forget, ["systemctl", "stop", unit]]


def _properties(text: str) -> dict[str, str]:
    found = dict(line.partition("=")[::2] for line in text.splitlines())
    return {key: found.get(key, "") for key in ("LoadState", "ActiveState", "UnitFileState")}


def of_file(kept: KeptOriginal) -> Verdict:
    """What to do about a file, by its digests; 'left' without a reason if only its text can tell."""
    if kept.now == kept.was:
        return DONE
    if why := _untouchable(kept):
        return Verdict("left", why)
    is_ours = kept.now in kept.ours or (not kept.ours and "k8sboot" in kept.path)
    if kept.now != "absent" and not is_ours:
        return Verdict("left")
    return Verdict("due", commands=_restoring(kept))


def _untouchable(kept: KeptOriginal) -> str:
    """Why the file cannot be restored whatever its content, '' if it can."""
    if not kept.is_whole:
        return f"its saved original, {kept.original}, has changed"
    if kept.user == "?":
        return "others than root may write to a folder on the way to it"
    return "it is no longer a regular file" if kept.now == "other" else ""


def _restoring(kept: KeptOriginal) -> tuple[Command, ...]:
    if kept.user != "root":
        original = "" if kept.was == "absent" else kept.original
        return (bring_back(kept.path, original=original, made=kept.made),)
    if kept.was == "absent":
        return (["rm", "-f", "--", kept.path],)
    # In the folder itself, under a name that the next write there would clear away.
    folder = kept.path.rpartition("/")[0]
    passing = f"{folder}/.k8sboot.former"
    return (
        ["mkdir", "-p", "--", folder or "/"],
        ["cp", "-aT", "--remove-destination", "--", kept.original, passing],
        ["mv", "-fT", "--", passing, kept.path],
    )


def without_ours(path: str, text: str, *, original: str, copy: str) -> str:
    """A file of the operator without the lines that k8sboot added or changed; everything else unchanged."""
    for name in dict.fromkeys(_BEGINS.findall(text)):
        text = with_block(text, "", name=name)
    if path == FSTAB:
        text = with_swap(text)
    if path == CONFIG:
        text = with_prior_mode(text, original=original, ours=copy)
    return text


def diff(path: str, before: str, now: str) -> str:
    """What others changed in a file, as a unified diff."""
    return unified(before, now, (path, path))
