"""Rows 52, 53 and 58: inventories with every kind of mistake, given to the whole command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import K8SBOOT, Controller
from faultward import Ward

HOSTS = "masters:\n  - {name: m1, address: 192.0.2.1}\nnodes:\n  - {name: n1, address: 192.0.2.2}\n"
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))

# what: (bytes of the file, code, line:column or "", words of the suggestion)
FILES: dict[str, tuple[str | bytes, str, str, str]] = {
    "tab": (f"{HOSTS}cluster:\n\tname: x\n", "KB-SYNTAX", "6:1", "spaces"),
    "doubled key": (f"{HOSTS}os: {{}}\nos: {{}}\n", "KB-DUPLICATE-KEY", "6:1", "line 5"),
    "1.30": (f"{HOSTS}cluster: {{kubernetesVersion: 1.30}}\n", "KB-VERSION", "5:30", "1.30"),
    "no": (f"{HOSTS}calico: {{enabled: no}}\n", "KB-VALUE", "5:19", "did you mean `false`?"),
    "bomb": (HOSTS + BOMB, "KB-ALIAS", "5:5", "aliases"),
    "deep nest": (f"{HOSTS}kubeadm: " + "[" * 200 + "]" * 200, "KB-DEPTH", "5:", "nest"),
    "!!python": (f"{HOSTS}os: !!python/object/apply:os.system [id]\n", "KB-TAG", "5:5", "!!python/object"),
    "unknown key": (f"{HOSTS}cluster: {{podsubnet: x}}\n", "KB-UNKNOWN-KEY", "5:11", "did you mean `podSubnet`?"),
    "empty": ("# nothing\n", "KB-EMPTY", "", "inventory.example.yaml"),
    "0 bytes": ("", "KB-EMPTY", "", "inventory.example.yaml"),
    "UTF-16": (HOSTS.encode("utf-16"), "KB-ENCODING", "", "UTF-8"),
    "not UTF-8": (HOSTS.encode() + b"os: {timezone: \xff}\n", "KB-ENCODING", "5:16", "UTF-8"),
}  # fmt: skip


def refused(path: Path | str, *words: str) -> str:
    """What k8sboot says of an inventory that it refuses with 2."""
    command = [str(K8SBOOT), "up", "--yes", "-i", str(path), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@row(52, "inventories with every kind of mistake")
@pytest.mark.parametrize("mistake", FILES)
def test_mistake_in_an_inventory_is_told_with_its_place(tmp_path: Path, mistake: str) -> None:
    text, code, place, suggestion = FILES[mistake]
    path = tmp_path / "inventory.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = refused(path)
    head = next(line for line in said.splitlines() if f"[{code}]" in line)
    assert head.startswith(f"{path}:{place}" if place else f"{path}")
    assert suggestion in said
    assert not place or code == "KB-ENCODING" or "^" in said, "no caret"


@row(52, "an inventory that is no file")
@pytest.mark.parametrize("kind", ["directory", "loop", "missing"])
def test_inventory_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "inventory.yaml"
    if kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    said = refused(path)
    assert "[KB-FILE]" in said
    assert str(path) in said


@row(52, "BOM and CRLF are no mistake")
def test_byte_order_mark_and_crlf_are_read(controller: Controller) -> None:
    controller.run("phase", "preflight")
    controller.inventory.write_bytes(
        b"\xef\xbb\xbf" + controller.inventory.read_bytes().replace(b"\n", b"\r\n")
    )
    command = (str(K8SBOOT), "phase", "preflight", "-i", str(controller.inventory))
    controller.start_command(*command).end().went_on("k8s-master01", "k8s-node01", "k8s-node02")


MARK = f"/tmp/k8sboot-row-53-{os.getpid()}"
WRONG_NAMES = [
    f"-oProxyCommand=touch {MARK}", "a b", "a\\nb", "a'b", 'a\\"b', "k\u00e4se", "n" * 300, "n[1:1000000000]", "",
    "../x", "$(id)",
]  # fmt: skip


@row(53, "host names that are options, too long, ranges")
@pytest.mark.parametrize("key", ["name", "address"])
def test_name_that_is_none_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "inventory.yaml"
    entries = [
        {"name": f"n{n}", "address": f"192.0.2.{n + 10}", key: wrong} for n, wrong in enumerate(WRONG_NAMES)
    ]
    lines = "".join(f'  - {{name: "{e["name"]}", address: "{e["address"]}"}}\n' for e in entries)
    head = "masters: [{name: m1, address: 192.0.2.1}]\nnodes:\n"
    version = "cluster: {kubernetesVersion: v1.23.17}\n"
    path.write_text(f"{head}{lines}{version}", encoding="utf-8")
    said = refused(path)
    told = {
        int(line.split(":")[1])
        for line in said.splitlines()
        if line.startswith(f"{path}:") and "error[" in line
    }
    assert told == set(range(3, 3 + len(WRONG_NAMES)))
    assert not Path(MARK).exists()


@pytest.fixture
def ipv6(ward: Ward, node: FaultyHost) -> Iterator[str]:
    """An IPv6 address that the node has beside its other one."""
    bridge, added = f"kb{node.address.split('.')[2]}", "fd77:6b62:6f6f:7400::"
    subprocess.run(["ip", "address", "add", f"{added}1/64", "dev", bridge, "nodad"], check=True)
    node.inside("ip", "address", "add", f"{added}21/64", "dev", "eth0", "nodad")
    yield f"{added}21"
    subprocess.run(["ip", "address", "delete", f"{added}1/64", "dev", bridge], check=True)
    node.inside("ip", "address", "delete", f"{added}21/64", "dev", "eth0")


@row(53, "a DNS name, an IPv6 address")
def test_names_and_addresses_that_are_valid_work(
    controller: Controller, node: FaultyHost, other: FaultyHost, ipv6: str
) -> None:
    keys = [
        line.split(maxsplit=1)[1]
        for line in controller.known_hosts.read_text().splitlines()
        if node.address in line
    ]
    controller.known_hosts.write_text(
        controller.known_hosts.read_text() + "".join(f"{ipv6} {key}\n" for key in keys)
    )
    controller.host(node.name)["address"] = ipv6
    controller.host(other.name)["name"] = "n" * 63
    controller.run("phase", "preflight").went_on("k8s-master01", node.name, "n" * 63)
