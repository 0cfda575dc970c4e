"""The lines that note what was set, and the question that reads them, run for real in a folder of a test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from child_signals import restore_signals
from noted_place import IN_SHELLS

from k8sboot.host.originals import PriorState, note_script
from k8sboot.paths import STATE_DIR

ALL = (
    PriorState("unit", "ufw.service", aim="disabled"),
    PriorState("sysctl", "net.x", aim="7"),
    PriorState("swap", "devices"),
    PriorState("selinux", "mode", aim="Permissive"),
    PriorState("hostname", "kernel", aim="new"),
    PriorState("module", "br_netfilter"),
    PriorState("hold", "kubelet"),
    PriorState("package", "jq"),
)


@IN_SHELLS
def test_the_first_former_state_wins_and_all_that_was_set_is_known(place, shell):
    assert place.note(shell, *ALL) == "done"
    first = place.notes(shell)
    assert first.is_complete
    own = ("devices", "kernel") if shell[0] == "busybox" else ()  # it asks no tool of the test's for these
    assert {s.name: s.was for s in first.states if s.name not in own} == {
        "ufw.service": "LoadState=loaded\nActiveState=active\nUnitFileState=enabled",
        "net.x": "1\t2",
        **({} if own else {"devices": "/dev/sda2", "kernel": "old"}),
        "mode": "Enforcing",
        "br_netfilter": "no",
        "kubelet": "no",
        "jq": "no",
    }
    before = place.tree()
    assert place.note(shell, *ALL) == "done"
    assert place.tree() == before, "what is known is not written again"
    place.sysctl.write_text("7\n")
    place.says("uname", "new\n")
    place.note(shell, PriorState("sysctl", "net.x", aim="8"))
    found = {s.name: s for s in place.notes(shell).states}
    assert (found["net.x"].was, found["net.x"].now, found["net.x"].ours) == ("1\t2", "7", ("7", "8"))


@IN_SHELLS
def test_a_setting_that_somebody_else_has_set_already_is_not_ours_to_undo(place, shell):
    assert place.note(shell, PriorState("sysctl", "net.x", aim="1 2")) == "done"
    assert place.note(shell, PriorState("selinux", "mode", aim="Enforcing")) == "done"
    assert place.notes(shell).is_empty
    assert place.tree() == {}
    assert place.note(shell, PriorState("sysctl", "net.x", aim="7"), ALL[0]) == "done"
    place.sysctl.write_text("7\n")
    assert place.note(shell, PriorState("sysctl", "net.x", aim="7")) == "done"
    found = {s.name: (s.was, s.ours) for s in place.notes(shell).states}
    assert found["net.x"] == ("1\t2", ("7",)), "what was noted stays, though it has our value now"


@IN_SHELLS
@pytest.mark.parametrize("tool", ["systemctl", "mv", "mkdir"])
def test_what_cannot_be_noted_is_not_altered(place, shell, tool):
    if shell[0] == "busybox" and tool != "systemctl":
        pytest.skip("busybox runs its own, whatever the PATH")
    (place.bin / tool).write_text("#!/bin/sh\nexit 1\n")
    (place.bin / tool).chmod(0o755)
    said = place.note(shell, PriorState("unit", "ufw.service"), then="echo altered")
    assert "nothing was changed: cannot save the original state" in said
    assert "altered\n" not in said


@IN_SHELLS
def test_a_note_that_was_cut_is_taken_anew_and_is_none_until_then(place, shell):
    folder = place.state / "former" / "unit"
    folder.mkdir(parents=True)
    (folder / "ufw.service").write_text("")
    (folder / "ufw.service.k8sboot-new").write_text("LoadSt")
    assert place.notes(shell).is_empty
    assert place.note(shell, ALL[0]) == "done"
    assert [s.was.splitlines()[1] for s in place.notes(shell).states] == ["ActiveState=active"]
    assert sorted(p.name for p in folder.iterdir()) == ["ufw.service", "ufw.service.ours"]


@pytest.mark.parametrize("tool", ["mkdir", "mv", "systemctl", "sync"])
def test_killed_anywhere_the_next_run_still_notes_what_was(place, tool):
    real = shutil.which(tool) or ""
    fake = place.bin / tool
    was = fake.read_text() if fake.exists() else None
    fake.write_text(f"#!/bin/sh\ntouch {place.root}/here; kill -KILL $PPID\n")
    fake.chmod(0o755)
    place.note(["dash"], ALL[0], then=f"echo altered > {place.root}/altered")
    assert (place.root / "here").exists(), "it was killed there"
    assert not (place.root / "altered").exists()
    fake.write_text(was if was is not None else f'#!/bin/sh\nexec {real} "$@"\n')
    assert place.note(["dash"], ALL[0]) == "done"
    assert "ActiveState=active" in place.notes(["dash"]).states[0].was


@IN_SHELLS
def test_what_an_older_k8sboot_left_is_read_and_not_taken_for_all(place, shell):
    old = Path(f"{place.state}/original{place.etc}")
    old.mkdir(parents=True)
    (old / "chrony.conf").write_text("the operator's")
    (old / "k8sboot.conf.k8sboot-absent").write_text("")
    (place.etc / "chrony.conf").write_text("ours")
    place.note(shell, ALL[0])
    notes = place.notes(shell)
    assert not notes.is_complete
    chrony, limits = notes.files
    assert (chrony.is_whole, chrony.ours, limits.was, limits.now) == (True, (), "absent", "absent")


def test_a_signal_while_it_is_noted_ends_the_change(place):
    fake = place.bin / "systemctl"
    fake.write_text(f"#!/bin/sh\ntouch {place.root}/here; sleep 1; cat {place.root}/systemctl\n")
    script = f"{note_script(ALL[:1])}touch {place.root}/altered\n".replace(STATE_DIR, str(place.state))
    process = subprocess.Popen(
        ["dash", "-c", script],
        env={"PATH": f"{place.bin}:{os.environ['PATH']}"},
        start_new_session=True,
        preexec_fn=restore_signals,
    )
    while not (place.root / "here").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
    assert not (place.root / "altered").exists()
    assert not (place.state / "former/unit/ufw.service").exists()
