"""A machine that is a kernel and a ramdisk, in qemu: quick to boot, and room for kube-proxy, no more.

Its API server and etcd run beside it, here; it reaches them at qemu's own gateway, which is this machine's loopback.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parent / "small"
sys.path.append(str(ROOT / "tests/lab"))

from vmkit import disk, emulator, qemu  # noqa: E402  (the path above has to be set first)

PRODUCTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k8sboot-lab/products"
GATEWAY, ADDRESS, NODE = "10.0.2.2", "10.0.2.15", "small"
MODULES = ("kernel/net", "kernel/lib", "kernel/crypto", "kernel/drivers/net", "kernel/drivers/virtio")
APPLETS = (
    "awk", "cat", "dmesg", "grep", "head", "ip", "ls", "mkdir", "mount", "sed", "seq", "sh", "sleep", "sort", "stat",
    "stty", "tail", "timeout", "uname",
)  # fmt: skip
BY_IMAGE = ("usr/sbin/ipset", "usr/sbin/ipvsadm", "usr/bin/bash")
LIBRARIES = (
    "libipset.so.13", "libmnl.so.0", "libnl-3.so.200", "libnl-genl-3.so.200", "libpopt.so.0", "libtinfo.so.6",
)  # fmt: skip
PROXIED = (
    "iptables",
    "iptables-save",
    "iptables-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
)
SECONDS = 900.0
"""For one line of the console, on a machine that is busy with other things."""


def product(name: str) -> Path:
    """The newest of that name in the lab's cache."""
    return max(PRODUCTS.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime)


def build(minor: str) -> None:
    """Have the lab's programs in the cache; takes half an hour once, and seconds afterwards."""
    command = [sys.executable, "-B", str(ROOT / "tests/lab/mirrors/build.py"), "--kubernetes", minor]
    subprocess.run(command, check=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Api:
    """An API server with etcd, on loopback, that lets everyone do everything."""

    work: Path
    minor: str
    port: int = field(default_factory=free_port)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        kubernetes, etcd = product(f"kubernetes-{self.minor}.*"), product("etcd-3*")
        clients, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        key = self.work / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (self.work / "tokens").write_text("token,admin,1,system:masters\n")
        self._run(etcd / "etcd", f"--data-dir={self.work}/etcd", f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}", f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}")  # fmt: skip
        self._run(kubernetes / "kube-apiserver", f"--etcd-servers={clients}", "--bind-address=127.0.0.1",
            f"--advertise-address={GATEWAY}", f"--secure-port={self.port}", f"--cert-dir={self.work}/certificates",
            "--service-cluster-ip-range=10.96.0.0/12", "--service-account-issuer=https://small",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            f"--token-auth-file={self.work}/tokens", "--authorization-mode=AlwaysAllow")  # fmt: skip
        (self.work / "kubeconfig").write_text(self.kubeconfig("127.0.0.1"))
        deadline = time.monotonic() + SECONDS
        while "ok" not in self.kubectl("get", "--raw", "/readyz", check=False):
            assert time.monotonic() < deadline, (self.work / "kube-apiserver.log").read_text()[-3000:]
            time.sleep(2)

    def _run(self, program: Path, *words: str) -> None:
        with (self.work / f"{program.name}.log").open("wb") as log:
            self.running.append(subprocess.Popen([program, *words], stdout=log, stderr=log))

    def stop(self) -> None:
        for each in reversed(self.running):
            each.kill()
            each.wait()

    def kubeconfig(self, address: str) -> str:
        cluster = {"server": f"https://{address}:{self.port}", "insecure-skip-tls-verify": True}
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "small",
            "clusters": [{"name": "small", "cluster": cluster}],
            "users": [{"name": "small", "user": {"token": "token"}}],
            "contexts": [{"name": "small", "context": {"cluster": "small", "user": "small"}}],
        })  # fmt: skip

    def kubectl(self, *words: str, stdin: object = None, check: bool = True) -> str:
        command = [
            product(f"kubernetes-{self.minor}.*") / "kubectl",
            f"--kubeconfig={self.work}/kubeconfig",
            *words,
        ]
        text = json.dumps(stdin) if stdin else ""
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def apply(self, kind: str, name: str, api: str = "v1", **fields: object) -> None:
        """An object in the namespace default; metadata beside the name is in fields as labels."""
        metadata = {"name": name, "labels": fields.pop("labels", {})}
        self.kubectl(
            "apply", "-f", "-", stdin={"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
        )


@dataclass
class SmallMachine:
    """A running one; sh() says what its console says."""

    process: subprocess.Popen[bytes]

    def sh(self, line: str, *, expect: int | None = 0) -> str:
        """What a line of shell prints; fails the test when it leaves with another code (None: any)."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        said, code = self.read()
        assert expect in (None, code), f"{line}: {code}\n{said}"
        return said

    def read(self) -> tuple[str, int]:
        """What it prints until a line has been done, and the code of that."""
        assert self.process.stdout is not None
        said, deadline = b"", time.monotonic() + SECONDS
        while b"@@ " not in said or not said.endswith(b"\n"):
            assert time.monotonic() < deadline, said.decode(errors="replace")
            if select.select([self.process.stdout], [], [], 5)[0]:
                more = os.read(self.process.stdout.fileno(), 65536)
                assert more, said.decode(errors="replace")
                said += more
        text, _, code = said.decode(errors="replace").replace("\r", "").rpartition("@@ ")
        return text, int(code)


def fill(root: Path, files: dict[str, str], minor: str) -> Path:
    """The ramdisk's directory; returns the kernel, which is the other machines'."""
    shutil.copytree(product("trixie-tools"), root, symlinks=True)
    for name in ("init", "functions.sh"):
        shutil.copy(FILES / name, root / name)
    (root / "init").chmod(0o755)
    for directory in ("dev", "etc", "proc", "run", "sys", "tmp", "usr/local/bin"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    shutil.copy(product(f"kubernetes-{minor}.*") / "kube-proxy", root / "usr/local/bin/kube-proxy")
    for name in PROXIED:
        (root / "usr/sbin" / name).unlink(missing_ok=True)
        (root / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    shutil.copy(shutil.which("busybox") or "busybox", root / "usr/bin/busybox")
    for name in APPLETS:
        if not (root / "usr/bin" / name).exists():
            (root / "usr/bin" / name).symlink_to("busybox")
    for name, text in files.items():
        (root / name).write_text(text)
    return _take_from_image(root)


def _take_from_image(root: Path) -> Path:
    """Kernel, modules and ipvsadm of the image that the other machines have."""
    where = root.parent / "image"
    where.mkdir()
    mount = ["mount", "-o", f"ro,noload,loop,offset={disk.ROOT_START}", str(disk.ready()), str(where)]
    subprocess.run(mount, check=True)
    try:
        kernel = next((where / "boot").glob("vmlinuz-*"))
        release = kernel.name.removeprefix("vmlinuz-")
        modules = Path("usr/lib/modules") / release
        for name in MODULES:
            shutil.copytree(where / modules / name, root / modules / name)
        for path in (where / modules).glob("modules.[bo]*"):
            shutil.copy(path, root / modules)
        for name in BY_IMAGE:
            shutil.copy(where / name, root / name)
        for name in LIBRARIES:
            shutil.copy(where / "usr/lib/x86_64-linux-gnu" / name, root / "usr/lib/x86_64-linux-gnu")
        shutil.copy(kernel, root.parent / "vmlinuz")
    finally:
        subprocess.run(["umount", where], check=True)
    subprocess.run(["chroot", root, "/usr/sbin/depmod", release], check=True)
    return root.parent / "vmlinuz"


@contextlib.contextmanager
def booted(
    work: Path, files: dict[str, str], minor: str, forwarded: Sequence[tuple[int, int]]
) -> Iterator[SmallMachine]:
    """A machine with these files, until the test is done. forwarded: ports here, and where they lead to."""
    emulator.install()
    kernel = fill(work / "root", files, minor)
    pack = "find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 > ../ramdisk"
    subprocess.run(["sh", "-c", pack], cwd=work / "root", check=True)
    ports = "".join(f",hostfwd=tcp:127.0.0.1:{here}-{ADDRESS}:{there}" for here, there in forwarded)
    command = [
        qemu.PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,cx16=off", "-m", "1024",
        "-kernel", str(kernel), "-initrd", str(work / "ramdisk"),
        "-append", "console=ttyS0 quiet mitigations=off tsc=reliable apparmor=0 panic=-1 rdinit=/init",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-netdev", f"user,id=cable{ports}", "-device", "virtio-net-pci,netdev=cable,romfile=",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            machine = SmallMachine(process)
            machine.read()
            machine.sh(". /functions.sh")
            yield machine
        finally:
            process.kill()
