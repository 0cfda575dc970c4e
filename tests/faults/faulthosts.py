"""A host of the lab that faults are injected into, each with the way back."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faultdisks import Disk
from on_lab import Lab

SSHD_DROP_IN = "/etc/ssh/sshd_config.d/00-fault.conf"


def until(done: Callable[[], object], what: str, *, within: float = 60) -> None:
    """Wait for a condition; fails when it does not come true within so many seconds."""
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        time.sleep(0.05)


@dataclass
class Gate:
    """Holds up a program on a host until it is opened."""

    reached_mark: Path
    hold_mark: Path

    def is_reached(self) -> bool:
        """The program has come to the gate."""
        return self.reached_mark.exists()

    def open(self) -> None:
        """Let it through, and every later one."""
        self.hold_mark.unlink(missing_ok=True)


@dataclass
class FaultyHost:
    """One host. undo: what brings it back to health, run when the test ends, last fault first."""

    lab: Lab
    name: str
    address: str
    login: str
    namespace: str
    cable: str
    root: Path
    disk: Disk
    undo: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    # Looking and reaching in

    def sh(self, script: str, *, check: bool = True, timeout: float = 120) -> str:
        """What a shell script prints as root on the host, past its sshd and its network."""
        return self.lab.ssh(self.name, "sh", "-c", script, check=check, timeout=timeout)

    def path(self, inside: str) -> Path:
        """A file of the host's disk as seen from here. Not for /run, /tmp and /proc: these live in memory."""
        return self.root / inside.lstrip("/")

    def answers(self) -> bool:
        """Whether an ssh server introduces itself."""
        probe = f"exec 3<>/dev/tcp/{self.address}/22 && head -c 4 <&3"
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(["bash", "-c", probe], capture_output=True, timeout=2, check=False)
            return done.stdout == b"SSH-"
        return False

    def sessions(self) -> list[int]:
        """Process ids, on the host, of the sshd children that serve connections."""
        lines = self.sh("ps -eo pid=,args=").splitlines()
        return [int(line.split()[0]) for line in lines if " sshd: " in line and "[listener]" not in line]

    def sshd_log(self) -> str:
        """What sshd has logged since the host booted; a newer one's connections log under a name of their own."""
        return self.sh("journalctl --no-pager -o cat -t sshd -t sshd-session -b")

    def heal(self) -> None:
        """Undo the faults that were injected so far."""
        self.undo.close()

    # Files

    def keep(self, *paths: str) -> None:
        """Put these files back as they are now, or take them away again, when the test ends."""
        for path in paths:
            here = self.path(path)
            copy = self.root.parent / f"kept-{len(list(self.root.parent.glob('kept-*')))}"
            if os.path.lexists(here):
                subprocess.run(["cp", "-a", "--", here, copy], check=True)
            self.undo.callback(_put_back, here, copy)

    def write(self, path: str, text: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file for the length of the test."""
        self.keep(path)
        here = self.path(path)
        here.parent.mkdir(parents=True, exist_ok=True)
        here.unlink(missing_ok=True)
        here.write_bytes(text.encode() if isinstance(text, str) else text)
        here.chmod(mode)

    def replace_program(self, path: str, script: str) -> None:
        """Put a script in a program's place; the program itself is PATH.real."""
        self.keep(path, f"{path}.real")
        self.path(path).rename(self.path(f"{path}.real"))
        self.path(path).write_text(f"#!/bin/sh\n{script}\n")
        self.path(path).chmod(0o755)

    def before_packages(self, word: str, script: str) -> None:
        """Run a shell script on the host whenever its package manager is called with this word, or one of a|b.

        Not when it only simulates.
        """
        for program in ("apt-get", "yum"):
            if self.path(f"/usr/bin/{program}").exists():
                self.write(
                    f"/usr/local/sbin/{program}",
                    "#!/bin/sh\n"
                    f'for word; do case $word in -s | --assumeno) exec /usr/bin/{program} "$@" ;; esac; done\n'
                    f"for word; do case $word in {word})\n{script}\n;; esac; done\n"
                    f'exec /usr/bin/{program} "$@"\n',
                    mode=0o755,
                )

    def installs_at_once(self) -> None:
        """Skips the test where installing needs more than its one phase: EL7's shipped repositories are dead."""
        if self.path("/usr/bin/yum").exists():
            pytest.skip("nothing can be installed on this family before os-packages has run")

    def gate(self, word: str) -> Gate:
        """Hold up the package manager when it is called with this word, or one of a|b, as a slow mirror would."""
        mark = f"/var/tmp/gate-{word.replace('|', '-')}"
        gate = Gate(self.path(f"{mark}-reached"), self.path(f"{mark}-hold"))
        gate.hold_mark.touch()
        self.undo.callback(gate.reached_mark.unlink, missing_ok=True)
        self.undo.callback(gate.open)
        self.before_packages(word, f": > {mark}-reached; while [ -e {mark}-hold ]; do sleep 0.1; done")
        return gate

    def bring(self, program: str) -> None:
        """Copy a program of this machine to the host, with the libraries that the host lacks."""
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed on this machine")
        listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
        for path in (found, *re.findall(r"(/\S+) \(0x", listed)):
            if not self.path(path).exists():
                self.keep(path)
                shutil.copy(path, self.path(path))

    def home(self) -> str:
        """The home of who logs in."""
        return "/root" if self.login == "root" else f"/home/{self.login}"

    def login_shell(self, path: str) -> None:
        """Give who logs in another shell."""
        text = self.path("/etc/passwd").read_text()
        self.write("/etc/passwd", re.sub(rf"(?m)^({self.login}:.*:)[^:\n]*$", rf"\g<1>{path}", text))

    # sshd

    def sshd(self, *lines: str) -> None:
        """Give sshd these settings, which win over its others."""
        self.undo.callback(self._restart_sshd)
        self.write(SSHD_DROP_IN, "".join(f"{line}\n" for line in lines))
        self._restart_sshd()

    def _restart_sshd(self) -> None:
        # Sessions live on: only the listener is replaced, and systemd waits until the new one is ready. It counts how
        # often that happens.
        unit = self.sh("systemctl cat ssh >/dev/null 2>&1 && echo ssh || echo sshd").strip()
        self.sh(f"systemctl reset-failed {unit} 2>/dev/null; systemctl restart {unit}")

    def stop_sshd(self) -> None:
        """Nothing listens on the port any more."""
        self.undo.callback(self.start_sshd)
        self.sh("systemctl stop ssh.socket 2>/dev/null; systemctl stop ssh || systemctl stop sshd")

    def start_sshd(self) -> None:
        """It listens again."""
        self.sh("systemctl start ssh || systemctl start sshd")

    def signal_sessions(self, signal: str) -> int:
        """Send a signal to what serves the connections; how many there were."""
        found = self.sessions()
        if found:
            self.sh(f"kill -{signal} {' '.join(map(str, found))} 2>/dev/null; true")
        return len(found)

    # The network

    def cut(self) -> None:
        """Pull the cable."""
        self.undo.callback(self.mend)
        self.lab.control("cut", self.name)

    def mend(self) -> None:
        """Plug it in again."""
        self.lab.control("mend", self.name)

    def black_hole(self, port: int = 22) -> None:
        """Drop what comes in for this port without a word."""
        self.undo.callback(self.let_in)
        rules = (
            "add table inet fault; add chain inet fault in {type filter hook input priority -10;};"
            f" add rule inet fault in tcp dport {port} drop"
        )
        self.inside("nft", rules)

    def let_in(self) -> None:
        """Take the rule away."""
        self.inside("nft", "delete table inet fault", check=False)

    def inside(self, *words: str, check: bool = True) -> str:
        """Run a program of this machine in the host's network."""
        return self.outside("ip", "netns", "exec", self.namespace, *words, check=check)

    def outside(self, *words: str, check: bool = True) -> str:
        """Run a program of this machine, at the near end of the host's cable."""
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{self.name}: {words}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def _put_back(here: Path, copy: Path) -> None:
    if here.is_dir() and not here.is_symlink():
        shutil.rmtree(here)
    else:
        here.unlink(missing_ok=True)
    if os.path.lexists(copy):
        subprocess.run(["cp", "-a", "--", copy, here], check=True)
        shutil.rmtree(copy) if copy.is_dir() and not copy.is_symlink() else copy.unlink()
