"""The script that puts files in place, run for real in a folder of the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from child_signals import restore_signals

from k8sboot.host.files import File, Write
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR, RESTART_DIR
from k8sboot.secret import Secret

SHELLS = [
    pytest.param(
        words, id=words[0], marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}")
    )
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)
IN_SHELLS_THAT_FIND_TOOLS = pytest.mark.parametrize("shell", SHELLS[:2])
"""busybox runs its own base64, chmod and so on, whatever the PATH."""
OWNER = ":".join(
    subprocess.run(["id", flag], capture_output=True, text=True).stdout.strip() for flag in ("-un", "-gn")
)


class Place:
    """A folder in which the script's own folders lie, too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept = root / "kept"
        self.marks = root / "marks"
        self.etc = root / "etc"
        self.etc.mkdir()
        self.bin = root / "bin"
        self.bin.mkdir()

    def script(self, *files: File) -> str:
        text = Write(files).render()
        text = text.replace(ORIGINALS_DIR, str(self.kept)).replace(PRIOR_DIR, str(self.root / "former"))
        return text.replace(RESTART_DIR, str(self.marks))

    def put(
        self, *files: File, shell: tuple[str, ...] | list[str] = ("dash",)
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            shell, input=self.script(*files), capture_output=True, text=True, env={"PATH": path}, timeout=60
        )

    def file(self, name: str, content: str | Secret, **how: object) -> File:
        return File(f"{self.etc}/{name}", content, **{"owner": OWNER, **how})

    def tool(self, name: str, text: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    @property
    def left(self) -> list[str]:
        """Temporary files; what is noted beside the originals is none."""
        found = [p for p in self.root.rglob("*") if ".k8sboot" in p.name]
        return [str(p) for p in found if self.kept not in p.parents or p.name.endswith("-new")]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


HOSTILE = "a'b\"c$(touch x)`y`\\\n\nK8SBOOT-END\n\ttab é \u2028\r\nno newline at the end"


@IN_SHELLS
def test_files_lie_there_to_the_byte_with_their_mode(place, shell):
    files = (
        place.file("plain", HOSTILE, mode=0o640),
        place.file("with space and 'quote", "x" * 100_000),
        place.file("new/folder/file", "", mode=0o755),
        place.file("secret", Secret("hunter2"), mode=0o600),
    )
    done = place.put(*files, shell=shell)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [f.state.sha256 for f in files]
    for file in files:
        assert Path(file.path).read_bytes() == file.data
        assert Path(file.path).stat().st_mode & 0o7777 == file.mode
    assert (place.etc / "new" / "folder").stat().st_mode & 0o777 == 0o755
    assert place.left == []


@IN_SHELLS
def test_the_first_original_is_kept_with_its_attributes_and_only_once(place, shell):
    target = place.etc / "x.conf"
    target.write_text("the operator's")
    target.chmod(0o604)
    os.utime(target, (1_000_000_000, 1_000_000_000))
    for content in ("first", "second"):
        assert place.put(place.file("x.conf", content), shell=shell).returncode == 0
    kept = Path(f"{place.kept}{target}")
    assert kept.read_text() == "the operator's"
    assert place.kept.stat().st_mode & 0o777 == 0o700, "an original may have been for few eyes"
    assert kept.stat().st_mode & 0o777 == 0o604
    assert kept.stat().st_mtime == 1_000_000_000
    assert target.read_text() == "second"


@IN_SHELLS
def test_k8sboots_part_of_a_shared_file_lies_beside_the_original(place, shell):
    (place.etc / "shared").write_text("the operator's")
    for part in ("a\n", "b\n", ""):
        done = place.put(place.file("shared", f"the operator's and {part}", part=part), shell=shell)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1
    kept = Path(f"{place.kept}{place.etc}/shared")
    assert kept.read_text() == "the operator's"
    assert Path(f"{kept}.k8sboot-part").read_text() == "b\n", "a file that is all k8sboot's leaves the record"
    assert not Path(f"{kept}.k8sboot-part.k8sboot-ours").exists()
    assert place.kept.stat().st_mode & 0o777 == 0o700
    assert (place.root / "former" / "complete").is_dir(), "all that was changed here is saved"


@IN_SHELLS
def test_a_file_that_was_edited_since_leaves_records_but_does_not_pass_for_k8sboots(place, shell):
    (place.etc / "shared").write_text("first")
    done = place.put(place.file("shared", "both", part="a", is_edited=True), shell=shell)
    assert done.returncode == 0, done.stderr
    kept = Path(f"{place.kept}{place.etc}/shared")
    assert kept.read_text() == "first"
    assert Path(f"{kept}.k8sboot-copy").read_text() == "both"
    assert Path(f"{kept}.k8sboot-part").read_text() == "a"
    assert not Path(f"{kept}.k8sboot-ours").exists()
    assert (place.etc / "shared").read_text() == "both"


@IN_SHELLS
def test_that_there_was_no_original_is_kept_too(place, shell):
    for content in ("first", "second"):
        place.put(place.file("new", content), shell=shell)
    assert Path(f"{place.kept}{place.etc}/new.k8sboot-absent").is_file()
    assert not Path(f"{place.kept}{place.etc}/new").exists()


@IN_SHELLS
def test_a_link_stays_and_its_target_is_replaced(place, shell):
    (place.etc / "real").mkdir()
    (place.etc / "real" / "config").write_text("old")
    (place.etc / "config").symlink_to("real/config")
    done = place.put(place.file("config", "new"), shell=shell)
    assert done.returncode == 0, done.stderr
    assert (place.etc / "config").is_symlink()
    assert (place.etc / "real" / "config").read_text() == "new"
    assert Path(f"{place.kept}{place.etc}/real/config").read_text() == "old"


def test_a_link_that_leads_nowhere_yet_leads_to_the_new_file(place):
    (place.etc / "dangling").symlink_to("later")
    assert place.put(place.file("dangling", "made")).returncode == 0
    assert (place.etc / "dangling").is_symlink()
    assert (place.etc / "later").read_text() == "made"


@IN_SHELLS_THAT_FIND_TOOLS
@pytest.mark.parametrize("tool", ["base64", "chmod", "chown", "mv", "mktemp", "cp"])
def test_a_tool_that_fails_leaves_the_old_file_and_no_trace(place, shell, tool):
    (place.etc / "x").write_text("old")
    place.tool(tool, "exit 1")
    assert place.put(place.file("x", "new"), place.file("y", "never"), shell=shell).returncode != 0
    assert (place.etc / "x").read_text() == "old"
    assert not (place.etc / "y").exists()
    assert [p for p in place.left if "-new" not in p] == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root to mount")
def test_a_full_disk_leaves_the_old_file_and_no_trace(place):
    inner = f"mount -t tmpfs -o size=64k,mode=755 none {place.etc} && echo old > {place.etc}/x && "
    inner += f"! dash && cat {place.etc}/x && ls -A {place.etc}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inner], input=place.script(place.file("x", "y" * 200_000)),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if "mount:" in done.stderr:
        pytest.skip("no right to mount here")
    assert done.stdout == "old\nx\n"
    assert "No space left" in done.stderr
    assert f"100% {place.etc}" in done.stderr, "what room there is is shown"


@IN_SHELLS_THAT_FIND_TOOLS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_half_way_leaves_the_old_file_and_no_trace(place, shell, number):
    (place.etc / "x").write_text("old")
    place.tool("chown", f"touch {place.root}/here; exec sleep 1")
    process = _started(place, shell, place.file("x", "new"))
    process.send_signal(number)
    process.wait(timeout=30)
    assert process.returncode != 0
    assert (place.etc / "x").read_text() == "old"
    assert place.left == []


def test_what_a_kill_left_is_gone_after_the_next_run(place):
    place.tool("chown", f"touch {place.root}/here; exec sleep 1")
    process = _started(place, ["dash"], place.file("x", Secret("hunter2"), mode=0o600))
    process.kill()
    process.wait(timeout=30)
    assert len(place.left) == 1
    assert Path(place.left[0]).stat().st_mode & 0o777 == 0o600, "never wider than asked, not even half-way"
    (place.bin / "chown").unlink()
    assert place.put(place.file("y", "next")).returncode == 0
    assert place.left == []


def _started(place: Place, shell: list[str], file: File) -> subprocess.Popen[str]:
    path = f"{place.bin}:{os.environ['PATH']}"
    process = subprocess.Popen(
        shell, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        env={"PATH": path}, preexec_fn=restore_signals,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(place.script(file))
    process.stdin.close()
    while not (place.root / "here").exists():
        assert process.poll() is None
        time.sleep(0.01)
    return process


@IN_SHELLS_THAT_FIND_TOOLS
def test_a_mode_is_never_wider_than_asked(place, shell):
    target = place.etc / "x"
    place.tool("chmod", f'stat -c %a {place.etc}/.k8sboot.* > {place.root}/mode; exec /bin/chmod "$@"')
    assert place.put(place.file("x", "new", mode=0o644), shell=shell).returncode == 0
    assert (place.root / "mode").read_text() == "600\n"
    assert target.stat().st_mode & 0o777 == 0o644


@IN_SHELLS
def test_restart_marks_stand_before_the_file_is_seen(place, shell):
    (place.etc / "d").mkdir()
    done = place.put(
        place.file("x", "1", restarts=("a.service", "b.service")), place.file("d", "2"), shell=shell
    )
    assert done.returncode != 0, "a folder is in the second file's place"
    assert sorted(p.name for p in place.marks.iterdir()) == ["a.service", "b.service"]
    assert (place.etc / "x").read_text() == "1"
    assert place.left == []


def test_a_file_under_run_keeps_no_original(place):
    text = Write((File("/run/k8sboot/x", "y"),)).render()
    assert "put /run/k8sboot/x 0644 root:root passing" in text
