"""A time server for the hosts' chrony: `python -m labkit.timeserver LAB`.

It tells this machine's time, which is the hosts' own already; chrony finds a server that answers,
as it would in a company's network.
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from labkit import cgroups, plan
from labkit.plan import Lab

_SINCE_1900 = 2_208_988_800
_HEADER = struct.Struct("!BBbb II 4s")
_PACKET = 48


def start(lab: Lab) -> None:
    """Start the server of a lab unless it runs."""
    if cgroups.processes(_cgroup(lab)):
        return
    with (lab.state / "timeserver.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-B", "-m", "labkit.timeserver", lab.name],
            cwd=Path(__file__).resolve().parents[1],
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", "")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def answer(request: bytes, now: float) -> bytes:
    """The reply of a server (RFC 5905) to a client's packet; empty to anything else."""
    if len(request) < _PACKET or request[0] & 7 != 3:
        return b""
    version = request[0] & 0x38
    header = _HEADER.pack(version | 4, 8, request[2], -20, 0, 1 << 4, b"LOCL")
    return header + _stamp(now) + request[40:48] + _stamp(now) + _stamp(now)


def _stamp(now: float) -> bytes:
    seconds, fraction = divmod(now + _SINCE_1900, 1)
    return struct.pack("!II", int(seconds) & 0xFFFFFFFF, int(fraction * 2**32))


def _cgroup(lab: Lab) -> str:
    return f"{cgroups.TOP}/{lab.name}/timeserver"


def serve(lab: Lab) -> None:
    cgroups.enter(_cgroup(lab))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((lab.gateway, 123))
        while True:
            request, client = server.recvfrom(512)
            reply = answer(request, time.time())
            if reply:
                with contextlib.suppress(OSError):  # its cable was cut, perhaps
                    server.sendto(reply, client)


if __name__ == "__main__":
    serve(plan.existing(sys.argv[1]))
