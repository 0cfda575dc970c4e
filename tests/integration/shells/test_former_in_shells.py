"""The lines that note what was, and the question that reads them, run for real in a folder of the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.ensure.noted import NOTED, Notes, parse
from k8sboot.former import STATE_DIR, Former, file_with, noting
from k8sboot.secret import Secret
from k8sboot.writing import File, write_script

SHELLS = [
    pytest.param(
        words, id=words[0], marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}")
    )
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)
OWNER = ":".join(
    subprocess.run(["id", flag], capture_output=True, text=True).stdout.strip() for flag in ("-un", "-gn")
)


class Place:
    """A host as far as the scripts see one: tools that say what files of the test hold."""

    def __init__(self, root: Path) -> None:
        self.root, self.state, self.etc, self.bin = root, root / "state", root / "etc", root / "bin"
        self.etc.mkdir()
        self.bin.mkdir()
        self.says("systemctl", "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n")
        self.says("getenforce", "Enforcing\n")
        self.says("uname", "old\n")
        self.says("awk", "/dev/sda2\n")
        (root / "proc" / "sys" / "net").mkdir(parents=True)
        self.sysctl.write_text("1\t2\n")

    @property
    def sysctl(self) -> Path:
        return self.root / "proc/sys/net/x"

    def says(self, tool: str, text: str) -> None:
        (self.root / tool).write_text(text)
        (self.bin / tool).write_text(f"#!/bin/sh\ncat {self.root}/{tool}\n")
        (self.bin / tool).chmod(0o755)

    def run(self, shell: list[str], script: str) -> subprocess.CompletedProcess[str]:
        script = script.replace(STATE_DIR, str(self.state)).replace("/proc/sys", f"{self.root}/proc/sys")
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            shell, input=script, capture_output=True, text=True, env={"PATH": path}, timeout=60
        )

    def note(self, shell: list[str], *formers: Former, then: str = "echo done") -> str:
        done = self.run(shell, f"{noting(formers)}{then}\n")
        return done.stdout.strip() or f"{done.returncode}: {done.stderr}"

    def notes(self, shell: list[str]) -> Notes:
        done = self.run(shell, f"eval '{NOTED.script.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'")
        assert done.returncode == 0, done.stderr
        return parse(done.stdout)

    def put(self, shell: list[str], *files: File) -> None:
        done = self.run(shell, write_script(files))
        assert done.returncode == 0, done.stderr

    def file(self, name: str, content: str, **how: object) -> File:
        return File(f"{self.etc}/{name}", content, **{"owner": OWNER, **how})

    def at(self, path: str) -> Path:
        """Where something of the state lies in this test."""
        return Path(path.replace(STATE_DIR, str(self.state)))

    def tree(self) -> dict[str, tuple[int, int, bytes]]:
        files = [p for p in self.state.rglob("*") if p.is_file()]
        return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns, p.read_bytes()) for p in files}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


ALL = (
    Former("unit", "ufw.service", aim="disabled"),
    Former("sysctl", "net.x", aim="7"),
    Former("swap", "devices"),
    Former("selinux", "mode", aim="Permissive"),
    Former("hostname", "kernel", aim="new"),
    Former("module", "br_netfilter"),
    Former("hold", "kubelet"),
    Former("package", "jq"),
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
    place.note(shell, Former("sysctl", "net.x", aim="8"))
    found = {s.name: s for s in place.notes(shell).states}
    assert (found["net.x"].was, found["net.x"].now, found["net.x"].ours) == ("1\t2", "7", ("7", "8"))


@IN_SHELLS
def test_a_setting_that_somebody_else_has_set_already_is_not_ours_to_undo(place, shell):
    assert place.note(shell, Former("sysctl", "net.x", aim="1 2")) == "done"
    assert place.note(shell, Former("selinux", "mode", aim="Enforcing")) == "done"
    assert place.notes(shell).is_empty
    assert place.tree() == {}
    assert place.note(shell, Former("sysctl", "net.x", aim="7"), ALL[0]) == "done"
    place.sysctl.write_text("7\n")
    assert place.note(shell, Former("sysctl", "net.x", aim="7")) == "done"
    found = {s.name: (s.was, s.ours) for s in place.notes(shell).states}
    assert found["net.x"] == ("1\t2", ("7",)), "what was noted stays, though it has our value now"


@IN_SHELLS
@pytest.mark.parametrize("tool", ["systemctl", "mv", "mkdir"])
def test_what_cannot_be_noted_is_not_altered(place, shell, tool):
    if shell[0] == "busybox" and tool != "systemctl":
        pytest.skip("busybox runs its own, whatever the PATH")
    (place.bin / tool).write_text("#!/bin/sh\nexit 1\n")
    (place.bin / tool).chmod(0o755)
    said = place.note(shell, Former("unit", "ufw.service"), then="echo altered")
    assert "altered: what was before cannot be noted" in said
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
def test_files_are_known_by_what_was_and_by_all_that_was_put_there(place, shell):
    hosts = place.etc / "with space"
    hosts.write_text("the operator's")
    place.put(shell, place.file("with space", "one", readers=("a.service", "b.service")))
    place.put(shell, place.file("with space", "two"), place.file("new/folder/f", "x"))
    found = {Path(f.path).name: f for f in place.notes(shell).files}
    kept, made = found["with space"], found["f"]
    assert kept.path == str(hosts)
    assert kept.is_whole
    assert kept.now in kept.ours
    assert len(kept.ours) == 2
    assert kept.readers == ("a.service", "b.service")
    assert place.at(kept.copy).read_text() == "two"
    assert (made.was, made.made, made.is_whole) == ("absent", f"{place.etc}/new", True)
    hosts.write_text("edited")
    place.at(kept.original).write_text("damaged")
    now = next(f for f in place.notes(shell).files if f.path == str(hosts))
    assert now.now not in now.ours
    assert not now.is_whole
    assert now.was == kept.was
    place.put(shell, place.file("secret", Secret("hunter2"), mode=0o600))
    assert not [p for p in place.state.rglob("*") if p.is_file() and "hunter2" in p.read_text()]
    hosts.unlink()
    hosts.mkdir()
    assert next(f for f in place.notes(shell).files if f.path == str(hosts)).now == "other"


@IN_SHELLS
def test_a_link_that_a_tool_replaces_is_kept_as_a_link(place, shell):
    (place.root / "Rome").write_text("tz of Rome")
    (place.root / "Oslo").write_text("tz of Oslo")
    link, name = place.etc / "localtime", place.etc / "timezone"
    link.symlink_to("../Rome")
    formers = (file_with(str(link), "../Oslo\n"), file_with(str(name), "Oslo\n"))
    assert place.note(shell, *formers) == "done"
    link.unlink()
    link.symlink_to("../Oslo")
    assert place.note(shell, *formers) == "done"
    kept, beside = place.notes(shell).files
    assert place.at(kept.original).is_symlink()
    assert str(place.at(kept.original).readlink()) == "../Rome"
    assert kept.now in kept.ours
    assert kept.was != kept.now
    assert kept.is_whole
    assert (beside.was, beside.now) == ("absent", "absent")
    (place.root / "Oslo").write_text("a newer tz of Oslo")
    assert place.notes(shell).files[0].now in kept.ours, "where it leads to has changed, the link has not"


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
    script = f"{noting(ALL[:1])}touch {place.root}/altered\n".replace(STATE_DIR, str(place.state))
    process = subprocess.Popen(
        ["dash", "-c", script], env={"PATH": f"{place.bin}:{os.environ['PATH']}"}, start_new_session=True
    )
    while not (place.root / "here").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
    assert not (place.root / "altered").exists()
    assert not (place.state / "former/unit/ufw.service").exists()


@IN_SHELLS
def test_a_name_may_be_whatever_a_file_can_be_called(place, shell):
    path = f'{place.etc}/it\'s "odd" $(x) é'
    Path(path).write_text("x")
    assert place.note(shell, Former("file", path)) == "done"
    assert [f.path for f in place.notes(shell).files] == [path]
