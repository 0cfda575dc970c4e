"""Restore a host to its state before k8sboot. Changes made by others since then are kept.

If it is killed, the next run continues: a saved state is removed only after it has been restored.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from k8sboot import osfamily
from k8sboot.ensure.restore.notes import KeptOriginal, Notes, State, notes_now, read_notes
from k8sboot.ensure.restore.verdicts import DONE, SHARED, Verdict, diff, of_file, of_state, without_ours
from k8sboot.ensure.services import reloaded, restarted
from k8sboot.errors import NotAsWanted, StepFailed
from k8sboot.host import restart_marks
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState, file_with
from k8sboot.host.peer import Command
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR

NETWORK = ("NetworkManager.service",)
"""It holds the machine's network link: reloaded, never restarted."""


def as_before(host: Host, *, readers: Sequence[str]) -> None:
    """Restore files, units, settings and swap. readers: units that may have to be restarted.

    What was edited since stays, as a notice with a diff. Raises NotAsWanted, at the end, with all failures.
    """
    before = read_notes(host)
    failed: list[str] = []
    if not before.is_empty:
        _say_what_is_not_known(host, before)
        for step in (_settings, _files, _units, _swap):
            failed += step(host, before)
        _forget(host, notes_now(host))
    failed += _restarts(host, (*readers, *(unit for kept in before.files for unit in kept.readers)))
    if before.is_empty:
        host.notice(
            "KB-RESTORE-NOTHING", "there is nothing to restore: k8sboot has saved nothing on this host"
        )
    if failed:
        raise NotAsWanted(
            f"could not restore everything: {len(failed)} of the steps failed",
            why="; ".join(failed),
            fix="fix the cause and run `k8sboot reset --restore-os` again: what is left to restore is "
            "still saved",
            host=host.name,
        )


def would_restart(host: Host, unit: str) -> bool:
    """Whether a restore restarts this unit, because it runs and reads a file that is restored."""
    if host.unit(unit).active != "active":
        return False
    due = (kept for kept in read_notes(host).files if of_file(kept).state == "due")
    return host.restart_is_due(unit) or any(unit in kept.readers for kept in due)


def _tried(
    host: Host, what: str, *commands: Command | PriorState, timeout: float = 120, job: bool = False
) -> list[str]:
    """A change whose failure does not stop the others; returns the error."""
    try:
        host.change(what, *commands, timeout=timeout, job=job)
    except StepFailed as error:
        return [_reason(error)]
    return []


def _reason(error: StepFailed) -> str:
    said = error.detail.strip().splitlines()
    return f"{error.what.removesuffix(': failed')}: {said[-1] if said else error.why}"


def _settings(host: Host, notes: Notes) -> list[str]:
    """Restore the host name, SELinux, sysctls and holds: the name before its file, which is then restored exactly."""
    due = [(state, verdict) for state in notes.states if (verdict := of_state(state)).state == "due"]
    failed: list[str] = []
    for state, verdict in due:
        if state.kind in ("hostname", "selinux"):
            mark = [file_with("/etc/hostname", f"{state.was}\n")] if state.kind == "hostname" else []
            failed += _tried(host, f"restore {_words(state)}: {state.was}", *mark, *verdict.commands)
    values = [f"{state.name}={' '.join(state.was.split())}" for state, _ in due if state.kind == "sysctl"]
    if values:  # in one command: one that cannot be set does not keep it from setting the others
        failed += _tried(host, f"restore sysctls: {' '.join(values)}", ["sysctl", "-q", "-w", *values])
    held = tuple(state.name for state, _ in due if state.kind == "hold")
    if held:
        try:
            osfamily.of(host).release(host, held)
        except StepFailed as error:
            failed.append(_reason(error))
    return failed


def _files(host: Host, notes: Notes) -> list[str]:
    """Restore originals, remove new files and their directories, and mark the units that read them."""
    due = [(kept, of_file(kept)) for kept in notes.files]
    due = [(kept, verdict) for kept, verdict in due if verdict.state == "due"]
    running = {unit for kept, _ in due for unit in kept.readers if host.unit(unit).active == "active"}
    marks = restart_marks.mark(sorted(running))
    steps = [command for _, verdict in due for command in verdict.commands]
    # A dry run cannot tell which folders would be empty.
    folders = [] if host.is_ahead else [tidy for kept in notes.files for tidy in _emptied(kept)]
    failed: list[str] = []
    if due or folders:
        names = " ".join(kept.path for kept, _ in due)
        what = (
            f"restore files {names}"
            if due
            else ("remove the directories that were created for k8sboot's files")
        )
        failed = _tried(host, what, *marks, *steps, *folders, ["systemctl", "daemon-reload"])
    host.write([file for kept in notes.files if (file := _trimmed(host, kept))])
    return failed


def _restarts(host: Host, units: Iterable[str]) -> list[str]:
    """Restart running units whose configuration was restored. Last, because runtimes set sysctls of their own."""
    failed: list[str] = []
    for unit in dict.fromkeys(units):
        try:
            (reloaded if unit in NETWORK else restarted)(host, unit)
        except StepFailed as error:
            failed.append(_reason(error))
    return failed


def _emptied(kept: KeptOriginal) -> list[Command]:
    """Remove directories that were created for a file, if they are empty."""
    if not kept.made or kept.user != "root" or of_file(kept).state == "left":
        return []
    folder, found = kept.path.rpartition("/")[0], []
    while folder.startswith(kept.made):
        found.append(folder)
        folder = folder.rpartition("/")[0]
    names = [word for each in found for word in ("-o", "-path", each)][1:]
    return [["find", kept.made, "-depth", "-type", "d", "-empty", "(", *names, ")", "-delete"]]


def _trimmed(host: Host, kept: KeptOriginal) -> File | None:
    """A file that was edited since, without k8sboot's lines; None if there are none in it."""
    is_shared = kept.user == "root" and of_file(kept) == Verdict("left")
    state = host.file(kept.path) if is_shared else None
    text = _without_ours(host, kept) if state else None
    if state is None or text is None or text == _text(host, kept.path):
        return None
    return File(kept.path, text, mode=state.mode, owner=state.owner, is_ours=False)


def _without_ours(host: Host, kept: KeptOriginal) -> str | None:
    """The file's text without k8sboot's lines; None if the whole file was k8sboot's, or is not known to be shared."""
    original, copy = _text(host, kept.original), _text(host, kept.copy)
    now = _text(host, kept.path)
    wanted = without_ours(kept.path, now, original=original, copy=copy)
    had_ours = copy != without_ours(kept.path, copy, original=original, copy=copy)
    is_shared = kept.path in SHARED or wanted != now or had_ours
    return wanted if is_shared else None


def _text(host: Host, path: str) -> str:
    return host.read_file(path, errors="surrogateescape") or ""


def _units(host: Host, notes: Notes) -> list[str]:
    """The firewall last, as a job: if it cuts the connection, everything else is done, and it starts all the same."""
    firewall = osfamily.of(host).firewall_units
    due = [(s, v) for s in notes.states if s.kind == "unit" and (v := of_state(s)).state == "due"]
    failed: list[str] = []
    for state, verdict in sorted(due, key=lambda pair: pair[0].name in firewall):
        is_wall = state.name in firewall
        failed += _tried(host, f"restore {state.name}", *verdict.commands, job=is_wall)
    return failed


def _swap(host: Host, notes: Notes) -> list[str]:
    """Turn on the swap in fstab, then other devices that were in use."""
    before = [s for s in notes.states if s.kind == "swap" and of_state(s).state == "due"]
    if not before:
        return []
    failed = _tried(host, "turn on the swap in /etc/fstab", ["swapon", "-a", "-e"], timeout=300)
    missing = host.check(lambda: " ".join(d for d in before[0].was.split() if d not in host.facts.swaps))
    for device in missing.split():
        failed += _tried(host, f"turn on swap on {device}", ["swapon", "--", device])
    return failed


def _verdict(host: Host, note: State | KeptOriginal) -> Verdict:
    """The verdict, refined by the file's text."""
    if isinstance(note, State):
        return of_state(note)
    verdict = of_file(note)
    if verdict != Verdict("left"):
        return verdict
    text = _without_ours(host, note) if note.user == "root" else None
    if text is not None:
        return DONE if text == _text(host, note.path) else Verdict("due")
    return Verdict(
        "left", "it was edited since" if note.ours else "an older k8sboot did not record what it wrote"
    )


def _forget(host: Host, after: Notes) -> None:
    """Remove the saved states that were restored, and report the others."""
    notes: list[State | KeptOriginal] = [*after.states, *after.files]
    verdicts = [(note, _verdict(host, note)) for note in notes]
    for note, verdict in verdicts:
        if verdict.state == "left":
            _say_left(host, note, verdict)
    _say_what_stays(host, after.states)
    over = ("done", "due") if host.is_ahead else ("done",)  # a dry run has planned what is due
    gone = [path for note, v in verdicts if v.state in over for path in note.notes]
    if all(v.state in over for _, v in verdicts):
        gone = [ORIGINALS_DIR, PRIOR_DIR]
    if gone:
        host.change("remove restored states", ["sync"], ["rm", "-rf", "--", *gone])


def _say_left(host: Host, note: State | KeptOriginal, verdict: Verdict) -> None:
    if isinstance(note, State):
        by = "; ".join(map(shlex.join, verdict.commands))
        text = f"{_words(note)} was not restored: {verdict.why}" + (f"; to restore it: `{by}`" if by else "")
        host.notice("KB-RESTORE-LEFT", text)
        return
    text = f"{note.path} was not restored: {verdict.why}; {_by_hand(note)}"
    host.notice("KB-RESTORE-LEFT", text, diff=_edited(host, note))


def _by_hand(kept: KeptOriginal) -> str:
    """How an operator compares and restores the file."""
    path, original = shlex.quote(kept.path), shlex.quote(kept.original)
    if kept.was == "absent":
        return f"it did not exist before k8sboot: `rm {path}` removes it"
    told = f"its original is {kept.original}"
    if kept.now == "other":
        return told
    restores = f", `cp -a {original} {path}` restores it" if kept.is_whole else ""
    return f"{told}: `diff -u {original} {path}` compares them{restores}"


def _edited(host: Host, note: KeptOriginal) -> str:
    """What others changed in the file; nothing of one that not all may read, or in another user's folder."""
    if note.user != "root" or note.now == "other":
        return ""
    if (state := host.file(note.path)) and not state.mode & 0o004:
        return ""
    before = _text(host, note.copy) or (_text(host, note.original) if not note.ours else "")
    return diff(note.path, before, _text(host, note.path)) if before else ""


def _say_what_is_not_known(host: Host, notes: Notes) -> None:
    if not notes.is_complete:
        host.notice(
            "KB-RESTORE-INCOMPLETE",
            "an older k8sboot prepared this host and saved only files: check swap, firewall, SELinux, "
            "host name and time zone by hand",
        )


def _say_what_stays(host: Host, states: Iterable[State]) -> None:
    packages = [s.name for s in states if s.kind == "package" and s.now]
    modules = [s.name for s in states if s.kind == "module" and s.now]
    if packages:
        text = f"packages that k8sboot installed stay, with their dependencies: {' '.join(packages)}"
        host.notice("KB-RESTORE-STAYS", text)
    if modules:
        host.notice("KB-RESTORE-STAYS", f"modules stay loaded until the next boot: {' '.join(modules)}")


def _words(state: State) -> str:
    return {"hostname": "the host name", "selinux": "SELinux", "swap": "swap"}.get(state.kind, state.name)
