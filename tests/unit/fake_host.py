"""A host in dictionaries, at the lowest seam: k8sboot.ssh.connection.Connection.

It answers the requests that k8sboot sends as values, and knows what the commands in them do to a host. A command that
it does not know fails the test that sent it. What the values are as shell is proven in tests/integration/shells.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator

from fake_probes import Probes
from fake_scripts import Scripts
from fake_shell import split

from k8sboot.diagnosis.script import Scope
from k8sboot.errors import ConnectionLost
from k8sboot.host.files import Write
from k8sboot.host.lease import NO_ROOM, REFUSAL, REFUSED, Held, Release, take
from k8sboot.host.once import CANCELLED, ENDED, NEVER, Once, Recall
from k8sboot.host.probe import Probe
from k8sboot.host.remembered import Together
from k8sboot.host.script import Commands, Read
from k8sboot.ssh.connection import Completed, Script, text_of


class FakeConnection(Scripts, Probes):
    """A host as fake_state.HostState says it is, and a count of what was sent to it."""

    def run(self, script: Script, *, timeout: float) -> Completed:
        """One round trip."""
        assert timeout > 0
        assert not self.is_closed
        assert text_of(script)
        return self._answered(script)

    def _answered(self, script: Script) -> Completed:
        match script:
            case Held():
                return self._held(script)
            case Release():
                self.runs.append("release")
                self.holder = ""
                return Completed(0, b"", b"")
            case Once():
                return self._once(script)
            case Recall():
                return self._recalled(script)
            case Probe():
                self.runs.append("probe")
                return Completed(0, self._probed(script.reads), b"")
            case Write():
                self.runs.append("write")
                return self._write(script)
            case Commands():
                self.runs.append("change")
                return self._run_commands(script)
            case Read():
                self.runs.append("ask")
                status, out, err = self._command(list(script.command))
                return Completed(status, out.encode("utf-8", "surrogateescape"), err.encode())
            case Together():
                self.runs.append("ask")
                return Completed(0, "".join(self._together(script)).encode(), b"")
            case Scope():
                self.runs.append("evidence")
                return Completed(0, self._told_of_itself(text_of(script)).encode(), b"")
            case str():  # the words of one command
                return self._answered(Read(split(script)))
        raise self._unknown(f"the request {script!r}")

    def _together(self, script: Together) -> Iterator[str]:
        for index, words in enumerate(script.commands):
            status, out, _ = self._command(list(words))
            if status == 0:
                yield f"answer {index} .{b64encode(out.encode()).decode()}\n"

    def _held(self, script: Held) -> Completed:
        """What a script says that asks first whose host this is."""
        claim = script.claim
        holder, origin = (self.holder.split() + ["", ""])[:2]
        if holder not in ("", claim.run) and (not claim.origin or claim.origin != origin):
            return Completed(REFUSED, b"", f"{REFUSAL} lease 100 {self.holder}\n".encode())
        if not self.has_room_for_lock:
            return Completed(NO_ROOM, b"", b"printf: No space left on device\n")
        self.holder, self.lease = f"{claim.run} {claim.origin or '-'} {claim.who}", script.seconds
        if script == take(claim):
            self.runs.append("hold")
            return Completed(0, b"", b"")
        return self._answered(script.script)

    def _once(self, script: Once) -> Completed:
        """A change that happens once; loses says when the connection dies, before it or behind it."""
        when = self.loses.pop(0) if self.loses else ""
        if when == "before":
            raise ConnectionLost("lost", host=self.name)
        assert script.name not in self.outcomes, "cancelled, or done before"
        self.outcomes[script.name] = self._answered(script.script)
        if when:
            if when == "restarted":
                self.put("/proc/sys/kernel/random/boot_id", "b1\n")
            raise ConnectionLost("lost", host=self.name)
        return self.outcomes[script.name]

    def _recalled(self, script: Recall) -> Completed:
        self.runs.append("recall")
        boot_id = self.text("/proc/sys/kernel/random/boot_id")
        found = self.outcomes.setdefault(script.name, Completed(CANCELLED, b"", b""))
        if found.exit_status == CANCELLED:
            return Completed(0, f"{boot_id}{NEVER} -\n".encode(), b"")
        said = f"{boot_id}{ENDED} {found.exit_status}\n".encode() + found.stdout
        return Completed(0, said, found.stderr)

    def run_job(
        self, name: str, script: Script, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """One round trip; a job has both streams in its one log."""
        assert name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"), name
        self.runs.append("job")
        assert isinstance(script, Commands)
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
