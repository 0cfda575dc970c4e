"""The lines of /etc/hosts: k8sboot's marked block, and what stands outside of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ETC_HOSTS = "/etc/hosts"
BLOCK = "cluster"
"""The name of k8sboot's block there."""


def entries(text: str) -> Iterator[tuple[int, str, list[str], bool]]:
    """(line from 1, address, names, whether it is in k8sboot's block), as hosts(5) has them; names in lower case."""
    is_ours = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() in (f"# k8sboot {BLOCK} begin", f"# k8sboot {BLOCK} end"):
            is_ours = line.strip().endswith("begin")
        words = line.partition("#")[0].split()
        if len(words) > 1:
            yield number, words[0], [word.lower() for word in words[1:]], is_ours


def block_entries(text: str) -> dict[str, str]:
    """The addresses in k8sboot's block, by name."""
    return {name: address for _, address, names, is_ours in entries(text) if is_ours for name in names}


def overriding(text: str, wanted: Mapping[str, str], *, own: str) -> Iterator[tuple[int, str, str]]:
    """(line, address, name) of lines before k8sboot's block that give a name another address than wanted.

    The first line wins, for each kind of address. own: the host's own name, which may be a loopback address there.
    """
    for number, address, names, is_ours in entries(text):
        if is_ours:
            return
        for name in names:
            at = wanted.get(name, "")
            is_other = at not in ("", address) and (":" in at) == (":" in address)
            if is_other and not (name == own and address.startswith("127.")):
                yield number, address, name
