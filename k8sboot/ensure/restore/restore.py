"""A host as it was before k8sboot prepared it, as far as it is still k8sboot's: what others made of it since stays.

Killed anywhere, the next run goes on: notes are taken away only when what they tell of is as it was.
"""

from __future__ import annotations

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
"""Holds the machine's link: told to read its configuration again, never restarted."""


def as_before(host: Host, *, readers: Sequence[str]) -> None:
    """Files, units, settings and swap as they were before k8sboot. readers: units that may have to be restarted.

    What was edited since stays and is a notice with a diff. Raises NotAsWanted, in the end, with all that failed.
    """
    before = read_notes(host)
    failed: list[str] = []
    if not before.is_empty:
        _say_what_is_not_known(host, before)
        for step in (_settings, _files, _units, _swap):
            failed += step(host, before)
        after = before if host.is_ahead else notes_now(host)
        _forget(host, after)
    failed += _restarts(host, (*readers, *(unit for kept in before.files for unit in kept.readers)))
    if before.is_empty:
        host.notice(
            "KB-RESTORE-NOTHING", "there is nothing to be put back: nothing of k8sboot's is noted here"
        )
    if failed:
        raise NotAsWanted(
            f"not all could be put back: {len(failed)} of the steps failed",
            why="; ".join(failed),
            fix="mend the cause and run `k8sboot reset --restore-os` again: what is still to be done is noted",
            host=host.name,
        )


def _tried(
    host: Host, what: str, *commands: Command | PriorState, timeout: float = 120, job: bool = False
) -> list[str]:
    """A change whose failure does not keep the others from being made; what went wrong."""
    try:
        host.change(what, *commands, timeout=timeout, job=job)
    except StepFailed as error:
        return [_reason(error)]
    return []


def _reason(error: StepFailed) -> str:
    said = error.detail.strip().splitlines()
    return f"{error.what.removesuffix(': failed')}: {said[-1] if said else error.why}"


def _settings(host: Host, notes: Notes) -> list[str]:
    """Name, SELinux, sysctls, holds: the name before its file, which is then put back to the letter."""
    due = [(state, verdict) for state in notes.states if (verdict := of_state(state)).state == "due"]
    failed: list[str] = []
    for state, verdict in due:
        if state.kind in ("hostname", "selinux"):
            mark = [file_with("/etc/hostname", f"{state.was}\n")] if state.kind == "hostname" else []
            failed += _tried(host, f"{_words(state)} as it was: {state.was}", *mark, *verdict.commands)
    values = [f"{state.name}={' '.join(state.was.split())}" for state, _ in due if state.kind == "sysctl"]
    if values:  # in one command: one that cannot be set does not keep it from setting the others
        failed += _tried(host, f"sysctls as they were: {' '.join(values)}", ["sysctl", "-q", "-w", *values])
    held = tuple(state.name for state, _ in due if state.kind == "hold")
    if held:
        try:
            osfamily.of(host).release(host, held)
        except StepFailed as error:
            failed.append(_reason(error))
    return failed


def _files(host: Host, notes: Notes) -> list[str]:
    """Originals back, what was not there gone, and the folders made for it; marks for the units that read them."""
    due = [(kept, of_file(kept)) for kept in notes.files]
    due = [(kept, verdict) for kept, verdict in due if verdict.state == "due"]
    running = {unit for kept, _ in due for unit in kept.readers if host.unit(unit).active == "active"}
    marks = restart_marks.mark(sorted(running))
    steps = [command for _, verdict in due for command in verdict.commands]
    folders = [] if host.is_ahead else [tidy for kept in notes.files for tidy in _emptied(kept)]
    failed: list[str] = []
    if due or folders:
        names = " ".join(kept.path for kept, _ in due)
        what = f"put back {names}" if due else "remove the folders that were made for k8sboot's files"
        failed = _tried(host, what, *marks, *steps, *folders, ["systemctl", "daemon-reload"])
    host.write([file for kept in notes.files if (file := _trimmed(host, kept))])
    return failed


def _restarts(host: Host, units: Iterable[str]) -> list[str]:
    """Units that run and whose configuration was put back. Runtimes set sysctls of their own: after all else."""
    failed: list[str] = []
    for unit in dict.fromkeys(units):
        try:
            (reloaded if unit in NETWORK else restarted)(host, unit)
        except StepFailed as error:
            failed.append(_reason(error))
    return failed


def _emptied(kept: KeptOriginal) -> list[Command]:
    """Folders that were made for a file go, where nothing is in them."""
    if not kept.made or of_file(kept).state == "left":
        return []
    folder, found = kept.path.rpartition("/")[0], []
    while folder.startswith(kept.made):
        found.append(folder)
        folder = folder.rpartition("/")[0]
    names = [word for each in found for word in ("-o", "-path", each)][1:]
    return [["find", kept.made, "-depth", "-type", "d", "-empty", "(", *names, ")", "-delete"]]


def _trimmed(host: Host, kept: KeptOriginal) -> File | None:
    """A file of the operator's that was edited since, without our lines; None where there are none in it."""
    state = host.file(kept.path) if of_file(kept) == Verdict("left") else None
    text = _without_ours(host, kept) if state else None
    if state is None or text is None or text == _text(host, kept.path):
        return None
    return File(kept.path, text, mode=state.mode, owner=state.owner, is_ours=False)


def _without_ours(host: Host, kept: KeptOriginal) -> str | None:
    """The file's text without our lines; None where the whole file was k8sboot's, or is not known to be shared."""
    original, copy = _text(host, kept.original), _text(host, kept.copy)
    now = _text(host, kept.path)
    wanted = without_ours(kept.path, now, original=original, copy=copy)
    had_ours = copy != without_ours(kept.path, copy, original=original, copy=copy)
    is_shared = kept.path in SHARED or wanted != now or had_ours
    return wanted if is_shared else None


def _text(host: Host, path: str) -> str:
    return host.read_file(path, errors="surrogateescape") or ""


def _units(host: Host, notes: Notes) -> list[str]:
    """The firewall last, by a job: should it cut the link, all else is done, and it comes up all the same."""
    firewall = osfamily.of(host).firewall_units
    due = [(s, v) for s in notes.states if s.kind == "unit" and (v := of_state(s)).state == "due"]
    failed: list[str] = []
    for state, verdict in sorted(due, key=lambda pair: pair[0].name in firewall):
        is_wall = state.name in firewall
        failed += _tried(host, f"{state.name} as it was", *verdict.commands, job=is_wall)
    return failed


def _swap(host: Host, notes: Notes) -> list[str]:
    """What fstab has, as it says; then what else was on."""
    before = [s for s in notes.states if s.kind == "swap" and of_state(s).state == "due"]
    if not before:
        return []
    failed = _tried(host, "switch on the swap of /etc/fstab", ["swapon", "-a", "-e"], timeout=300)
    missing = host.check(lambda: " ".join(d for d in before[0].was.split() if d not in host.facts.swaps))
    for device in missing.split():
        failed += _tried(host, f"switch on swap on {device}", ["swapon", "--", device])
    return failed


def _verdict(host: Host, note: State | KeptOriginal) -> Verdict:
    """The verdict with what only a file's text can tell."""
    if isinstance(note, State):
        return of_state(note)
    verdict = of_file(note)
    if verdict != Verdict("left"):
        return verdict
    text = _without_ours(host, note)
    if text is not None:
        return DONE if text == _text(host, note.path) else Verdict("due")
    return Verdict(
        "left", "it was edited since" if note.ours else "an older k8sboot has not noted what it wrote"
    )


def _forget(host: Host, after: Notes) -> None:
    """Take away the notes of what is as it was, and say what is not."""
    notes: list[State | KeptOriginal] = [*after.states, *after.files]
    verdicts = [(note, _verdict(host, note)) for note in notes]
    for note, verdict in verdicts:
        if verdict.state == "left":
            _say_left(host, note, verdict.why)
    _say_what_stays(host, after.states)
    over = ("done", "due") if host.is_ahead else ("done",)
    gone = [path for note, v in verdicts if v.state in over for path in note.notes]
    if all(v.state in over for _, v in verdicts):
        gone = [ORIGINALS_DIR, PRIOR_DIR]
    if gone:
        host.change("forget what is as it was", ["sync"], ["rm", "-rf", "--", *gone])


def _say_left(host: Host, note: State | KeptOriginal, why: str) -> None:
    if isinstance(note, State):
        host.notice("KB-RESTORE-LEFT", f"{_words(note)} is left as it is: {why}")
        return
    before = _text(host, note.copy) or (_text(host, note.original) if not note.ours else "")
    shown = diff(note.path, before, _text(host, note.path)) if before and note.now != "other" else ""
    kept = (
        f"; its original is {note.original}" if note.was != "absent" else "; it was not there before k8sboot"
    )
    host.notice("KB-RESTORE-LEFT", f"{note.path} is left as it is: {why}{kept}", diff=shown)


def _say_what_is_not_known(host: Host, notes: Notes) -> None:
    if not notes.is_complete:
        host.notice(
            "KB-RESTORE-INCOMPLETE",
            "an older k8sboot has prepared this machine and noted only files: look yourself whether swap, firewall,"
            " SELinux, host name and time zone are as they should be",
        )


def _say_what_stays(host: Host, states: Iterable[State]) -> None:
    packages = [s.name for s in states if s.kind == "package" and s.now]
    modules = [s.name for s in states if s.kind == "module" and s.now]
    if packages:
        text = f"packages that k8sboot has installed stay, with all they depend on: {' '.join(packages)}"
        host.notice("KB-RESTORE-STAYS", text)
    if modules:
        host.notice("KB-RESTORE-STAYS", f"modules stay loaded until the next boot: {' '.join(modules)}")


def _words(state: State) -> str:
    return {"hostname": "the host name", "selinux": "SELinux", "swap": "swap"}.get(state.kind, state.name)
