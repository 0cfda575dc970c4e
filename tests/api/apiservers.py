"""The real API servers that the lab has built, each started alone on this machine's loopback: etcd and kube-apiserver.

No kubelet and no controller: what is created is stored and checked, and nothing runs.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_certificates import write_certificates

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k8sboot-lab/products"
LAB_RELEASES = json.loads((ROOT / "tests/lab/releases.json").read_text())
ETCD_OF_DEBIAN = Path("/usr/bin/etcd")
STARTS_WITHIN = 400
"""Seconds. Beside other tests an API server takes half a minute."""
SERVICES = "10.96.0.0/16"


@dataclass(frozen=True)
class Programs:
    """Where the programs of a minor are. missing: why it cannot be started, or ''."""

    minor: str
    folder: Path
    etcd: Path
    missing: str = ""

    @property
    def version(self) -> str:
        """As in v1.37.2."""
        return f"v{LAB_RELEASES[self.minor]['version']}"


@dataclass(frozen=True)
class ApiServer:
    """One that answers. kubeconfig: of its administrator."""

    programs: Programs
    kubeconfig: Path

    def run(self, words: Sequence[str], *more: str) -> subprocess.CompletedProcess[str]:
        """A command of k8sboot's, for its own kubeconfig, by the programs of this minor."""
        name, _, _, _, _, *rest = words  # kubectl --kubeconfig F --cache-dir D ...
        assert name == "kubectl", words
        own = [str(self.programs.folder / name), "--kubeconfig", str(self.kubeconfig)]
        cache = ["--cache-dir", str(self.kubeconfig.with_name("kubectl-cache"))]
        return self.asked(*own, *cache, *rest, *more)

    def kubeadm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """kubeadm of this minor, with this kubeconfig."""
        return self.asked(str(self.programs.folder / "kubeadm"), *words, "--kubeconfig", str(self.kubeconfig))

    def asked(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def found() -> list[Programs]:
    """The programs of every minor that the lab knows, the newest product of each."""
    return [_programs(minor) for minor in LAB_RELEASES]


def _programs(minor: str) -> Programs:
    """1.20 is of Debian's source package, and its etcd is Debian's; the others are of Go modules."""
    if minor == "1.20":
        kubernetes, etcd = _newest("kubernetes-" + "[0-9a-f]" * 16), ETCD_OF_DEBIAN
    else:
        kubernetes = _newest(f"kubernetes-{LAB_RELEASES[minor]['version']}-*")
        etcd = _newest("etcd-3.*") / "etcd"
    lacks = [str(each) for each in (kubernetes / "kube-apiserver", etcd) if not each.is_file()]
    hint = f"no {' and no '.join(lacks)}: `tests/lab/lab up --kubernetes {minor}` builds them"
    return Programs(minor, kubernetes, etcd, hint if lacks else "")


def _newest(pattern: str) -> Path:
    products = sorted(CACHE.glob(pattern), key=lambda path: path.stat().st_mtime)
    return products[-1] if products else CACHE / pattern


@contextmanager
def started(programs: Programs, folder: Path) -> Iterator[ApiServer]:
    """An API server with an empty etcd; both have ended after it, also if the tests are killed."""
    client, peer, port = (_free_port() for _ in range(3))
    kubeconfig = write_certificates(folder, f"https://127.0.0.1:{port}")
    with ExitStack() as stack:
        stack.enter_context(_running(folder, "etcd", _etcd(programs, folder, client, peer)))
        server = stack.enter_context(
            _running(folder, "kube-apiserver", _apiserver(programs, folder, client, port))
        )
        api = ApiServer(programs, kubeconfig)
        _wait(api, server, folder / "kube-apiserver.log")
        yield api


def _etcd(programs: Programs, folder: Path, client: int, peer: int) -> list[str]:
    clients, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        *(str(programs.etcd), "--name", "alone", "--data-dir", str(folder / "etcd")),
        *("--listen-client-urls", clients, "--advertise-client-urls", clients),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"alone={peers}", "--logger", "zap"),
    ]


def _apiserver(programs: Programs, folder: Path, etcd: int, port: int) -> list[str]:
    return [
        str(programs.folder / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}"),
        f"--cert-dir={folder}",
        "--endpoint-reconciler-type=none",  # it takes no address of loopback
        *("--watch-cache=false", "--enable-priority-and-fairness=false"),  # nobody else asks it
        *(f"--tls-cert-file={folder}/server.crt", f"--tls-private-key-file={folder}/server.key"),
        *(f"--client-ca-file={folder}/ca.crt", "--authorization-mode=Node,RBAC"),
        "--enable-admission-plugins=NodeRestriction",
        *(f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true"),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={folder}/server.key",
        f"--service-account-signing-key-file={folder}/server.key",
    ]


@contextmanager
def _running(folder: Path, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=_end_with_the_tests
        )
    try:
        yield process
    finally:
        process.kill()  # its data goes with it
        process.wait(timeout=60)


def _end_with_the_tests() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _wait(api: ApiServer, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    words = [str(api.programs.folder / "kubectl"), "--kubeconfig", str(api.kubeconfig)]
    while (said := api.asked(*words, "get", "--raw", "/readyz")).returncode:
        assert server.poll() is None, f"kube-apiserver has ended:\n{log.read_text()[-1000:]}"
        assert time.monotonic() < deadline, f"{said.stderr}\n{log.read_text()[-1000:]}"
        time.sleep(0.5)
    while api.asked(*words, "get", "namespace", "kube-system").returncode:
        assert time.monotonic() < deadline, log.read_text()[-1000:]
        time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
