"""What is mounted on a fake host below the directories that a reset empties."""

from __future__ import annotations

from fake_host import FakeConnection
from fake_state import Reply

from k8sboot.ensure.mounts import NOTHING_MOUNTED, UNMOUNT


def volume_mounts(host: FakeConnection, _words: list[str]) -> str:
    """The mounts, and under each who uses it."""
    found = ((f"{told} {path}", host.users.get(path, "")) for path, told in sorted(host.mounts.items()))
    return "".join(f"{line}\n" + (f" {user}\n" if user else "") for line, user in reversed(list(found)))


def _unmount(host: FakeConnection) -> str:
    """The files of a mount are no longer below its path, but where they came from."""
    for path in [path for path in sorted(host.mounts, reverse=True) if path not in host.users]:
        source = host.mounts.pop(path).split()[1]
        for file in [file for file in host.files if file.startswith(f"{path}/")]:
            host.files[source + file.removeprefix(path)] = host.files.pop(file)
    return ""


def _nothing_mounted(host: FakeConnection) -> Reply:
    return (1, "", "mounted meanwhile\n") if host.mounts else (0, "", "")


MOUNT_SCRIPTS = {UNMOUNT[2]: _unmount, NOTHING_MOUNTED[2]: _nothing_mounted}
