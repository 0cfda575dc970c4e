"""One read-only script that reads everything on a host at once; see probe_output for the parser of its output.

`Probe` renders what the phases declared to read as a /bin/sh script that writes nothing.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sboot.host.folders import STATE_AS_OWNER
from k8sboot.host.probed_files import MAX_CONTENT
from k8sboot.host.reads import Question, Reads
from k8sboot.host.snapshot import PROPERTIES
from k8sboot.kubernetes.interfaces import SOFTWARE
from k8sboot.paths import JOBS_DIR, LOCK, RESTART_DIR, WORK
from k8sboot.scripts import call, render

ALWAYS = ("/etc/os-release", "/proc/swaps", "/etc/machine-id", "/proc/sys/kernel/random/boot_id")
KERNELS = ("/proc/", "/sys/")
"""Where files have no size."""

HEAD = render(
    "probe", MAX=MAX_CONTENT, SHOWN=",".join(("Id", *PROPERTIES)), JOBS=JOBS_DIR, RESTARTS=RESTART_DIR, WORK=WORK,
    LOCK=LOCK, SOFTWARE=SOFTWARE, AS_OWNER=STATE_AS_OWNER,
)  # fmt: skip
KERNEL = render("probe-kernel")
"""What reads of modules need; sent with them alone."""


@dataclass(frozen=True)
class Probe:
    """The probe for these reads. It exits with status 0; its output is in the form that probe_output parses.

    apart: each file is read separately, so that no change to one meanwhile affects another's answer.
    """

    reads: Reads
    apart: bool = False

    def render(self) -> str:
        """The text for /bin/sh, with a new word that separates the answers."""
        return f"T={secrets.token_hex(16)}\n{_text(self)}"


@functools.cache
def _text(probe: Probe) -> str:
    return HEAD + "".join(_calls(probe.reads, apart=probe.apart)) + "true\n"


def _calls(reads: Reads, *, apart: bool) -> Iterator[str]:
    paths = tuple(dict.fromkeys((*ALWAYS, *reads.files)))
    files = [path for path in paths if not path.startswith(KERNELS)]
    values = [path for path in paths if path.startswith(KERNELS)]
    yield from _of_files([f for f in files if not _breaks_lines(f)], apart=apart)
    yield from _of_files(filter(_breaks_lines, files), apart=True)
    yield call("values", *values, *(f"/proc/sys/{key.replace('.', '/')}" for key in reads.sysctls))
    if reads.modules:
        yield KERNEL + call("modules", *(form for m in reads.modules for form in (m, m.replace("-", "_"))))
    if reads.packages:
        yield call("packages", *reads.packages)
    if reads.units:
        yield call("units", *reads.units)
    yield from (_question(q) for q in reads.questions if not q.shares)
    if together := "".join(_function(q) for q in reads.questions if q.shares):
        yield f"(\n{together}) </dev/null\n"


def _breaks_lines(path: str) -> bool:
    """Whether tools that print a path write it in another form, or in two lines."""
    return "\n" in path or "\\" in path


def _of_files(files: Iterable[str], *, apart: bool) -> Iterator[str]:
    if apart:
        yield from (call("files", path) for path in files)
    elif together := tuple(files):
        yield call("files", *together)


def _question(question: Question) -> str:
    """In a shell of its own, so that no other sees what it sets, and it does not end the probe."""
    return f"{call('say', 'answer', question.name)}(\n{question.script}\n) </dev/null\nend\n"


def _function(question: Question) -> str:
    """In one shell with others; if one of them ends it, the rest is asked again separately."""
    return f"ask() {{\n{question.script}\n}}\n{call('shared', question.name)}"
