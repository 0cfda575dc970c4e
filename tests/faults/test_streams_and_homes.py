"""Row 48: streams that are closed, full or gone, a full disk for the log, and no home to write to."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import K8SBOOT, Controller


@pytest.mark.parametrize(
    "line",
    ["2>&1 | head -n 1", ">&-", "2>&-", ">&- 2>&- <&-", "> /dev/full 2>&1"],
)
@row(48, "stdout or stderr closed, full, or a reader that is gone")
def test_streams_that_are_gone_do_not_stop_a_run(controller: Controller, node: FaultyHost, line: str) -> None:
    controller.only(node.name, "k8s-master01")
    assert node.name not in node.path("/etc/hosts").read_text()
    controller.start("inventory", "check").end()  # writes the inventory
    run = controller.start_command(
        "sh", "-c", f'"$0" phase hosts -i "$1" {line}', str(K8SBOOT), str(controller.inventory)
    )
    until(run.has_ended, "the end", within=120)
    assert "Traceback" not in run.stderr + (run.folder / "stdout").read_text()
    assert node.name in node.path("/etc/hosts").read_text()
    assert run.events[-1]["event"] == "RunEnded"
    assert run.events[-1].get("failed", []) == []
    controller.run("phase", "hosts")


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of a test's own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@row(48, "the log's disk is full")
def test_full_disk_of_the_log_is_said_and_the_run_goes_on(
    controller: Controller, node: FaultyHost, tmp_path: Path
) -> None:
    with mounted(tmp_path / "full", "size=64k") as full:
        with contextlib.suppress(OSError), (full / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 1024):
                pass
        run = controller.start("phase", "hosts", environ={"XDG_STATE_HOME": str(full)})
        ran = run.end()
    assert "the log is incomplete" in ran.stderr
    assert "No space left" in ran.stderr
    assert node.name in node.path("/etc/hosts").read_text()
    controller.is_well(phase="hosts")


@pytest.mark.parametrize("home", ["none", "read-only", "a file"])
@row(48, "no HOME, a read-only HOME")
def test_without_a_home_the_run_goes_on(
    controller: Controller, node: FaultyHost, tmp_path: Path, home: str
) -> None:
    controller.environ.pop("XDG_STATE_HOME")
    with contextlib.ExitStack() as stack:
        if home == "none":
            controller.environ.pop("HOME")
        elif home == "read-only":
            controller.environ["HOME"] = str(stack.enter_context(mounted(tmp_path / "ro", "ro,size=64k")))
        else:
            controller.environ["HOME"] = "/dev/null"
        ran = controller.run("phase", "hosts")
        assert "Traceback" not in ran.stderr
        if home != "none":
            assert "the log is incomplete" in ran.stderr
    assert node.name in node.path("/etc/hosts").read_text()
