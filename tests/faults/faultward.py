"""The lab that the tests of the fault matrix share, and its hosts."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from faultdisks import Disk
from faulthosts import FaultyHost
from faultmirrors import fetched
from on_lab import ROOT, Lab

LAB_NAME = (os.environ.get("K8SBOOT_LAB_NAME") or f"f-{zlib.crc32(str(ROOT).encode()):08x}") + os.environ.get(
    "PYTEST_XDIST_WORKER", ""
)
"""One lab a checkout and worker: what another one works on at the same time is not taken away from under it."""


@dataclass(frozen=True)
class Ward:
    """The lab and what each of its hosts looked like when it was bare."""

    lab: Lab
    gateway: str
    described: dict[str, dict[str, str]]

    def host(self, name: str) -> FaultyHost:
        """A host for one test."""
        found = self.described[name]
        return FaultyHost(
            lab=self.lab,
            name=name,
            address=found["address"],
            login=found["login"],
            namespace=found["namespace"],
            cable=found["cable_interface"],
            root=Path(found["root"]),
            disk=self.disk(name),
        )

    def from_mirror(self, path: str) -> bytes:
        """A file of the lab's mirrors."""
        data = fetched(f"http://{self.gateway}:8080{path}")
        assert data, f"the lab's mirror has no {path}"
        return data

    def disk(self, name: str) -> Disk:
        """A host's disk, layer by layer."""
        root = Path(self.described[name]["root"])
        return Disk(root.parent / "upper", Path((root.parent / "made").read_text()), root)
