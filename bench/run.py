"""How long a host that needs nothing costs: k8sboot's one probe, beside OpenSSH asking the same things.

Real sshd's on loopback, all in one run, so that the ratios hold however loaded the machine is. As root:
`make bench`. What is asked: everything that the phases of `up` declare to read.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from k8sboot.host.machine import Machine
from k8sboot.host.probe import Probe
from k8sboot.host.reads import Reads, union
from k8sboot.inventory import load
from k8sboot.runbook import UP
from k8sboot.ssh import connect
from k8sboot.ssh.target import Target

ROOT = Path(__file__).parents[1]
HOST = "root@127.0.0.1"
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from sshd import Server, keygen  # noqa: E402 - lives with the tests

HOSTS = 4
ROUNDS = 3
QUESTIONS = 10
LIMIT = 60
"""Seconds that one ssh command may take."""


def main() -> None:
    """Start the servers, run each way in turn, print medians and ratios."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-", dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        key = keygen(home / "key")
        servers = [Server(home / f"host{i}").start() for i in range(HOSTS)]
        try:
            for server in servers:
                server.authorize("root", key)
            compare(servers, key, home)
        finally:
            for server in servers:
                server.stop()


def compare(servers: list[Server], key: Path, home: Path) -> None:
    """One row a way: seconds for all hosts, and how many times k8sboot's."""
    reads = union(
        phase.reads(load(str(ROOT / "inventory.example.yaml"), resolve_secrets=False).spec) for phase in UP
    )
    questions = [Probe(Reads(files=(path,))).render() for path in reads.files[:QUESTIONS]]
    ways: dict[str, Callable[[Server], object]] = {
        "k8sboot: connect, one probe": lambda s: probe(s, key, reads),
        "ssh: connect, the same probe": lambda s: ssh(s, key, home, [Probe(reads).render()], shared=False),
        f"ssh, one connection: {len(questions)} questions": lambda s: ssh(
            s, key, home, questions, shared=True
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.monotonic()
            with ThreadPoolExecutor(HOSTS) as pool:
                list(pool.map(way, servers))
            seconds[name].append(time.monotonic() - started)
    ours = seconds["k8sboot: connect, one probe"]
    print(f"{HOSTS} hosts on loopback, {ROUNDS} rounds, median seconds for all of them")
    for name, times in seconds.items():
        ratio = median(theirs / our for theirs, our in zip(times, ours, strict=True))
        print(f"{name:45} {median(times):7.2f} s {ratio:6.2f} x")


def probe(server: Server, key: Path, reads: Reads) -> None:
    """What `up` does on a host that needs nothing: one connection, one round trip."""
    target = Target(
        name="bench",
        address="127.0.0.1",
        port=server.port,
        user="root",
        identity_file=str(key),
        host_key_policy="insecure",
        config_file="none",
    )
    machine = Machine("bench", "127.0.0.1", "node", connect(target), reads)
    assert machine.snapshot.host_facts.kernel
    assert machine.probes == 1
    machine.close()


def ssh(server: Server, key: Path, home: Path, scripts: list[str], *, shared: bool) -> None:
    """OpenSSH: each script over a connection of its own, or all of them over one that a master keeps."""
    options = ["-F", "none", "-i", str(key), "-p", str(server.port), "-o", "StrictHostKeyChecking=no"]
    options += [
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        "-S",
        str(home / f"master-{server.port}"),
    ]
    master = (
        subprocess.Popen(["ssh", *options, "-M", "-N", HOST], stdin=subprocess.DEVNULL) if shared else None
    )
    try:
        while master and not (home / f"master-{server.port}").exists():
            time.sleep(0.005)
        for text in scripts:
            words = ["ssh", *options, HOST, "/bin/sh -s"]
            subprocess.run(words, input=text.encode(), check=True, stdout=subprocess.DEVNULL, timeout=LIMIT)
    finally:
        if master:
            master.terminate()
            master.wait()


if __name__ == "__main__":
    main()
