"""A new kernel's packages need no signature, as their checksums are pinned; what they depend on needs one."""

from __future__ import annotations

from types import SimpleNamespace

from k8sboot.osfamily.grubby import Grubby


def test_signatures_are_left_out_only_for_the_files_themselves():
    sent: list[tuple[str, ...]] = []
    host = SimpleNamespace(change=lambda _what, *commands, **_how: sent.extend(map(tuple, commands)))
    Grubby().install(host, ("/var/lib/k8sboot/kernel/kernel-lt.rpm",))  # type: ignore[arg-type]
    ((*words, file),) = sent
    assert file.endswith("kernel-lt.rpm")
    assert "--nogpgcheck" not in words
    assert words == ["yum", "-y", "--setopt=localpkg_gpgcheck=0", "install"]
