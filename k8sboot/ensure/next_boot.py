"""What is in force now and loses at the next boot, to a file or a service that is not k8sboot's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.kubernetes.kernel import OPTIONAL_MODULES, REQUIRED_MODULES
from k8sboot.paths import CLOUD_SETTINGS
from k8sboot.scripts import render
from k8sboot.text.numbers import whole

CODE = "KB-NEXT-BOOT"
USER_DATA = "/var/lib/cloud/instance/cloud-config.txt"
SYSCTL_CONF = "/etc/sysctl.conf"
_MODULES = [re.sub("[-_]", "[-_]", name) for name in (*REQUIRED_MODULES, *OPTIONAL_MODULES)]
NEXT_BOOT = Question(
    "next-boot",
    render("next-boot", MODULES="|".join((*_MODULES, "(ip_vs|nf_conntrack)[a-z0-9_]*"))),
    shares=True,
)
"""What the next boot reads of sysctls, modules, swap, cloud-init, tuned and packet filters."""
_ALIASES = {"net.ipv4.conf.all.forwarding": "net.ipv4.ip_forward"}
"""Other names of the same setting."""


def read(host: Peer, word: str) -> list[str]:
    """The host's lines of one kind."""
    lines = (line.partition(" ") for line in host.answer(NEXT_BOOT).text.splitlines())
    return [rest for first, _, rest in lines if first == word]


def sysctls_stay(host: Host, path: str, *, floors: Collection[str] = ()) -> None:
    """Tell which file sets another value of a sysctl after k8sboot's file at path. floors: may be higher."""
    winners = winning_sysctls(read(host, "file"), read(host, "sysctl"), path)
    lost: dict[str, list[str]] = {}
    for key, value in _settings(host.read_file(path) or ""):
        other, file = winners.get(key, (value, path))
        if other != value and not (key in floors and _is_higher(other, value)):
            lost.setdefault(file, []).append(f"{key} = {other} (now {value})")
    for file, keys in lost.items():
        told = f"at the next boot {file}, which is read after {path}, sets {', '.join(keys)}"
        host.notice(CODE, f"{told}: {_without_lines(file, len(keys))}")
    for line in read(host, "tuned"):
        file = line.partition(":")[0]
        host.notice(
            CODE,
            f"tuned sets its profile's sysctls after {path} at boot: {file} has `reapply_sysctl = 0`; "
            "set it to 1",
        )


def _without_lines(file: str, count: int) -> str:
    """The fix. What is not under /etc belongs to a package, or is made at boot; a file in /etc replaces it."""
    lines = "this line" if count == 1 else "these lines"
    if file.startswith("/etc/"):
        return f"remove {lines} from it"
    return f"copy it to /etc/sysctl.d/{_name(file)}, which counts in its place, and remove {lines} there"


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """(key, value) of each line of a sysctl.d file."""
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.lstrip().startswith(("#", ";")):
            key = key.strip().lstrip("-").strip().replace("/", ".")
            yield _ALIASES.get(key, key), " ".join(value.split())


def winning_sysctls(files: Iterable[str], lines: Iterable[str], path: str) -> dict[str, tuple[str, str]]:
    """By key, the value and file that is read last at boot, where that is after path. lines: `file:key = value`.

    Of files with the same name, the first in systemd's order of directories counts; /etc/sysctl.conf is read last.
    """
    by_name: dict[str, str] = {}
    for file in files:
        by_name.setdefault(_name(file), file)
    texts: dict[str, list[str]] = {}
    for line in lines:
        file, _, setting = line.partition(":")
        texts.setdefault(file, []).append(setting)
    later = [f for f in by_name.values() if _rank(f) > _rank(path)]
    return {
        key: (value, file)
        for file in sorted(later, key=_rank)
        for key, value in _settings("\n".join(texts.get(file, ())))
    }


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _rank(file: str) -> tuple[bool, str]:
    return file == SYSCTL_CONF, _name(file)


def _is_higher(now: str | None, floor: str) -> bool:
    numbers = whole(now), whole(floor)
    return numbers[0] is not None and numbers[1] is not None and numbers[0] > numbers[1]


def disabled_modules(host: Peer) -> dict[str, str]:
    """By module, the modprobe.d file that keeps it from being loaded at boot; built-in ones are not concerned."""
    builtin = {_module(line.rpartition("/")[2].partition(".ko")[0]) for line in read(host, "builtin")}
    found = {}
    for line in read(host, "modprobe"):
        file, _, rule = line.partition(":")
        words = rule.split()
        if len(words) > 1 and "modprobe" not in rule and _module(words[1]) not in builtin:
            found[_module(words[1])] = file
    return found


def _module(name: str) -> str:
    return name.replace("-", "_")


def modules_stay(host: Host, path: str) -> None:
    """Tell which modules of k8sboot's file at path a modprobe.d file keeps away at the next boot."""
    disabled = disabled_modules(host)
    names = [line for line in (host.read_file(path) or "").split("\n") if line and not line.startswith("#")]
    for file in dict.fromkeys(disabled.values()):
        kept = [name for name in names if disabled.get(_module(name)) == file]
        if kept:
            host.notice(
                CODE,
                f"at the next boot {', '.join(kept)} is not loaded: {file} disables it; remove that from it",
            )


def filters_stay_off(host: Host) -> None:
    """Tell which service loads a packet filter that rejects at boot."""
    for unit, file in (line.split(" ", 1) for line in read(host, "filter")):
        host.notice(
            CODE,
            f"at boot {unit} loads {file}, which rejects packets: allow the hosts' and the pods' networks in it",
        )


def cloud_init_stays_out(host: Host, name: str) -> None:
    """Tell what cloud-init puts back at boot: the host name, /etc/hosts. name: the host name that is wanted."""
    for before in read(host, "cloud-init"):
        said = dict(_cloud_settings(host))
        keeps, _ = said.get("preserve_hostname", ("", ""))
        if keeps not in ("true", "yes", "on", "1") and before.strip() != name:
            host.notice(
                CODE,
                f"cloud-init can set the host name back to {before.strip() or 'its own'} at boot: "
                f"add `preserve_hostname: true` to {CLOUD_SETTINGS}",
            )
        writes, file = said.get("manage_etc_hosts", ("", ""))
        if writes in ("true", "yes", "on", "1", "template"):
            where = "the machine's user-data" if file == USER_DATA else CLOUD_SETTINGS
            host.notice(
                CODE,
                f"cloud-init writes /etc/hosts anew at every boot ({file}): "
                f"add `manage_etc_hosts: false` to {where}",
            )


def _cloud_settings(host: Peer) -> Iterator[tuple[str, tuple[str, str]]]:
    """(key, (value, file)) in the order in which they are read."""
    for line in read(host, "cloud"):
        file, _, setting = line.partition(":")
        key, _, value = setting.partition(":")
        yield key.strip(), (value.partition("#")[0].strip().strip("'\"").lower(), file)
