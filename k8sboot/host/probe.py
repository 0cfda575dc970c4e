"""One read-only script that asks a host everything at once, and the parser of its answer.

`script` turns what phases declared to read into a /bin/sh script that writes nothing; `parse` turns the output into
a `Snapshot`. Values that a file or command may fill freely travel in base64, so no content
can pretend to be another line.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress

from k8sboot.host.reads import Reads
from k8sboot.host.snapshot import PROPERTIES, Answer, FileState, Snapshot, UnitState
from k8sboot.paths import LOCK, WORK

MAX_CONTENT = 64 * 1024
"""Bytes. The content of a larger file is left out of a probe; its digest is always there."""


ALWAYS = ("/etc/os-release", "/proc/swaps", "/etc/machine-id", "/proc/sys/kernel/random/boot_id")

_FACTS = r"""
fact() { printf 'fact %s %s\n' "$1" "$(printf '%s' "$2" | base64 | tr -d '\n')"; }
fact hostname "$(uname -n)"
fact kernel "$(uname -r)"
fact arch "$(uname -m)"
fact cpus "$(grep -c '^processor' /proc/cpuinfo)"
fact memory_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
fact time "$(date +%s)"
fact addresses "$(ip -o addr show scope global 2>/dev/null | awk '{print $2, $4}')"
fact macs "$(ip -o link 2>/dev/null | grep -vE '^[0-9]+: (docker|br-|cali|veth|cni|tunl|vxlan|kube-|flannel)' \
  | sed -n 's/.*link\/ether \([0-9a-f:]*\).*/\1/p' | sort -u)"
fact product_uuid "$(cat /sys/class/dmi/id/product_uuid 2>/dev/null)"
fact init "$(cat /proc/1/comm 2>/dev/null)"
fact selinux "$(getenforce 2>/dev/null)"
fact cgroup "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)"
fact timezone "$(readlink -f /etc/localtime 2>/dev/null)"
fact listening "$( (ss -Hltnp || netstat -ltnp) 2>/dev/null)"
fact disk_free_kib "$(df -Pk /var 2>/dev/null | awk 'NR==2{print $4}')"
fact restarts "$(ls /run/k8sboot/restart 2>/dev/null)"
jobs=$(for d in /var/lib/k8sboot/jobs/*/; do [ -f "$d/pid" ] && [ ! -f "$d/rc" ] && read -r boot pid < "$d/pid" \
  && [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && kill -0 "$pid" 2>/dev/null && basename "$d"; done)
if [ -z "$jobs" ] && [ -e @WORK@ ] && command -v flock >/dev/null; then flock -n -x @WORK@ true || jobs=short-change; fi
fact jobs "$jobs"
fact lock "$(cut -d. -f1 /proc/uptime; cat @LOCK@ 2>/dev/null)"
""".replace("@LOCK@", LOCK).replace("@WORK@", WORK)

_FILES = r"""
file() {
  if [ -f "$1" ]; then
    s=$(stat -Lc '%a %U:%G %s' -- "$1") || return 0
    case $s in *UNKNOWN*) s=$(stat -Lc '%a %u:%g %s' -- "$1") ;; esac
    c=-; [ "${s##* }" -gt @MAX@ ] || c=$(base64 < "$1" | tr -d '\n')
    h=$(sha256sum < "$1"); printf 'file %s %s %s .%s\n' "$1" "$s" "${h%% *}" "$c"
  elif [ -e "$1" ]; then printf 'other %s\n' "$1"
  else printf 'absent %s\n' "$1"; fi
}
""".replace("@MAX@", str(MAX_CONTENT))

# A module that is built in and has no parameters leaves no /sys/module folder: its own traces are looked for.
_MODULES = r"""
module_trace() {
  case $1 in
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    overlay) grep -qw overlay /proc/filesystems ;;
    ip_vs) [ -e /proc/net/ip_vs ] ;;
    ip_tables) [ -e /proc/net/ip_tables_names ] ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] ;;
    *) false ;;
  esac
}
module() {
  m=$(printf '%s' "$1" | tr - _)
  if [ -d "/sys/module/$m" ] || grep -q "^$m " /proc/modules 2>/dev/null || module_trace "$m"; then s=loaded
  elif grep -q "/$m\.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null; then s=loaded
  elif modprobe -n "$1" >/dev/null 2>&1; then s=available
  elif [ ! -e /proc/modules ]; then s=unloadable
  else s=missing; fi
  printf 'module %s %s\n' "$1" "$s"
}
"""

_SYSCTLS = r"""
sysctl_() {
  p=/proc/sys/$(printf '%s' "$1" | tr . /)
  [ -r "$p" ] || return 0
  case $(stat -c %A "$p") in ??w*) w=rw ;; *) w=ro ;; esac
  printf 'sysctl %s %s %s\n' "$1" "$w" "$(tr -s '\t\n' '  ' < "$p")"
}
"""

_QUESTIONS = r"""
question() { out=$( (eval "$2") 2>/dev/null </dev/null); printf 'answer %s %s .%s\n' "$1" "$?" \
  "$(printf '%s' "$out" | base64 | tr -d '\n')"; }
"""


def script(reads: Reads) -> str:
    """The probe for these reads. Exit status 0; every line of output is one answer."""
    return "".join(_lines(reads))


def _lines(reads: Reads) -> Iterator[str]:
    yield from (_FACTS, _FILES, _MODULES, _SYSCTLS, _QUESTIONS)
    asked: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("file", (*ALWAYS, *reads.files)),
        ("module", reads.modules),
        ("sysctl_", reads.sysctls),
    )
    for verb, names in asked:
        yield from (f"{verb} {shlex.quote(name)}\n" for name in names)
    if reads.packages:
        yield _packages(shlex.join(reads.packages))
    if reads.units:
        units = shlex.join(reads.units)
        shown = ",".join(("Id", *PROPERTIES))
        yield f"systemctl show --no-pager -p {shown} {units} | sed 's/^/unit /'\n"
    yield from (f"question {shlex.quote(q.name)} {shlex.quote(q.script)}\n" for q in reads.questions)
    yield "true\n"


def _packages(names: str) -> str:
    """Ask dpkg and rpm, whichever is there: 'package NAME VERSION held|free'."""
    dpkg = r"dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n'"
    rpm = r"timeout 20 rpm -q --qf '%{NAME}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n'"
    return f"""
if command -v dpkg-query >/dev/null; then {dpkg} {names} 2>/dev/null | awk -F'|' '
  substr($1,2,1)=="i" {{print "package", $2, $3, (substr($1,1,1)=="h" ? "held" : "free")}}
  substr($1,2,1)!="i" && substr($1,2,1)!="n" && substr($1,2,1)!="c" {{print "broken", $2}}'; fi
if command -v rpm >/dev/null && ! command -v dpkg-query >/dev/null; then
  {rpm} {names} 2>/dev/null | awk -F'|' 'NF==2 {{print "package", $1, $2, "free"}}'; fi
"""


def parse(text: str) -> Snapshot:
    """The snapshot that a probe's output tells. Lines it does not know or cannot read are passed over."""
    snapshot = Snapshot()
    for line in text.split("\n"):
        verb, _, rest = line.partition(" ")
        reader = _READERS.get(verb)
        if reader:
            with suppress(ValueError):  # hostile or cut short: as good as unsaid
                reader(snapshot, rest)
    return snapshot


def _read_fact(snapshot: Snapshot, rest: str) -> None:
    name, _, value = rest.partition(" ")
    snapshot.facts[name] = _decoded(value).decode("utf-8", "replace")


def _read_file(snapshot: Snapshot, rest: str) -> None:
    head, _, content = rest.rpartition(" .")
    path, mode, owner, size, digest = head.rsplit(" ", 4)
    data = None if content == "-" else _decoded(content)
    snapshot.files[path] = FileState(
        mode=int(mode, 8), owner=owner, size=int(size), sha256=digest, content=data
    )


def _read_module(snapshot: Snapshot, rest: str) -> None:
    name, _, state = rest.partition(" ")
    snapshot.modules[name] = state


def _read_sysctl(snapshot: Snapshot, rest: str) -> None:
    name, access, value = f"{rest} ".split(" ", 2)
    snapshot.sysctls[name] = (value.strip(), access == "ro")


def _read_package(snapshot: Snapshot, rest: str) -> None:
    name, version, hold = rest.split(" ")
    snapshot.packages[name] = (version, hold == "held")


def _read_unit(snapshot: Snapshot, rest: str) -> None:
    key, _, value = rest.partition("=")
    if key == "Id":
        snapshot.unit_cursor = value
        snapshot.units[value] = UnitState()
    elif snapshot.unit_cursor and key:
        snapshot.units[snapshot.unit_cursor] = snapshot.units[snapshot.unit_cursor].with_property(key, value)


def _read_answer(snapshot: Snapshot, rest: str) -> None:
    head, _, out = rest.rpartition(" .")
    name, status = head.rsplit(" ", 1)
    snapshot.answers[name] = Answer(int(status), _decoded(out).decode("utf-8", "replace"))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


_READERS: dict[str, Callable[[Snapshot, str], None]] = {
    "fact": _read_fact,
    "file": _read_file,
    "absent": lambda snapshot, path: snapshot.files.update({path: None}),
    "other": lambda snapshot, path: snapshot.not_files.add(path),
    "module": _read_module,
    "sysctl": _read_sysctl,
    "package": _read_package,
    "broken": lambda snapshot, name: snapshot.broken_packages.add(name),
    "unit": _read_unit,
    "answer": _read_answer,
}
