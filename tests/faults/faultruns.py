"""k8sboot as an operator runs it, and what came of it: exit code, screen, journal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from child_signals import restore_signals
from faulthosts import until
from faultinventories import Dumper
from on_lab import HOSTS, Lab

K8SBOOT = Path(sys.executable).parent / "k8sboot"


@dataclass(frozen=True)
class Ran:
    """A run that has ended. events: its journal. memory: KiB at most. cpu: seconds of processor time."""

    code: int
    stdout: str
    stderr: str
    events: tuple[dict[str, Any], ...]
    memory: int
    cpu: float

    def of(self, event: str, host: str = "") -> list[dict[str, Any]]:
        """The journal's entries of one kind, of one host."""
        return [e for e in self.events if e["event"] == event and host in ("", e.get("host", ""))]

    def notices(self, host: str = "") -> str:
        """Everything the operator was told beside errors."""
        return "\n".join(e["text"] for e in self.of("Notice", host))

    def error(self, host: str) -> dict[str, str]:
        """Why a host failed: once, and for one reason."""
        failed = self.of("Failed", host)
        assert len(failed) == 1, f"{host} failed {len(failed)} times\n{self.stderr}"
        error: dict[str, str] = failed[0]["error"]
        return error

    def took(self, host: str) -> float:
        """Seconds from the start of the run until the host failed, by the journal's own times."""
        return float(self.of("Failed", host)[0]["time"] - self.of("RunStarted")[0]["time"])

    def blames(self, host: str, code: str, *words: str) -> None:
        """The host failed with this code; message, cause and cure hold these words; screen and journal agree."""
        error = self.error(host)
        said = " ".join(error.get(part, "") for part in ("what", "why", "fix", "detail"))
        assert error["code"] == code, error
        for word in words:
            assert word.lower() in said.lower(), f"{word!r} is not in: {error}"
        assert error["why"], error
        assert error["fix"], error
        heads = [line for line in self.stderr.splitlines() if line.startswith(f"error[{code}]")]
        assert any(host in head for head in heads), self.stderr
        assert "\n  log: /" in self.stderr

    def went_on(self, *hosts: str, phase: str = "preflight") -> None:
        """These hosts came to the end of a phase."""
        ended = {e["host"] for e in self.of("PhaseEnded") if e["phase"] == phase}
        assert set(hosts) <= ended, f"{phase} ended on {ended}\n{self.stderr}"


@dataclass
class Running:
    """A run that is under way."""

    process: subprocess.Popen[bytes]
    folder: Path
    journals: Path
    before: frozenset[Path]
    usage: Any = None
    memory: int = 0

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def events(self) -> tuple[dict[str, Any], ...]:
        """Its journal so far."""
        paths = set(self.journals.glob("*/*/run.jsonl")) - self.before
        text = "".join(
            path.read_text(errors="replace") for path in sorted(paths) if "latest" not in path.parts
        )
        return tuple(json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))

    def until(self, text: str, *, within: float = 60) -> None:
        """Wait until it says something on the screen."""
        until(lambda: self._says(text), f"{text!r} on the screen", within=within)

    def _says(self, text: str) -> bool:
        found = " ".join(text.split()) in " ".join(self.stderr.split())
        assert found or not self.has_ended(), self.stderr
        return found

    def has_ended(self) -> bool:
        """Whether the program is gone."""
        if self.usage is None:
            self._weigh()
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.usage = usage
                self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.usage is not None

    def _weigh(self) -> None:
        # Not what wait4 tells: there a child counts as large as whoever started it.
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            self.memory = max([self.memory, *map(int, re.findall(r"VmHWM:\s+(\d+) kB", status))])

    def end(self, *, expect: int = 0, within: float = 120) -> Ran:
        """Wait for its end; fails with its output for another exit code, a traceback or a mistake of k8sboot."""
        try:
            until(self.has_ended, "the end of k8sboot", within=within)
        except AssertionError as late:
            self.process.send_signal(signal.SIGABRT)  # each of its threads says where it is
            time.sleep(2)
            self.kill()
            raise AssertionError(f"{late}\n{self.stderr}") from None
        ran = Ran(
            code=self.process.returncode,
            stdout=(self.folder / "stdout").read_text(errors="replace"),
            stderr=self.stderr,
            events=self.events,
            memory=self.memory,
            cpu=self.usage.ru_utime + self.usage.ru_stime,
        )
        assert ran.code == expect, f"exit code {ran.code}, not {expect}\n{ran.stdout}\n{ran.stderr}"
        assert "Traceback" not in ran.stdout + ran.stderr
        written = [path for path in self.journals.rglob("*") if path.is_file()]
        assert not [path for path in written if b"Traceback (most" in path.read_bytes()]
        return ran

    def kill(self) -> None:
        """End it, and everything in its session."""
        if not self.has_ended():
            os.killpg(self.process.pid, signal.SIGKILL)
            until(self.has_ended, "the end of a killed k8sboot")


@dataclass
class Controller:
    """Whoever runs k8sboot: an inventory of the lab to be edited, and a home and state folder of their own."""

    lab: Lab
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    runs: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spec: dict[str, Any] = yaml.safe_load(self.lab.inventory.read_text())
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text((self.lab.inventory.parent / "known_hosts").read_text())
        self.spec["ssh"]["knownHostsFile"] = str(self.known_hosts)
        self.spec["ssh"]["configFile"] = "none"
        self.home.mkdir()
        drop = ("SSH_AUTH_SOCK", "XDG_STATE_HOME", "FORCE_COLOR", "K8SBOOT_INVENTORY")
        self.environ = {k: v for k, v in os.environ.items() if k not in drop}
        self.environ |= {"HOME": str(self.home), "XDG_STATE_HOME": str(self.state)}
        self.environ |= {"NO_COLOR": "1", "PYTHONFAULTHANDLER": "1"}

    @property
    def home(self) -> Path:
        """$HOME."""
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """$XDG_STATE_HOME."""
        return self.folder / "state"

    @property
    def key(self) -> Path:
        """The key that all hosts let in."""
        return self.lab.inventory.parent / "id_ed25519"

    @property
    def inventory(self) -> Path:
        """Where the inventory lies that runs are given."""
        return self.folder / "inventory.yaml"

    def host(self, name: str) -> dict[str, Any]:
        """A host's entry in the inventory, to be edited."""
        return next(h for h in (*self.spec["masters"], *self.spec["nodes"]) if h["name"] == name)

    def ssh(self, name: str, **settings: object) -> None:
        """Set ssh keys of a host; None takes one away."""
        found = self.host(name).setdefault("ssh", {})
        for key, value in settings.items():
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value

    def only(self, *names: str) -> None:
        """Leave only these hosts in the inventory."""
        for role in ("masters", "nodes"):
            self.spec[role] = [host for host in self.spec[role] if host["name"] in names]

    def start(self, *words: str, environ: Mapping[str, str] | None = None, umask: int = -1) -> Running:
        """Start k8sboot on the inventory as it is now."""
        self.inventory.write_text(yaml.dump(self.spec, Dumper=Dumper, sort_keys=False))
        return self.start_command(
            str(K8SBOOT), *words, "-i", str(self.inventory), environ=environ, umask=umask
        )

    def start_command(
        self, *command: str, environ: Mapping[str, str] | None = None, umask: int = -1
    ) -> Running:
        """Start any command line in this controller's environment."""
        folder = self.folder / f"run-{len(self.runs)}"
        folder.mkdir()
        before = frozenset((self.state / "k8sboot").glob("*/*/run.jsonl"))
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                command, env={**self.environ, **(environ or {})}, cwd=self.folder, umask=umask,
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True,
                preexec_fn=restore_signals,
            )  # fmt: skip
        self.runs.append(Running(process, folder, self.state / "k8sboot", before))
        return self.runs[-1]

    def run(
        self, *words: str, expect: int = 0, within: float = 120, environ: Mapping[str, str] | None = None
    ) -> Ran:
        """Run k8sboot to its end."""
        return self.start(*words, environ=environ).end(expect=expect, within=within)

    def is_well(self, *hosts: str, phase: str = "preflight") -> None:
        """A plain run without the fault succeeds on every host of the inventory."""
        ran = self.run("phase", phase)
        ran.went_on(*(hosts or HOSTS), phase=phase)

    def close(self) -> None:
        """End what still runs."""
        for run in self.runs:
            run.kill()
