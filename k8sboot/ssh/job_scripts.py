"""The shell side of a job: start it apart from the connection, look at it by offset, stop it, tidy up. Pure.

A job lives in /var/lib/k8sboot/jobs/<id>/: script, run (what runs it), pid (boot id, process id), log, and rc
once it ended. Every script here may be sent again after a dead link: starting twice starts once.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from k8sboot.paths import JOBS_DIR, RUN_DIR, WORK
from k8sboot.ssh.script import PATH

KEPT = 20
CHUNK = 1024 * 1024
POLL = 0.2
NAME = re.compile(r"[a-z0-9-]+\Z")


@dataclass(frozen=True)
class Look:
    """What a look at a job found. exit_status: None while it runs; size: the log's length in bytes."""

    state: str
    exit_status: int | None
    size: int
    data: bytes


def new_id(name: str) -> str:
    """A name for one job of this kind; raises ValueError when name could not be part of a path."""
    if not NAME.match(name):
        raise ValueError(f"a job's name consists of a-z, 0-9 and -: {name!r}")
    return f"{name}-{secrets.token_hex(6)}"


def start(job: str, script: str) -> str:
    """Start the job unless it is started, and wait until it has a process. Ends non-zero when it has none."""
    fence = f"end-of-{secrets.token_hex(16)}"
    return f"""\
set -e
room() {{ d={JOBS_DIR}; while [ ! -d $d ]; do d=${{d%/*}}; done; df -hP $d; df -iP $d | tail -n 1; }}
trap '[ $? = 0 ] || room >&2 || :' EXIT
umask 077
mkdir -p {JOBS_DIR}
cd {JOBS_DIR}
if mkdir {job} 2>/dev/null; then
  ls -1t | while IFS= read -r old; do [ ! -e "$old/rc" ] || printf '%s\\n' "$old"; done |
    tail -n +{KEPT + 1} | while IFS= read -r old; do rm -rf -- "$old"; done
  cat > {job}/script <<'{fence}'
{script}
{fence}
  cat > {job}/run <<'{fence}'
{_run(job)}{fence}
  : > {job}/log
  if [ -d /run/systemd/system ]; then
    collect=--collect
    systemd-run --help | grep -q -- --collect || collect=
    systemd-run --quiet $collect --unit=k8sboot-{job} /bin/sh {JOBS_DIR}/{job}/run
  else
    setsid /bin/sh {JOBS_DIR}/{job}/run < /dev/null > /dev/null 2>&1 &
  fi
elif [ ! -d {job} ]; then
  mkdir {job}
fi
tries=50
while [ ! -e {job}/pid ] && [ ! -e {job}/rc ] && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
[ -e {job}/pid ] || {{ echo "the job did not start" >&2; exit 1; }}
"""


def _run(job: str) -> str:
    """What runs the job's script: it holds the host's lock as long as that goes on, and leaves the exit status."""
    return f"""\
export PATH={PATH} LC_ALL=C.UTF-8 HOME=/root
cd {JOBS_DIR}/{job}
mkdir -p -m 0700 {RUN_DIR}
exec 9>>{WORK}
! command -v flock >/dev/null || flock -s 9
printf '%s %s\\n' "$(cat /proc/sys/kernel/random/boot_id)" $$ > pid.new
mv pid.new pid
(umask 022; cd /; exec /bin/sh {JOBS_DIR}/{job}/script) < /dev/null > log 2>&1 9>&-
echo $? > rc.new
mv rc.new rc
"""


def look(job: str, *, offset: int, patience: float) -> str:
    """Print the job's state and the log from offset on; wait up to patience seconds for something new."""
    return f"""\
cd {JOBS_DIR}/{job} 2>/dev/null || {{ echo gone - 0; exit; }}
left={int(patience / POLL)}
while :; do
  state=lost rc=-
  read -r boot pid < pid
  [ "$boot" != "$(cat /proc/sys/kernel/random/boot_id)" ] || ! kill -0 "$pid" 2>/dev/null || state=running
  if [ -e rc ]; then state=ended rc=$(cat rc); fi
  size=$(wc -c < log)
  if [ $state != running ] || [ "$size" -gt {offset} ] || [ $left -le 0 ]; then break; fi
  left=$((left - 1))
  sleep {POLL}
done
echo $state $rc $size
tail -c +{offset + 1} log | head -c {CHUNK}
"""


def parse_look(output: bytes) -> Look:
    """What look() printed. Raises ValueError when it is something else."""
    head, _, data = output.partition(b"\n")
    state, status, size = head.decode("ascii", "replace").split()
    return Look(state, None if status == "-" else int(status), int(size), data)


def stop(job: str) -> str:
    """End the job and all it started: politely, then for good."""
    return f"""\
cd {JOBS_DIR}/{job} || exit 0
read -r boot pid < pid
end() {{
  if [ -d /run/systemd/system ]; then
    systemctl kill --signal=$1 k8sboot-{job}.service
  else
    kill -s $1 -- -$pid
  fi
}} 2>/dev/null
end TERM
tries=30
while kill -0 $pid 2>/dev/null && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
end KILL
:
"""


def remove(job: str) -> str:
    """Remove what the job left."""
    return f"rm -rf -- {JOBS_DIR}/{job}\n"
