"""Bare paramiko: connect to each host and run one command. bare_paramiko.py KEY THREADS ADDRESS:PORT..."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import paramiko


def main() -> None:
    """Each host in a thread of a pool."""
    path, threads, *hosts = sys.argv[1:]
    key = paramiko.Ed25519Key.from_private_key_file(path)
    with ThreadPoolExecutor(int(threads)) as pool:
        kernels = list(pool.map(lambda host: ask(host, key), hosts))
    assert all(kernels), kernels


def ask(host: str, key: paramiko.PKey) -> str:
    """The host's kernel."""
    address, _, port = host.rpartition(":")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(address, int(port), "root", pkey=key, look_for_keys=False, allow_agent=False, timeout=60)
    with client:
        _, stdout, _ = client.exec_command("uname -r")
        said = stdout.read().decode()
        assert stdout.channel.recv_exit_status() == 0
    return said


if __name__ == "__main__":
    main()
