"""A host in dictionaries, at the lowest seam: k8sboot.ssh.connection.Connection.

It understands the three shapes of script that k8sboot sends (probe, write, commands) and knows what the
commands in them do to a host. A command that it does not know fails the test that sent it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable

from fake_probes import Probes
from fake_scripts import Scripts

from k8sboot.errors import ConnectionLost
from k8sboot.host import files, lease, once, probe
from k8sboot.paths import ONCE_DIR
from k8sboot.ssh.connection import Completed


class FakeConnection(Scripts, Probes):
    """A host as fake_state.HostState says it is, and a count of what was sent to it."""

    def run(self, script: str, *, timeout: float) -> Completed:
        """One round trip."""
        assert timeout > 0
        assert not self.is_closed
        if script.startswith(("SAID=", "DIR=")):
            return self._guarded(script, timeout)
        if script.startswith("ALL="):
            return self._errand(script, timeout)
        if once.NEVER in script and ONCE_DIR in script:
            return self._recalled(script)
        if script.startswith(probe.HEAD):
            self.runs.append("probe")
            return Completed(0, "".join(f"{line}\n" for line in self._probed(script)).encode(), b"")
        if script.startswith(files.HEAD):
            self.runs.append("write")
            return self._write(script)
        if script.startswith("CODE="):
            self.runs.append("evidence")
            return Completed(0, self._told_of_itself(script).encode(), b"")
        self.runs.append("change" if "k8sboot-failed-" in script else "ask")
        return self._run_commands(script)

    def _guarded(self, script: str, timeout: float) -> Completed:
        """What a script says that asks first whose host this is."""
        head, _, body = script.partition("\n(\n")
        if not body:  # a release
            self.runs.append("release")
            self.holder = ""
            return Completed(0, b"", b"")
        values = dict(word.split("=", 1) for word in shlex.split(head.partition("\nroom()")[0]))
        run, seat, told = values["RUN"], values["ORIGIN"], values["WHO"]
        holder, holder_seat = (self.holder.split() + ["", ""])[:2]
        if holder not in ("", run) and (seat == "-" or seat != holder_seat):
            return Completed(lease.REFUSED, b"", f"{lease.SAID} lease 100 {self.holder}\n".encode())
        if not self.has_room_for_lock:
            return Completed(lease.NO_ROOM, b"", b"printf: No space left on device\n")
        self.holder, self.lease = f"{run} {seat} {told}", int(values["LASTS"])
        inner = body.removesuffix("\n) 8>&- 9>&-\nexit $?\n")
        if inner == ":":
            self.runs.append("hold")
            return Completed(0, b"", b"")
        return self.run(inner, timeout=timeout)

    def _errand(self, script: str, timeout: float) -> Completed:
        """A change that happens once; loses says when the connection dies, before it or behind it."""
        head, _, rest = script.partition("\n(\n")
        name = head.partition(f"THIS={ONCE_DIR}/")[2].partition("\n")[0]
        when = self.loses.pop(0) if self.loses else ""
        if when == "before":
            raise ConnectionLost("lost", host=self.name)
        assert name not in self.errands, "called off, or done before"
        self.errands[name] = self.run(rest.rpartition('\n) >> "$out"')[0], timeout=timeout)
        if when:
            if when == "restarted":
                self.put("/proc/sys/kernel/random/boot_id", "b1\n")
            raise ConnectionLost("lost", host=self.name)
        return self.errands[name]

    def _recalled(self, script: str) -> Completed:
        self.runs.append("recall")
        name = script.partition(f"THIS={ONCE_DIR}/")[2].partition("\n")[0]
        boot_id = self.text("/proc/sys/kernel/random/boot_id")
        found = self.errands.setdefault(name, Completed(once.CALLED_OFF, b"", b""))
        if found.exit_status == once.CALLED_OFF:
            return Completed(0, f"{boot_id}{once.NEVER} -\n".encode(), b"")
        said = f"{boot_id}{once.ENDED} {found.exit_status}\n".encode() + found.stdout
        return Completed(0, said, found.stderr)

    def run_job(
        self, name: str, script: str, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """One round trip; a job has both streams in its one log."""
        assert name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"), name
        self.runs.append("job")
        done = self._run_commands(script)
        log = done.stdout + done.stderr
        for line in log.decode().splitlines():
            on_output(line)
        return Completed(done.exit_status, log, b"")

    def end_jobs(self) -> None:
        """There is nothing to end: a fake job has ended before anybody can ask."""

    def close(self) -> None:
        """Closed for good."""
        self.is_closed = True
